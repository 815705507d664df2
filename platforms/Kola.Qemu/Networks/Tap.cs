using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Kola.Qemu;

/// <summary>A network device of the kernel whose other end is kola: what the kernel sends there is read here. It is gone when it is closed, also with kola.</summary>
internal sealed partial class Tap : IAsyncDisposable
{
    private const int LongestFrame = 65536;
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET
    private const int ReadWrite = 2 | 0x80000 | 0x800; // O_RDWR, O_CLOEXEC, O_NONBLOCK
    private const nuint SetInterface = 0x400454CA; // TUNSETIFF
    private const short TapWithoutHeader = 0x0002 | 0x1000; // IFF_TAP, IFF_NO_PI
    private const short Readable = 1; // POLLIN
    private const int LongestWait = 100; // ms: how long an end may take
    private const int NameBytes = 16;

    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<byte[]> _received;
    private SafeFileHandle? _device;
    private volatile bool _over;

    private Tap(string name, Action<byte[]> received) => (Name, _received) = (name, received);

    /// <summary>Name of the device.</summary>
    public string Name { get; }

    /// <summary>Makes one in a namespace.</summary>
    /// <param name="process">A process that is in the namespace.</param>
    /// <param name="name">Name of the device, at most 15 bytes.</param>
    /// <param name="received">Takes each frame the kernel sends there; must not block.</param>
    /// <exception cref="PlatformException">The kernel makes none.</exception>
    public static async Task<Tap> OpenAsync(int process, string name, Action<byte[]> received)
    {
        var tap = new Tap(name, received);
        // A thread of its own stays in the namespace: a device belongs to that of whoever opens it.
        new Thread(() => tap.Run(process)) { IsBackground = true, Name = $"tap {name}" }.Start();
        try
        {
            await tap._opened.Task;
            return tap;
        }
        catch (Win32Exception problem)
        {
            throw new PlatformException(Signal.Host, $"qemu: no network device for a machine on a bridge\n  wanted:  a tap by /dev/net/tun\n  got:     {problem.Message}\n  next:    modprobe tun; as root", problem);
        }
    }

    /// <summary>Sends a frame into the kernel. One it does not take is lost.</summary>
    public void Write(byte[] frame)
    {
        if (_over)
            return;
        try
        {
            _ = Write(_device!, frame, (nuint)frame.Length);
        }
        catch (ObjectDisposedException)
        {
            // Closed at this moment.
        }
    }

    /// <summary>Closes it.</summary>
    public async ValueTask DisposeAsync()
    {
        _over = true;
        await _ended.Task;
        _device?.Dispose();
    }

    private void Run(int process)
    {
        try
        {
            using (SafeFileHandle network = Opened($"/proc/{process}/ns/net", 0x80000))
                Must(SetNamespace(network, NewNetwork));
            _device = Opened("/dev/net/tun", ReadWrite);
            byte[] request = new byte[40];
            Encoding.ASCII.GetBytes(Name, request.AsSpan(0, NameBytes - 1));
            BitConverter.TryWriteBytes(request.AsSpan(NameBytes), TapWithoutHeader);
            Must(Control(_device, SetInterface, request));
        }
        catch (Win32Exception problem)
        {
            _device?.Dispose();
            _ended.TrySetResult();
            _opened.TrySetException(problem);
            return;
        }

        _opened.TrySetResult();
        byte[] buffer = new byte[LongestFrame];
        while (!_over)
        {
            var wait = new Waiting { Descriptor = (int)_device.DangerousGetHandle(), Wanted = Readable };
            if (Poll(ref wait, 1, LongestWait) <= 0)
                continue;
            nint length = Read(_device, buffer, (nuint)buffer.Length);
            if (length > 0)
                _received(buffer[..(int)length]);
        }

        _ended.TrySetResult();
    }

    private static SafeFileHandle Opened(string path, int flags)
    {
        SafeFileHandle handle = OpenFile(path, flags);
        return !handle.IsInvalid ? handle : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    private static void Must(int result)
    {
        if (result < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle network, int kind);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle device, nuint request, byte[] argument);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref Waiting wait, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle device, byte[] buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle device, byte[] buffer, nuint length);

    // struct pollfd
    [StructLayout(LayoutKind.Sequential)]
    private struct Waiting
    {
        public int Descriptor;
        public short Wanted;
        public short Got;
    }
}
