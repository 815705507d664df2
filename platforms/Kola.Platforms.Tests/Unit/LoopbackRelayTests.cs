using System.Net;
using System.Net.Sockets;
using System.Text;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Unit;

/// <summary>The way from a test's network to what the harness serves.</summary>
[Category("unit")]
public sealed class LoopbackRelayTests
{
    [Test]
    public async Task What_is_said_at_the_socket_is_heard_at_the_port_and_the_answer_comes_back_whole()
    {
        using var scratch = new Scratch();
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var relay = new LoopbackRelay(scratch.File("s"), ((IPEndPoint)server.LocalEndpoint).Port);
        for (int i = 0; i < 3; i++)
        {
            using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await client.ConnectAsync(new UnixDomainSocketEndPoint(scratch.File("s")));
            await client.SendAsync("question"u8.ToArray());
            client.Shutdown(SocketShutdown.Send);
            using TcpClient accepted = await server.AcceptTcpClientAsync();
            using var heard = new StreamReader(accepted.GetStream());
            Assert.That(await heard.ReadToEndAsync(), Is.EqualTo("question"), "to its end");
            byte[] answer = Encoding.ASCII.GetBytes(new string('x', 1 << 20));
            Task<int> sending = accepted.Client.SendAsync(answer);
            byte[] got = new byte[answer.Length];
            // Half of its connection is closed, which a stream does not take.
            for (int length = 0; length < got.Length;)
                length += await client.ReceiveAsync(got.AsMemory(length));
            await sending;
            Assert.That(got, Is.EqualTo(answer));
        }
    }

    [Test]
    public async Task A_port_nobody_listens_at_ends_the_connection()
    {
        using var scratch = new Scratch();
        int free;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            free = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        await using var relay = new LoopbackRelay(scratch.File("s"), free);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(scratch.File("s")));
        Assert.That(await client.ReceiveAsync(new byte[10]), Is.Zero);
    }
}
