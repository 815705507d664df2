using System.Globalization;
using Kola.Platforms;

namespace Kola.Qemu;

/// <summary>
/// Where one platform, or who else needs a place until its end, keeps sockets and throw-away files. What a killed kola left is removed when the next one starts: each
/// directory stands beside a lock file whose lock ends with its owner, so a reused process id cannot deceive.
/// </summary>
public sealed class RuntimeDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const string LockExtension = ".lock";
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
            var held = new FileStream(directory + LockExtension, FileMode.Create, FileAccess.Write, FileShare.None);
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
    /// What runs that died have left under a root: their directories, and any process that still uses one. What belongs to a kola that lives is not among it.
    /// </summary>
    /// <param name="root">The root; it need not exist.</param>
    public static IReadOnlyList<ILeftover> Leftovers(string root) =>
        [.. Dead(root).SelectMany(dead => HostProcess.Using(dead + "/").Select(p => (ILeftover)new LeftProcess(p.Id, p.Name, System.IO.Path.GetFileName(dead))).Append(new LeftDirectory(dead)))];

    // All of its processes have been told to die with kola; one that could not hear that is told again.
    private static void Sweep(string root)
    {
        foreach (ILeftover left in Leftovers(root))
            left.DeleteAsync(CancellationToken.None).GetAwaiter().GetResult();
    }

    private static IEnumerable<string> Dead(string root) =>
        Directory.Exists(root) ? Directory.EnumerateFiles(root, "*.lock").Where(IsFree).Select(file => file[..^LockExtension.Length]) : [];

    // Its owner lives, or another kola is sweeping it, while it cannot be locked.
    private static bool IsFree(string file)
    {
        try
        {
            using var dead = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.None);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    // Of a run that is over it has expired.
    private static ResourceTags Over(string run) => new() { Run = run, Owner = Environment.UserName, Expires = DateTimeOffset.MinValue };

    private sealed class LeftProcess(int process, string name, string run) : ILeftover
    {
        public string Kind => "process";

        public string Name => string.Create(CultureInfo.InvariantCulture, $"{process} ({name})");

        public ResourceTags Tags => Over(run);

        public Task DeleteAsync(CancellationToken cancel)
        {
            HostProcess.Kill(process);
            return Task.CompletedTask;
        }
    }

    private sealed class LeftDirectory(string directory) : ILeftover
    {
        public string Kind => "directory";

        public string Name => directory;

        public ResourceTags Tags => Over(System.IO.Path.GetFileName(directory));

        public Task DeleteAsync(CancellationToken cancel)
        {
            try
            {
                using var dead = new FileStream(directory + LockExtension, FileMode.Open, FileAccess.Write, FileShare.None);
                Remove(directory);
                File.Delete(dead.Name);
            }
            catch (IOException)
            {
                // Somebody else was there first.
            }

            return Task.CompletedTask;
        }
    }

    private static UsageException Unusable(string root, string got, Exception? cause) =>
        new($"qemu: runtime directory \"{root}\" cannot be used\n  wanted:  a directory only this user can enter\n  got:     {got}\n  next:    remove it, or name another one", cause);
}
