using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>The C library calls that .NET has no equal for.</summary>
internal static partial class Native
{
    private const int ReadOnlyMount = 1;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseCall(int file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncCall(int file);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountCall(string source, string target, string type, nuint flags, string? data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unmount(string target, int flags);

    [LibraryImport("libc", EntryPoint = "sync")]
    public static partial void Sync();

    /// <summary>Mounts read-only; the error number of the system on failure, else 0.</summary>
    public static int Mount(string device, string target, string type, string? data) =>
        MountCall(device, target, type, ReadOnlyMount, data) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Opens a device past the page cache where it can be, to read or to write whole aligned blocks.</summary>
    public static SafeFileHandle OpenDirect(string path, bool write)
    {
        const int readWrite = 2, direct = 0x4000, closeOnExec = 0x80000, invalid = 22;
        var flags = closeOnExec | (write ? readWrite : 0);
        var file = OpenCall(path, flags | direct, 0);
        if (file < 0 && Marshal.GetLastPInvokeError() == invalid)
            file = OpenCall(path, flags, 0);
        return file >= 0
            ? new SafeFileHandle(file, ownsHandle: true)
            : throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
    }

    /// <summary>Puts on disk which names a directory has; .NET opens no directories.</summary>
    public static void SyncDirectory(string path)
    {
        const int directoryCloseOnExec = 0x10000 | 0x80000;
        var file = OpenCall(path, directoryCloseOnExec, 0);
        if (file < 0)
            return;
        _ = SyncCall(file);
        _ = CloseCall(file);
    }
}
