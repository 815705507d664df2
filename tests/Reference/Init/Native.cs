using System.Runtime.InteropServices;

namespace Flatcar.Reference.Init;

/// <summary>The C library calls that .NET has no equal for.</summary>
internal static unsafe partial class Native
{
    public const uint ReadOnly = 1, NoSuid = 2, NoDev = 4, NoExec = 8, NoAccessTime = 1024, Bind = 4096, Move = 8192, Recursive = 16384;

    private const int FinitModule = 313;

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountCall(string source, string target, string? type, nuint flags, string? data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnmountCall(string target, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoctlCall(nint file, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseCall(int file);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Syscall(nint number, nint file, string parameters, nint flags);

    [LibraryImport("libc", EntryPoint = "chroot", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChangeRoot(string path);

    [LibraryImport("libc", EntryPoint = "chdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChangeDirectory(string path);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Execute(string path, nint arguments, nint environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Spawn(out int process, string path, nint actions, nint attributes, nint arguments, nint environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int ActionsInit(nint actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ActionsOpen(nint actions, int file, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    public static partial int AttributesInit(nint attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int AttributesDefaultSignals(nint attributes, nint signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    public static partial int AttributesFlags(nint attributes, short flags);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    public static partial int WaitFor(int process, out int status, int options);

    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int SleepMicroseconds(uint microseconds);

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void Sync();

    [LibraryImport("libc", EntryPoint = "reboot", SetLastError = true)]
    private static partial int RebootCall(int command);

    /// <summary>Restarts the machine at once; what was written is on the disks.</summary>
    public static void Reboot()
    {
        const int restart = 0x0123_4567;
        Sync();
        _ = RebootCall(restart);
        throw new BootException($"restarting the machine: {LastError}");
    }

    public static void Mount(string source, string target, string? type, uint flags = 0, string? data = null)
    {
        if (MountCall(source, target, type, flags, data) != 0)
            throw new BootException($"mounting {source} ({type ?? "-"}) on {target}: {LastError}");
    }

    /// <summary>Unmounts at once, or as soon as nobody uses it any more.</summary>
    public static void Unmount(string target)
    {
        const int detach = 2;
        if (UnmountCall(target, 0) != 0 && UnmountCall(target, detach) != 0)
            throw new BootException($"unmounting {target}: {LastError}");
    }

    /// <summary>False when the kernel refuses; <see cref="LastError"/> says why.</summary>
    public static bool Ioctl(FileStream file, uint request, void* argument) =>
        IoctlCall(file.SafeFileHandle.DangerousGetHandle(), request, argument) >= 0;

    /// <summary>As <see cref="Ioctl"/>, for a directory, which .NET does not open.</summary>
    public static bool IoctlOnDirectory(string path, uint request, void* argument)
    {
        const int directoryReadOnlyCloseOnExec = 0x10000 | 0x80000;
        var file = OpenCall(path, directoryReadOnlyCloseOnExec, 0);
        if (file < 0)
            return false;
        var done = IoctlCall(file, request, argument) >= 0;
        _ = CloseCall(file);
        return done;
    }

    /// <summary>Loads a kernel module that is not compressed; one that is there already is no error.</summary>
    public static void LoadModule(string path)
    {
        const int exists = 17;
        using var file = File.OpenHandle(path);
        if (Syscall(FinitModule, file.DangerousGetHandle(), "", 0) != 0 && Marshal.GetLastPInvokeError() != exists)
            throw new BootException($"loading {path}: {LastError}");
    }

    public static void Pause(TimeSpan time) => _ = SleepMicroseconds((uint)time.TotalMicroseconds);

    public static string LastError => $"error {Marshal.GetLastPInvokeError()} ({Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())})";

    /// <summary>A null-terminated char*[]; never freed, since what follows is an exec.</summary>
    public static nint StringArray(IReadOnlyList<string> strings)
    {
        var array = (nint*)NativeMemory.AllocZeroed((nuint)(strings.Count + 1), (nuint)sizeof(nint));
        for (var i = 0; i < strings.Count; i++)
            array[i] = Marshal.StringToCoTaskMemUTF8(strings[i]);
        return (nint)array;
    }
}
