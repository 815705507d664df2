using Microsoft.Win32.SafeHandles;

namespace Kola.Qemu;

/// <summary>
/// A file whose name is gone. Only this process's descriptor keeps it, and QEMU opens it through <c>/proc</c>, as often as the
/// machine's power is cycled: nothing is left on disk at any end, <c>kill -9</c> included.
/// </summary>
internal sealed class HeldFile : IDisposable
{
    private readonly SafeFileHandle? _handle;

    private HeldFile(string path, SafeFileHandle? handle)
    {
        Path = path;
        _handle = handle;
    }

    /// <summary>What to open it by, while it is held.</summary>
    public string Path { get; }

    /// <summary>Takes a file's name away, or leaves it when the file is to be kept.</summary>
    public static HeldFile Take(string file, bool keep)
    {
        if (keep)
            return new HeldFile(file, null);
        SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(file);
        return new HeldFile($"/proc/{Environment.ProcessId}/fd/{handle.DangerousGetHandle()}", handle);
    }

    /// <summary>Lets the file go.</summary>
    public void Dispose() => _handle?.Dispose();
}
