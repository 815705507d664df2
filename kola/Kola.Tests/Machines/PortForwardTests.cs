using System.Net;
using System.Net.Sockets;
using Kola.Machines;

namespace Kola.Tests.Machines;

/// <summary>A port of this host that leads into a machine, on a real SSH server.</summary>
public sealed class PortForwardTests
{
    [Test]
    public async Task It_outlives_the_connection_it_leads_through()
    {
        if (OpenSshServer.WhyNot is { } why)
            Assert.Ignore(why);
        SshIdentity identity = SshIdentity.Create().As(Environment.UserName);
        using OpenSshServer own = await OpenSshServer.StartAsync(identity.PublicKey);
        using var service = new TcpListener(IPAddress.Loopback, 0);
        service.Start();
        int port = ((IPEndPoint)service.LocalEndpoint).Port;
        IShell? shell = null;
        int logins = 0;
        async Task<IShell> ShellAsync(CancellationToken cancel)
        {
            if (shell is not { Lost.IsCancellationRequested: false })
            {
                logins++;
                shell = await Ssh.ConnectAsync("127.0.0.1", own.Port, identity, TimeSpan.FromSeconds(30), cancel);
            }

            return shell;
        }

        await using (var forward = new PortForward(ShellAsync, "127.0.0.1", port, CancellationToken.None))
        {
            Assert.That(await AskAsync(forward.Port, service, "one"), Is.EqualTo("echo one"));
            Assert.That(await AskAsync(forward.Port, service, "two"), Is.EqualTo("echo two"));
            Assert.That(logins, Is.EqualTo(1));
            await shell!.DisposeAsync();
            Assert.That(await AskAsync(forward.Port, service, "three"), Is.EqualTo("echo three"));
            Assert.That(logins, Is.EqualTo(2));

            // Where nobody listens, who comes is told by the end of his connection.
            service.Stop();
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, forward.Port);
            int read;
            try
            {
                read = await client.GetStream().ReadAsync(new byte[1]);
            }
            catch (IOException)
            {
                read = 0;
            }

            Assert.That(read, Is.Zero);
        }

        await shell!.DisposeAsync();
    }

    private static async Task<string?> AskAsync(int port, TcpListener service, string word)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        using TcpClient served = await service.AcceptTcpClientAsync();
        using var from = new StreamReader(served.GetStream());
        await using var to = new StreamWriter(served.GetStream()) { AutoFlush = true };
        await using var say = new StreamWriter(client.GetStream()) { AutoFlush = true };
        using var hear = new StreamReader(client.GetStream());
        await say.WriteLineAsync(word);
        await to.WriteLineAsync($"echo {await from.ReadLineAsync()}");
        return await hear.ReadLineAsync();
    }
}
