using System.Globalization;

namespace Kola.Qemu;

/// <summary>
/// Where one platform, or who else needs a place until its end, keeps sockets and throw-away files. What a killed kola left is removed when the next one starts: each
/// directory stands beside a lock file whose lock ends with its owner, so a reused process id cannot deceive.
/// </summary>
public sealed class RuntimeDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static int s_platforms;

    private readonly FileStream _lock;
    private int _within;

    private RuntimeDirectory(string directory, FileStream held)
    {
        Path = directory;
        _lock = held;
    }

    /// <summary>This platform's directory, mode 0700.</summary>
    public string Path { get; }

    /// <summary>Sweeps what the dead left under <paramref name="root"/> and makes a new directory there.</summary>
    /// <exception cref="UsageException">The root cannot be used.</exception>
    public static RuntimeDirectory Create(string root)
    {
        try
        {
            Directory.CreateDirectory(root, OwnerOnly);
            // Another user's directory in a shared /var/tmp must not receive our sockets and keys.
            if (new DirectoryInfo(root) is { LinkTarget: not null } || File.GetUnixFileMode(root) != OwnerOnly)
                throw Unusable(root, "a directory others can enter, or a link", null);
            Sweep(root);
            string name = $"{Environment.ProcessId}-{Interlocked.Increment(ref s_platforms)}";
            string directory = System.IO.Path.Combine(root, name);
            var held = new FileStream(directory + ".lock", FileMode.Create, FileAccess.Write, FileShare.None);
            Directory.CreateDirectory(directory, OwnerOnly);
            return new RuntimeDirectory(directory, held);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw Unusable(root, problem.Message, problem);
        }
    }

    /// <summary>A new directory for one machine, or one network; its name is short, for socket paths.</summary>
    internal string CreateWithin()
    {
        string directory = System.IO.Path.Combine(Path, $"{Interlocked.Increment(ref _within)}");
        Directory.CreateDirectory(directory, OwnerOnly);
        return directory;
    }

    /// <summary>Removes a directory and what is in it. A file that will not go stays for the next sweep.</summary>
    internal static void Remove(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>Removes it all.</summary>
    public void Dispose()
    {
        Remove(Path);
        File.Delete(_lock.Name);
        _lock.Dispose();
    }

    /// <summary>
    /// Takes away what runs that died have left under a root: their directories, and any process that still uses one. What belongs to a kola that lives stays.
    /// </summary>
    /// <param name="root">The root; it need not exist.</param>
    /// <param name="dryRun">Takes nothing away.</param>
    /// <returns>A line for each thing.</returns>
    public static IReadOnlyList<string> Sweep(string root, bool dryRun = false)
    {
        var gone = new List<string>();
        foreach (string file in Directory.Exists(root) ? Directory.EnumerateFiles(root, "*.lock") : [])
        {
            try
            {
                using var dead = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.None);
                string directory = file[..^".lock".Length];
                // All of them have been told to die with kola; one that could not hear that is told again.
                foreach ((int process, string name) in HostProcess.Using(directory + "/"))
                {
                    gone.Add(string.Create(CultureInfo.InvariantCulture, $"process {process} ({name})"));
                    if (!dryRun)
                        HostProcess.Kill(process);
                }

                gone.Add(directory);
                if (dryRun)
                    continue;
                Remove(directory);
                File.Delete(file);
            }
            catch (IOException)
            {
                // Its owner lives, or another kola is sweeping it.
            }
        }

        return gone;
    }

    private static UsageException Unusable(string root, string got, Exception? cause) =>
        new($"qemu: runtime directory \"{root}\" cannot be used\n  wanted:  a directory only this user can enter\n  got:     {got}\n  next:    remove it, or name another one", cause);
}
