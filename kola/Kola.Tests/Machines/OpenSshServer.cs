using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Kola.Tests.Machines;

/// <summary>An OpenSSH server of the test's own on a loopback port; lets in one key.</summary>
internal sealed class OpenSshServer : IDisposable
{
    private const string Program = "/usr/sbin/sshd";

    private readonly Process _process;
    private readonly string _directory;

    private OpenSshServer(Process process, string directory, int port)
    {
        _process = process;
        _directory = directory;
        Port = port;
    }

    internal static bool IsInstalled => File.Exists(Program);

    internal int Port { get; }

    internal static async Task<OpenSshServer> StartAsync(string publicKey)
    {
        string directory = Directory.CreateTempSubdirectory("kola-sshd-").FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "keys"), publicKey + "\n");
        using (Process keygen = Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(directory, "host")]))
            await keygen.WaitForExitAsync();
        if (Environment.IsPrivilegedProcess)
            Directory.CreateDirectory("/run/sshd"); // where sshd separates its privileges
        int port = FreePort();
        string[] options =
        [
            "-D", "-e", "-f", "/dev/null", "-p", $"{port}", "-h", Path.Combine(directory, "host"), "-o", "ListenAddress=127.0.0.1", "-o", "UsePAM=no",
            "-o", "StrictModes=no", "-o", $"AuthorizedKeysFile={directory}/keys", "-o", "PidFile=none", "-o", "PasswordAuthentication=no", "-o", "KbdInteractiveAuthentication=no",
        ];
        var process = Process.Start(new ProcessStartInfo(Program, options) { RedirectStandardError = true })!;
        var server = new OpenSshServer(process, directory, port);
        // "Server listening on 127.0.0.1 port 40022."
        while (await process.StandardError.ReadLineAsync() is { } line && !line.Contains("listening", StringComparison.Ordinal))
            await TestContext.Progress.WriteLineAsync(line);
        _ = process.StandardError.ReadToEndAsync();
        return server;
    }

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
        Directory.Delete(_directory, recursive: true);
    }
}
