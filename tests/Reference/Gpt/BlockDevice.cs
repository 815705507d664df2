using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Flatcar.Reference.Gpt;

/// <summary>
/// Opens block devices without the lock that .NET takes on every file (flock). On a disk that lock has a meaning of its own: udev holds it
/// while it reads the partitions again, which it does whenever somebody who could write closes the disk, and .NET does not wait for it.
/// </summary>
internal static partial class BlockDevice
{
    private const int CloseOnExec = 0x80000, ReadWrite = 2, Interrupted = 4;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags);

    /// <summary>A device or file that is there already, unbuffered.</summary>
    /// <exception cref="IOException">It cannot be opened; says why.</exception>
    public static FileStream Open(string path, FileAccess access)
    {
        int file;
        do
            file = OpenCall(path, CloseOnExec | (access == FileAccess.Read ? 0 : ReadWrite));
        while (file < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        return file >= 0
            ? new(new SafeFileHandle(file, ownsHandle: true), access, bufferSize: 0)
            : throw new IOException($"{path} cannot be opened: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
    }
}
