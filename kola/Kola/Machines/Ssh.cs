using System.Net.Sockets;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace Kola.Machines;

/// <summary>SSH as every real platform speaks it.</summary>
public static class Ssh
{
    private static readonly TimeSpan s_leastForBanner = TimeSpan.FromSeconds(10);

    // An emulated guest spends seconds on post-quantum key exchange; this one costs it least. The others stay, behind it.
    private static readonly string[] s_cheapKeyExchange = ["curve25519-sha256", "curve25519-sha256@libssh.org"];

    /// <summary>Makes one authenticated connection.</summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="identity">Who to log in as, and how.</param>
    /// <param name="timeout">
    /// Limit for the handshake and for the login. For the server's first line it is a quarter of that and at least 10 s: a user-mode network
    /// accepts at once and repeats its knock on a booting guest at growing intervals, so that knocking anew finds an open door sooner.
    /// </param>
    /// <param name="cancel">Ends the attempt at once.</param>
    /// <exception cref="LoginRefusedException">The machine answered and refused the login.</exception>
    /// <exception cref="MachineException">Nothing answered, or not in SSH's words, or not in time.</exception>
    public static async Task<IShell> ConnectAsync(
        string host, int port, SshIdentity identity, TimeSpan timeout, CancellationToken cancel)
    {
        var info = new ConnectionInfo(host, port, identity.User, identity.Method()) { Timeout = timeout, MaxSessions = 64, RetryAttempts = 1 };
        PreferCheapKeyExchange(info);
        var client = new SshClient(info);
        string hostKey = "";
        client.HostKeyReceived += (_, seen) =>
        {
            hostKey = "SHA256:" + seen.FingerPrintSHA256;
            seen.CanTrust = true; // pinned by Machine, which knows what it saw before
        };

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        client.ServerIdentificationReceived += (_, _) => Prolong(limit, 2 * timeout);
        try
        {
            Prolong(limit, timeout / 4 > s_leastForBanner ? timeout / 4 : s_leastForBanner);
            // SSH.NET does part of the handshake synchronously; a pool thread keeps the caller's cancellation prompt.
            await Task.Run(() => client.ConnectAsync(limit.Token), limit.Token).WaitAsync(limit.Token);
            return new SshShell(client, hostKey);
        }
        catch (Exception fault)
        {
            _ = Task.Run(client.Dispose, CancellationToken.None);
            cancel.ThrowIfCancellationRequested();
            throw fault switch
            {
                SshAuthenticationException => new LoginRefusedException($"{host}:{port} refused the login of \"{identity.User}\": {fault.Message}", fault),
                OperationCanceledException => new MachineException($"{host}:{port} did not finish an SSH login within {timeout.TotalSeconds:0} s a step", fault),
                SshException or SocketException or IOException or ObjectDisposedException => new MachineException($"{host}:{port} did not answer as an SSH server: {fault.Message}", fault),
                _ => fault,
            };
        }
    }

    /// <summary>Makes one authenticated connection to the server behind a relay. Its key is the harness's own.</summary>
    /// <inheritdoc cref="ConnectAsync(string, int, SshIdentity, TimeSpan, CancellationToken)" path="/param|/exception"/>
    public static async Task<IShell> ConnectAsync(SshRelay relay, SshIdentity identity, TimeSpan timeout, CancellationToken cancel)
    {
        var shell = (SshShell)await ConnectAsync("127.0.0.1", relay.Port, identity, timeout, cancel);
        shell.HostKey = "";
        return shell;
    }

    /// <summary>The first line this client sends to a server, <c>SSH-2.0-…</c>, without its end.</summary>
    public static async Task<string> GreetingAsync(CancellationToken cancel)
    {
        using var server = new TcpListener(System.Net.IPAddress.Loopback, 0);
        server.Start();
        int port = ((System.Net.IPEndPoint)server.LocalEndpoint).Port;
        using var client = new SshClient(new ConnectionInfo("127.0.0.1", port, "nobody", new NoneAuthenticationMethod("nobody")));
        Task connecting = client.ConnectAsync(cancel);
        string? line;
        using (TcpClient accepted = await server.AcceptTcpClientAsync(cancel))
        {
            await accepted.GetStream().WriteAsync("SSH-2.0-kola\r\n"u8.ToArray(), cancel);
            using var reader = new StreamReader(accepted.GetStream());
            line = await reader.ReadLineAsync(cancel);
        }

        // The closed connection ends it at once; a cancelled one would wait for its own limit.
        await connecting.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return line ?? throw new InvalidOperationException("the SSH client sent no greeting");
    }

    private static void Prolong(CancellationTokenSource limit, TimeSpan by)
    {
        try
        {
            limit.CancelAfter(by);
        }
        catch (ObjectDisposedException)
        {
            // The attempt has ended; the event came late.
        }
    }

    private static void PreferCheapKeyExchange(ConnectionInfo info)
    {
        var rest = info.KeyExchangeAlgorithms.Where(a => !s_cheapKeyExchange.Contains(a.Key)).ToArray();
        var first = s_cheapKeyExchange.Where(info.KeyExchangeAlgorithms.ContainsKey).Select(n => KeyValuePair.Create(n, info.KeyExchangeAlgorithms[n])).ToArray();
        info.KeyExchangeAlgorithms.Clear();
        foreach (var (name, make) in first.Concat(rest))
            info.KeyExchangeAlgorithms.Add(name, make);
    }
}
