using System.Net;
using System.Net.Sockets;
using System.Text;
using Kola.Machines;

namespace Kola.Tests.Machines;

/// <summary>SSH against a real OpenSSH server on loopback.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class SshTests
{
    private readonly SshIdentity _identity = SshIdentity.Create().As(Environment.UserName);
    private OpenSshServer? _server;

    [OneTimeSetUp]
    public async Task StartServer()
    {
        if (OpenSshServer.WhyNot is { } reason)
            Assert.Ignore(reason);
        _server = await OpenSshServer.StartAsync(_identity.PublicKey);
    }

    [OneTimeTearDown]
    public void StopServer() => _server?.Dispose();

    [Test]
    public async Task A_command_gives_its_output_its_errors_and_its_exit_code()
    {
        await using IShell shell = await ConnectAsync();
        (int? code, string output, string error) = await RunAsync(shell, "echo out; echo err >&2; exit 3");
        Assert.That((code, output, error), Is.EqualTo(((int?)3, "out\n", "err\n")));
        Assert.That(shell.HostKey, Does.StartWith("SHA256:"));
    }

    [Test]
    public async Task Input_and_output_are_bytes()
    {
        byte[] bytes = new byte[300_000];
        new Random(1).NextBytes(bytes);
        await using IShell shell = await ConnectAsync();
        using var output = new MemoryStream();
        int? code = await shell.ExecuteAsync("cat", new MemoryStream(bytes), output, Stream.Null, CancellationToken.None);
        Assert.That(code, Is.Zero);
        Assert.That(output.ToArray(), Is.EqualTo(bytes));
    }

    // An empty file was never written: the command waited for the end of its input.
    [Test]
    public async Task An_empty_input_ends()
    {
        await using IShell shell = await ConnectAsync();
        var output = new MemoryStream();
        int? code = await shell.ExecuteAsync("cat | wc --bytes", new MemoryStream(), output, Stream.Null, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That((code, Encoding.UTF8.GetString(output.ToArray())), Is.EqualTo(((int?)0, "0\n")));
    }

    [Test]
    public async Task Many_commands_share_one_connection_at_once()
    {
        await using IShell shell = await ConnectAsync();
        (int? Code, string Output, string Error)[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => RunAsync(shell, $"sleep 0.2; echo {i}")));
        Assert.That(results.Select(r => r.Output.Trim()), Is.EqualTo(Enumerable.Range(0, 8).Select(i => $"{i}")));
    }

    [Test]
    public async Task A_command_killed_by_a_signal_is_told_from_a_lost_connection()
    {
        await using IShell shell = await ConnectAsync();
        Assert.That((await RunAsync(shell, "kill -9 $$")).Code, Is.EqualTo(137));
        Assert.That(shell.Lost.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task Cancelling_a_command_is_prompt_and_leaves_the_connection()
    {
        await using IShell shell = await ConnectAsync();
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        Assert.That(async () => await shell.ExecuteAsync("sleep 60", null, Stream.Null, Stream.Null, cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That((await RunAsync(shell, "echo still here")).Output, Is.EqualTo("still here\n"));
    }

    [Test]
    public async Task A_connection_that_breaks_ends_its_commands_without_an_exit_code()
    {
        await using IShell shell = await ConnectAsync();
        Task<(int? Code, string Output, string Error)> running = RunAsync(shell, "kill -9 $PPID; sleep 60");
        Assert.That((await running.WaitAsync(TimeSpan.FromSeconds(20))).Code, Is.Null);
        Assert.That(() => shell.Lost.IsCancellationRequested, Is.True.After(30_000, 50));
    }

    [Test]
    public void A_login_that_is_refused_is_told_from_silence() =>
        Assert.That(
            async () => await Ssh.ConnectAsync("127.0.0.1", _server!.Port, SshIdentity.Create().As(Environment.UserName), TimeSpan.FromSeconds(60), CancellationToken.None),
            Throws.TypeOf<LoginRefusedException>());

    [Test]
    public void A_password_is_refused_where_keys_are_wanted() =>
        Assert.That(
            async () => await Ssh.ConnectAsync("127.0.0.1", _server!.Port, _identity.WithPassword(Environment.UserName, "asdf"), TimeSpan.FromSeconds(60), CancellationToken.None),
            Throws.TypeOf<LoginRefusedException>());

    [Test]
    public void Nothing_that_listens_is_the_machines_silence() =>
        Assert.That(
            async () => await Ssh.ConnectAsync("127.0.0.1", OpenSshServer.FreePort(), _identity, TimeSpan.FromSeconds(60), CancellationToken.None),
            Throws.TypeOf<MachineException>().With.Message.Contains("did not answer"));

    [Test]
    public async Task Who_accepts_and_says_nothing_is_given_up_on()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        Task connecting = Ssh.ConnectAsync("127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port, _identity, TimeSpan.FromSeconds(40), cancel.Token);
        await Task.WhenAny(connecting, Task.Delay(TimeSpan.FromSeconds(30), TimeProvider.System, CancellationToken.None));
        Assert.That(connecting.IsCanceled, Is.True, "cancelling an attempt is prompt");
    }

    [Test]
    public async Task A_peer_that_falls_silent_holds_up_nobody()
    {
        using var wire = new CutWire(_server!.Port);
        IShell shell = await Ssh.ConnectAsync("127.0.0.1", wire.Port, _identity, TimeSpan.FromSeconds(20), CancellationToken.None);
        using var cancel = new CancellationTokenSource();
        Task<int?> cancelled = shell.ExecuteAsync("sleep 600", null, Stream.Null, Stream.Null, cancel.Token);
        Task<(int? Code, string Output, string Error)> left = RunAsync(shell, "sleep 600");
        await RunAsync(shell, "true");
        wire.Cut();
        await cancel.CancelAsync();
        Assert.That(async () => await cancelled.WaitAsync(TimeSpan.FromSeconds(30)), Throws.InstanceOf<OperationCanceledException>());
        await shell.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That((await left.WaitAsync(TimeSpan.FromSeconds(30))).Code, Is.Null);
    }

    [Test]
    public async Task The_private_key_on_disk_is_its_owners_alone()
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("kola-key-").FullName, "id");
        await _identity.WriteAsync(file, CancellationToken.None);
        Assert.That(File.GetUnixFileMode(file), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    private Task<IShell> ConnectAsync() => Ssh.ConnectAsync("127.0.0.1", _server!.Port, _identity, TimeSpan.FromSeconds(20), CancellationToken.None);

    private static async Task<(int? Code, string Output, string Error)> RunAsync(IShell shell, string command)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        int? code = await shell.ExecuteAsync(command, null, output, error, CancellationToken.None);
        return (code, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(error.ToArray()));
    }
}
