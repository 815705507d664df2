namespace Kola.Ignition;

/// <summary>The files a Butane config may embed: those under one directory, and nothing a link leads to outside of it.</summary>
/// <param name="directory">Null when there is none to look in.</param>
internal sealed class LocalFiles(string? directory)
{
    /// <summary>Largest file that is read, bytes: what a config of it would take several times in memory, and no platform hands a machine a config a tenth as large.</summary>
    internal const long Largest = 64L * 1024 * 1024;

    /// <summary>The error Butane gives when it was not told where to look.</summary>
    internal const string NoDirectory = "local file paths are relative to a files directory that must be specified with -d/--files-dir";

    private const string Escape = "local file path traverses outside the files directory";
    private const int MostLinks = 40; // Linux' own limit

    /// <summary>Whether there is a directory to look in.</summary>
    internal bool Any => directory is not null;

    /// <summary>The content of a file.</summary>
    /// <param name="local">Relative to the directory.</param>
    /// <param name="wrong">What keeps it from being read.</param>
    internal byte[]? Read(string local, out string wrong)
    {
        if (Find(local, out wrong) is not { } path)
            return null;
        try
        {
            if (Directory.Exists(path))
                wrong = $"read {local}: is a directory";
            else if (!File.Exists(path))
                wrong = $"open {local}: no such file or directory";
            else if (!UnixFile.IsRegular(path))
                wrong = $"open {local}: not a regular file";
            else if (new FileInfo(path).Length is var size and > Largest)
                wrong = FormattableString.Invariant($"read {local}: {size} bytes, more than {Largest} are not embedded");
            else
                return File.ReadAllBytes(path);
        }
        catch (UnauthorizedAccessException)
        {
            wrong = $"open {local}: permission denied";
        }
        catch (IOException fault)
        {
            wrong = $"read {local}: {fault.Message}";
        }

        return null;
    }

    /// <summary>Where a file or directory really is, all links resolved.</summary>
    /// <param name="local">Relative to the directory.</param>
    /// <param name="wrong">Why it is not looked at.</param>
    internal string? Find(string local, out string wrong)
    {
        wrong = "";
        if (directory is null)
            wrong = NoDirectory;
        else if (local.Contains('\0', StringComparison.Ordinal))
            wrong = "open: invalid argument"; // what Linux says to a name with a NUL in it
        else
        {
            try
            {
                string root = Path.GetFullPath(directory);
                string asked = Path.GetFullPath(Path.Join(root, local));
                string? real = Within(asked, root) ? Real(asked) : null;
                if (real is not null && Within(real, Real(root) ?? root))
                    return real;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                wrong = $"open {local}: {fault.Message}";
                return null;
            }

            wrong = Escape;
        }

        return null;
    }

    private static bool Within(string path, string root) => path.TrimEnd('/') == root.TrimEnd('/') || path.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal);

    // Null when links lead in a circle.
    private static string? Real(string path)
    {
        string real = "/";
        var left = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        for (int links = 0; left.TryPop(out string? part);)
        {
            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? "/";
                continue;
            }

            string next = Path.Join(real, part);
            if (part == "." || new FileInfo(next).LinkTarget is not { } target)
            {
                real = part == "." ? real : next;
                continue;
            }

            if (++links > MostLinks)
                return null;
            if (target.StartsWith('/'))
                real = "/";
            foreach (string step in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                left.Push(step);
        }

        return real;
    }
}
