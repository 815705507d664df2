using System.Formats.Tar;
using System.Text;

namespace Flatcar.Reference.Kubernetes;

/// <summary>
/// The files of a container image. Written, it is the same to the last bit whenever its content is: in the order of names, all of it root's, and
/// dated 0.
/// </summary>
internal sealed class ImageTree
{
    private const UnixFileMode Executable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly SortedDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>Paths without a slash at the start, in order; directories among them.</summary>
    public IReadOnlyCollection<string> Paths => entries.Keys;

    /// <summary>Adds a directory, and those above it.</summary>
    /// <param name="path">Without a slash at the start or the end.</param>
    /// <param name="mode">Default: rwxr-xr-x.</param>
    public void AddDirectory(string path, UnixFileMode mode = Executable)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } parent && !entries.ContainsKey(parent))
            AddDirectory(parent);
        entries[path] = new Entry(TarEntryType.Directory, mode);
    }

    /// <summary>Adds a file of the host, with its mode.</summary>
    /// <param name="path">Without a slash at the start.</param>
    /// <param name="source">The file, or a link to it; read when the layer is written.</param>
    public void AddFile(string path, string source)
    {
        source = new FileInfo(source).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? source;
        Add(path, new Entry(TarEntryType.RegularFile, File.GetUnixFileMode(source)) { Source = source });
    }

    /// <summary>Adds a text that all may read.</summary>
    public void AddText(string path, string text) => Add(path, new Entry(TarEntryType.RegularFile, Plain) { Text = text });

    /// <summary>Adds a symbolic link.</summary>
    public void AddLink(string path, string target) => Add(path, new Entry(TarEntryType.SymbolicLink, Executable | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite) { Target = target });

    /// <summary>Writes the layer: a tar archive, in USTAR form.</summary>
    public async Task WriteAsync(Stream output, CancellationToken cancel)
    {
        await using var tar = new TarWriter(output, TarEntryFormat.Ustar, leaveOpen: true);
        foreach (var (path, entry) in entries)
        {
            await using Stream? data = entry.Source is not null ? File.OpenRead(entry.Source) : entry.Text is not null ? new MemoryStream(Encoding.UTF8.GetBytes(entry.Text)) : null;
            var written = DockerArchive.EntryOf(entry.Type == TarEntryType.Directory ? path + "/" : path, entry.Type, entry.Mode);
            if (data is not null)
                written.DataStream = data;
            if (entry.Target is not null)
                written.LinkName = entry.Target;
            await tar.WriteEntryAsync(written, cancel);
        }
    }

    private void Add(string path, Entry entry)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } parent && !entries.ContainsKey(parent))
            AddDirectory(parent);
        entries[path] = entry;
    }

    private sealed record Entry(TarEntryType Type, UnixFileMode Mode)
    {
        public string? Source { get; init; }

        public string? Text { get; init; }

        public string? Target { get; init; }
    }
}
