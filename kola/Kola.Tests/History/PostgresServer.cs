using Dapper;
using Kola.History;
using Kola.Tests.Machines;

namespace Kola.Tests.History;

/// <summary>A PostgreSQL server of the test's own, from Debian's package: an empty cluster in a directory of its own, on a loopback port.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private readonly string _directory;
    private readonly int _port;

    private PostgresServer(string directory, int port) => (_directory, _port) = (directory, port);

    // /usr/lib/postgresql/15/bin
    private static string? Programs => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).Where(bin => File.Exists(Path.Combine(bin, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault()
        : null;

    internal static bool IsInstalled => Programs is not null;

    /// <summary>An empty database.</summary>
    internal async Task<DatabaseTarget> MakeDatabaseAsync(string name)
    {
        await using System.Data.Common.DbConnection connection = Target("postgres").Connect();
        await connection.OpenAsync();
        await connection.ExecuteAsync($"CREATE DATABASE {name}");
        return Target(name);
    }

    private DatabaseTarget Target(string database) => DatabaseTarget.Parse($"Host=127.0.0.1;Port={_port};Username=kola;Database={database}");

    internal static async Task<PostgresServer> StartAsync()
    {
        string directory = Directory.CreateTempSubdirectory("kola-pg-").FullName;
        var server = new PostgresServer(directory, OpenSshServer.FreePort());
        // It refuses to run as root.
        if (Environment.IsPrivilegedProcess)
            await CliWrap.Cli.Wrap("chown").WithArguments(["nobody", directory]).ExecuteAsync();
        await server.RunAsync("initdb", "--pgdata", server.Data, "--username=kola", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync");
        await server.RunAsync("pg_ctl", "--pgdata", server.Data, "--wait", "--timeout=120", "--log", Path.Combine(directory, "log"), "-o", $"-p {server._port} -k {directory} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=8MB", "start");
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("pg_ctl", "--pgdata", Data, "--wait", "--mode=immediate", "stop");
        Directory.Delete(_directory, recursive: true);
    }

    private string Data => Path.Combine(_directory, "data");

    private async Task RunAsync(string program, params string[] arguments)
    {
        string[] line = [Path.Combine(Programs!, program), .. arguments];
        if (Environment.IsPrivilegedProcess)
            line = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", .. line];
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        // Its output goes to a file: the server would keep a pipe open for as long as it lives.
        string output = Path.Combine(_directory, $"{program}.txt");
        CliWrap.CommandResult ended = await CliWrap.Cli.Wrap("sh").WithArguments(["-c", "out=$1; shift; exec \"$@\" > \"$out\" 2>&1", "sh", output, .. line]).WithWorkingDirectory("/").WithValidation(CliWrap.CommandResultValidation.None).ExecuteAsync(patience.Token);
        if (ended.ExitCode != 0)
            throw new InvalidOperationException($"{program}: {await File.ReadAllTextAsync(output)}");
    }
}
