using System.Net.Sockets;
using Kola.Machines;

namespace Kola.Qemu;

/// <summary>The host's ends of a machine's virtual serial ports. Kola listens and QEMU connects when it starts.</summary>
internal sealed class SerialPorts : IDisposable
{
    private readonly Socket[] _listeners;
    private readonly string[] _paths;

    private SerialPorts(IReadOnlyList<QemuSerialPort> ports)
    {
        _paths = [.. ports.Select(p => p.Socket)];
        _listeners = [.. _paths.Select(Listen)];
    }

    /// <summary>The ports of a machine with its sockets in a directory, in the order their streams come in.</summary>
    public static IReadOnlyList<QemuSerialPort> In(string directory) =>
    [
        new(GuestProgram.ControlPort, Path.Combine(directory, "control")),
        new(GuestProgram.JournalPort, Path.Combine(directory, "journal")),
        new(GuestProgram.SshPort, Path.Combine(directory, "ssh")),
    ];

    /// <summary>Listens.</summary>
    public static SerialPorts Open(IReadOnlyList<QemuSerialPort> ports) => new(ports);

    /// <summary>Waits for QEMU.</summary>
    /// <returns>A stream a port. Closing it, too, ends a machine's port.</returns>
    public async Task<Stream[]> AcceptAsync(CancellationToken cancel)
    {
        var streams = new List<Stream>();
        try
        {
            foreach (Socket listener in _listeners)
                streams.Add(new NetworkStream(await listener.AcceptAsync(cancel), ownsSocket: true));
            return [.. streams];
        }
        catch
        {
            foreach (Stream stream in streams)
                await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops listening; streams live on.</summary>
    public void Dispose()
    {
        foreach (Socket listener in _listeners)
            listener.Dispose();
        foreach (string path in _paths)
            File.Delete(path);
    }

    private static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(1);
        return socket;
    }
}
