namespace Kola.Serving;

/// <summary>The files that are served, and no others.</summary>
internal sealed record ServedFolder
{
    private ServedFolder(string root) => Root = root;

    /// <summary>Absolute.</summary>
    internal string Root { get; }

    /// <exception cref="UsageException">There is no such directory, or something at its top is called like a word of <see cref="ServedPath"/>.</exception>
    internal static ServedFolder Open(string directory)
    {
        string root = Path.GetFullPath(directory);
        if (!Directory.Exists(root))
            throw new UsageException($"{directory}: no directory to serve files from\n  wanted:  a directory with the files of a suite");
        string? hidden = Directory.EnumerateFileSystemEntries(root).Select(Path.GetFileName).FirstOrDefault(name => ServedPath.IsWord(name!));
        return hidden is null
            ? new ServedFolder(root)
            : throw new UsageException($"{Path.Combine(directory, hidden)}: could not be asked for\n  wanted:  another name: \"{hidden}\" at the beginning of a path has a meaning of its own");
    }

    /// <summary>The file of a path, all of it; null when there is none.</summary>
    /// <param name="segments">Decoded parts of the path.</param>
    /// <param name="cancel">Ends the reading.</param>
    internal async Task<byte[]?> ReadAsync(IReadOnlyList<string> segments, CancellationToken cancel)
    {
        string path = Root;
        foreach (string segment in segments)
        {
            if (segment is "" or "." or ".." || segment.AsSpan().ContainsAny('/', '\\', '\0'))
                return null;
            path = Path.Combine(path, segment);
            // A link may lead out of the directory.
            if (new FileInfo(path).LinkTarget is not null)
                return null;
        }

        return File.Exists(path) ? await File.ReadAllBytesAsync(path, cancel) : null;
    }
}
