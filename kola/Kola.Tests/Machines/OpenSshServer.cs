using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using CliWrap.Buffered;

namespace Kola.Tests.Machines;

/// <summary>An OpenSSH server of the test's own on a loopback port. Nobody resets it: that would be this host.</summary>
internal sealed class OpenSshServer : IDisposable
{
    private const string Program = "/usr/sbin/sshd";

    private readonly Process _process;
    private string? _ownDirectory;

    private OpenSshServer(Process process, int port, string hostKey) => (_process, Port, HostKey) = (process, port, hostKey);

    /// <summary>Why there can be none here, with a remedy; null when there can.</summary>
    internal static string? WhyNot { get; } = File.Exists(Program) ? null : "no OpenSSH server here: apt-get install openssh-server";

    internal int Port { get; }

    /// <summary>Its fingerprint, <c>SHA256:…</c>.</summary>
    internal string HostKey { get; }

    /// <summary>Starts one that lets in one key.</summary>
    internal static async Task<OpenSshServer> StartAsync(string publicKey)
    {
        string directory = Directory.CreateTempSubdirectory("kola-sshd-").FullName;
        string keys = Path.Combine(directory, "keys");
        await File.WriteAllTextAsync(keys, publicKey + "\n");
        OpenSshServer server = await StartAsync(directory, keys);
        server._ownDirectory = directory;
        return server;
    }

    /// <summary>Starts one that lets in the keys of a file.</summary>
    /// <param name="directory">For its own key; made where it is missing.</param>
    /// <param name="authorizedKeys">The file, which may change.</param>
    internal static async Task<OpenSshServer> StartAsync(string directory, string authorizedKeys)
    {
        Directory.CreateDirectory(directory);
        string hostKey = Path.Combine(directory, "host");
        await KeyAsync(hostKey, "ed25519");
        // 256 SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU root@host (ED25519)
        string fingerprint = (await CliWrap.Cli.Wrap("ssh-keygen").WithArguments(["-l", "-f", hostKey]).ExecuteBufferedAsync()).StandardOutput.Split(' ')[1];
        if (Environment.IsPrivilegedProcess)
            Directory.CreateDirectory("/run/sshd"); // where sshd separates its privileges
        int port = FreePort();
        string[] options =
        [
            "-D", "-e", "-f", "/dev/null", "-p", $"{port}", "-h", hostKey, "-o", "ListenAddress=127.0.0.1", "-o", "UsePAM=no", "-o", "StrictModes=no",
            "-o", $"AuthorizedKeysFile={authorizedKeys}", "-o", "PidFile=none", "-o", "PasswordAuthentication=no", "-o", "KbdInteractiveAuthentication=no",
        ];
        var process = Process.Start(new ProcessStartInfo(Program, options) { RedirectStandardError = true })!;
        // Server listening on 127.0.0.1 port 40022.
        while (await process.StandardError.ReadLineAsync() is { } line && !line.Contains("listening", StringComparison.Ordinal))
            await TestContext.Progress.WriteLineAsync(line);
        _ = process.StandardError.ReadToEndAsync();
        return new OpenSshServer(process, port, fingerprint);
    }

    internal static Task KeyAsync(string file, string kind, string passphrase = "") =>
        CliWrap.Cli.Wrap("ssh-keygen").WithArguments(["-q", "-t", kind, "-N", passphrase, "-f", file]).ExecuteAsync();

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.Dispose();
        if (_ownDirectory is not null)
            Directory.Delete(_ownDirectory, recursive: true);
    }
}
