using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Kola.Ignition;

/// <summary>What kind of file a path is. .NET does not tell a pipe from a file, and reading a pipe waits for ever.</summary>
internal static class UnixFile
{
    // struct statx of the kernel, the same on every architecture: stx_mode is at 28, the whole is 256 bytes.
    private const int StatxSize = 256;
    private const int ModeAt = 28;
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint TypeAndMode = 3; // STATX_TYPE | STATX_MODE

    /// <summary>Whether it is a regular file itself, no link to one.</summary>
    internal static bool IsRegular(string path)
    {
        byte[] found = new byte[StatxSize];
        return statx(CurrentDirectory, Encoding.UTF8.GetBytes(path + "\0"), NoFollow, TypeAndMode, found) == 0
            && (BinaryPrimitives.ReadUInt16LittleEndian(found.AsSpan(ModeAt)) & 0xF000) == 0x8000;
    }

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int statx(int directory, byte[] path, int flags, uint mask, byte[] found);
}
