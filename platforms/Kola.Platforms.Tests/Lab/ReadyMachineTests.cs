using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using CliWrap;
using CliWrap.Buffered;
using Kola.Labs;
using Kola.Machines;
using Kola.Tests.Machines;

namespace Kola.Platforms.Tests.Labs;

/// <summary>Machines that are there already, played by OpenSSH servers of this host.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class ReadyMachineTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);
    private readonly Scratch _place = new();
    private readonly Dictionary<string, string> _environment = [];
    private Scratch _scratch = null!;
    private OpenSshServer _one = null!;
    private OpenSshServer _two = null!;
    private List<string> _told = [];

    private string Keys => _place.File("authorized_keys");

    private string Key => _place.File("key");

    [OneTimeSetUp]
    public async Task StartServers()
    {
        if (OpenSshServer.WhyNot is { } reason)
            Assert.Ignore(reason);
        await OpenSshServer.KeyAsync(Key, "ed25519");
        File.Copy(Key + ".pub", Keys);
        _one = await OpenSshServer.StartAsync(_place.File("one"), Keys);
        _two = await OpenSshServer.StartAsync(_place.File("two"), Keys);
    }

    [OneTimeTearDown]
    public void StopServers()
    {
        _one?.Dispose();
        _two?.Dispose();
        _place.Dispose();
    }

    [SetUp]
    public void Begin()
    {
        _scratch = new Scratch();
        _told = [];
        _environment.Clear();
    }

    [TearDown]
    public void CleanUp() => _scratch.Dispose();

    [Test]
    public async Task A_test_logs_in_with_the_labs_key_whatever_the_runs_key_is()
    {
        await using IPlatform platform = await OpenAsync(Machine("one", _one));
        await using IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None);
        Assert.That(machine.Address, Is.EqualTo($"127.0.0.1:{_one.Port}"));
        await using IShell shell = await machine.ConnectAsync(SshIdentity.Create(), CancellationToken.None);
        using var output = new MemoryStream();
        Assert.That(await shell.ExecuteAsync("id -un; exit 3", null, output, Stream.Null, CancellationToken.None), Is.EqualTo(3));
        Assert.That(Encoding.UTF8.GetString(output.ToArray()), Is.EqualTo(Environment.UserName + "\n"));
        Assert.That((platform.Limits.ConfigBytes, platform.HasChannel, platform.Templates, platform.Capacity.Machines), Is.EqualTo(((int?)0, false, (ITemplates?)null, 1)));
    }

    [Test]
    public async Task Who_says_to_be_the_core_user_by_password_is_taken_at_his_word()
    {
        await using IPlatform platform = await OpenAsync(Machine("one", _one));
        await using IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None);
        Assert.That(async () => await machine.ConnectAsync(SshIdentity.Create().WithPassword("core", "asdf"), CancellationToken.None), Throws.InstanceOf<MachineException>());
    }

    // Its socket is there a moment before anybody listens.
    private static bool Listens(string socket)
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            client.Connect(new UnixDomainSocketEndPoint(socket));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [TestCase("ed25519")]
    [TestCase("rsa")]
    [TestCase("ecdsa")]
    public async Task An_agent_signs_where_no_key_is_named(string kind)
    {
        string key = _scratch.File("agent-key");
        await OpenSshServer.KeyAsync(key, kind);
        await File.AppendAllTextAsync(Keys, await File.ReadAllTextAsync(key + ".pub"));
        string socket = _scratch.File("agent");
        using Process agent = Process.Start(new ProcessStartInfo("ssh-agent", ["-D", "-a", socket]) { RedirectStandardOutput = true })!;
        await Soon.HoldsAsync(() => Listens(socket), () => "an agent", s_soon);
        _environment["SSH_AUTH_SOCK"] = socket;
        UsageException empty = (await Assert.ThrowsAsync<UsageException>(() => OpenAsync(Machine("one", _one, key: null))))!;
        Assert.That(empty.Message, Does.Contain("has no key").And.Contains("ssh-add"));
        await Cli.Wrap("ssh-add").WithArguments(["-q", key]).WithEnvironmentVariables(e => e.Set("SSH_AUTH_SOCK", socket)).ExecuteAsync();
        File.Delete(key);

        await using (IPlatform platform = await OpenAsync(Machine("one", _one, key: null)))
            await (await platform.StartAsync(Spec(), CancellationToken.None)).DisposeAsync();
        Assert.That(_told, Is.Empty);
        agent.Kill();
    }

    [Test]
    public async Task What_cannot_be_logged_in_with_is_told_before_anything_is_started()
    {
        Assert.That((await Assert.ThrowsAsync<UsageException>(() => OpenAsync(Machine("one", _one, "/no/key"))))!.Message, Does.Contain("key /no/key cannot be used"));
        await File.WriteAllTextAsync(_scratch.File("nonsense"), "nonsense");
        Assert.That((await Assert.ThrowsAsync<UsageException>(() => OpenAsync(Machine("one", _one, _scratch.File("nonsense")))))!.Message, Does.Contain("cannot be used"));
        await OpenSshServer.KeyAsync(_scratch.File("locked"), "ed25519", "a passphrase");
        Assert.That((await Assert.ThrowsAsync<UsageException>(() => OpenAsync(Machine("one", _one, _scratch.File("locked")))))!.Message, Does.Contain("ssh-add it to an agent"));
        Assert.That((await Assert.ThrowsAsync<UsageException>(() => OpenAsync(Machine("one", _one, key: null))))!.Message, Does.Contain("no key, and no SSH agent"));
        _environment["SSH_AUTH_SOCK"] = "/no/agent";
        Assert.That((await Assert.ThrowsAsync<UsageException>(() => OpenAsync(Machine("one", _one, key: null))))!.Message, Does.Contain("the SSH agent at /no/agent does not answer"));
    }

    [Test]
    public async Task A_machine_is_one_tests_own_and_the_next_waits_for_it()
    {
        await using IPlatform platform = await OpenAsync(Machine("one", _one), Machine("two", _two));
        await using IPlatform other = await OpenAsync(Machine("one", _one));
        IInstance first = await platform.StartAsync(Spec("first"), CancellationToken.None);
        await using IInstance second = await platform.StartAsync(Spec("second"), CancellationToken.None);
        Assert.That(second.Address, Is.Not.EqualTo(first.Address));
        Task<IInstance> third = other.StartAsync(Spec("third"), CancellationToken.None);
        await Soon.HoldsAsync(() => Told.Contains("some.test/third waits for a machine"), () => Told, s_soon);
        Assert.That(third.IsCompleted, Is.False);
        await first.DisposeAsync();
        await first.DisposeAsync();
        await using IInstance had = await third.WaitAsync(s_soon);
        Assert.That(had.Address, Is.EqualTo($"127.0.0.1:{_one.Port}"));
    }

    [Test]
    public async Task Who_waits_too_long_is_told_who_has_the_machine()
    {
        await using IPlatform platform = await OpenAsync(Machine("one", _one));
        await using IInstance first = await platform.StartAsync(Spec("first"), CancellationToken.None);
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(Spec("second"), CancellationToken.None)))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.Quota));
        Assert.That(fault.Message, Does.Contain("one: in use by tests, conformance-"));
    }

    [Test]
    public async Task A_wait_that_is_cancelled_is_over_and_a_process_that_ends_lets_go()
    {
        using (ReadyLock held = ReadyLock.TryTake(_scratch.File("locks"), Named("one", _one), "{}")!)
        {
            await using IPlatform platform = await OpenAsync(Machine("one", _one));
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            Assert.That(async () => await platform.StartAsync(Spec(), cancel.Token), Throws.InstanceOf<OperationCanceledException>());
            Assert.That(ReadyLock.TryTake(_scratch.File("locks"), Named("one", _one), "{}"), Is.Null);
        }

        // As another program would hold it: the kernel knows who has ended.
        BufferedCommandResult taken = await Cli.Wrap("flock").WithArguments(["-n", _scratch.File($"locks/127.0.0.1-{_one.Port}.lock"), "true"]).ExecuteBufferedAsync();
        Assert.That(taken.ExitCode, Is.Zero);
        using ReadyLock? again = ReadyLock.TryTake(_scratch.File("locks"), Named("one", _one), "{}");
        Assert.That(again, Is.Not.Null);
        Assert.That(File.GetUnixFileMode(_scratch.File("locks")), Is.EqualTo((UnixFileMode)0b001_111_111_111), "everybody may take machines of this host's lab");
    }

    [Test]
    public async Task A_machine_that_was_used_is_restored_before_it_is_used_again()
    {
        await File.WriteAllTextAsync(_scratch.File("restore"), $"#!/bin/sh\necho \"$KOLA_MACHINE $KOLA_ADDRESS $KOLA_PORT\" >>{_scratch.File("log")}\n");
        File.SetUnixFileMode(_scratch.File("restore"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using IPlatform platform = await OpenWithAsync("commands: { restore: { run: [./restore] } }", Machine("one", _one));
        await (await platform.StartAsync(Spec("first"), CancellationToken.None)).DisposeAsync();
        Assert.That(File.Exists(_scratch.File("log")), Is.False);
        await (await platform.StartAsync(Spec("second"), CancellationToken.None)).DisposeAsync();
        Assert.That(await File.ReadAllTextAsync(_scratch.File("log")), Is.EqualTo($"one 127.0.0.1 {_one.Port}\n"));
    }

    [Test]
    public async Task A_machine_that_cannot_be_restored_is_set_aside_and_another_is_taken()
    {
        await using IPlatform platform = await OpenWithAsync("commands: { restore: { run: ['false'], retries: 0 } }", Machine("one", _one), Machine("two", _two));
        await (await platform.StartAsync(Spec("first"), CancellationToken.None)).DisposeAsync();
        await using IInstance second = await platform.StartAsync(Spec("second"), CancellationToken.None);
        Assert.That(second.Address, Is.EqualTo($"127.0.0.1:{_two.Port}"));
        Assert.That(Told, Does.Contain("one is set aside: one: restore of the lab ready failed"));
    }

    [Test]
    public async Task Somebody_else_at_its_address_is_no_machine_of_the_lab()
    {
        await using IPlatform platform = await OpenAsync(Machine("one", _one, hostKey: _two.HostKey));
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(Spec(), CancellationToken.None)))!;
        Assert.That(fault.Message, Does.Contain("no machine of the lab ready is any good").And.Contains("has another SSH host key than the lab file says"));
        Assert.That(Told, Does.Contain($"wanted:  {_two.HostKey}").And.Contains($"got:     {_one.HostKey}"));
    }

    [Test]
    public async Task The_image_is_what_the_machines_say_of_themselves()
    {
        PlatformRequest request = await WriteAsync("", Machine("one", _one), Machine("silent", _one, port: OpenSshServer.FreePort()));
        Image image = (await new LabDriver().FindImageAsync(request.Access, CancellationToken.None))!;
        Assert.That(image.Digest, Does.Match("^machine:[0-9a-f]{64}$"));
        Assert.That((image.Name, image.Direct), Is.EqualTo(("ready", (DirectBoot?)null)));
        Assert.That(Told, Does.Contain("silent does not answer"));

        request = await WriteAsync("", Machine("silent", _one, port: OpenSshServer.FreePort()));
        Assert.That((await Assert.ThrowsAsync<PlatformException>(() => new LabDriver().FindImageAsync(request.Access, CancellationToken.None)))!.Signal, Is.EqualTo(Signal.NoContact));
    }

    [Test]
    public void What_a_machine_says_of_itself_is_read_as_an_image()
    {
        Image image = ReadyImage.Parse("rack", "os:NAME=\"Flatcar Container Linux by Kinvolk\"\nos:ID=flatcar\nos:VERSION=4459.2.1\nos:VERSION_ID=4459.2.1\nos:VARIANT_ID=reference\narch=aarch64\ngroup=stable\ngroup=\nhas=update_engine_client\n");
        Assert.That((image.Version, image.Channel, image.Architecture, image.Variant), Is.EqualTo(("4459.2.1", (string?)null, "arm64", "reference")));
        Assert.That(image.Lacks, Is.EqualTo(new[] { Feature.Locksmith, Feature.CloudInit, Feature.Selinux }));
        Assert.That(image.Digest, Is.Not.EqualTo(ReadyImage.Parse("rack", "os:VERSION=4459.2.1\narch=aarch64\n").Digest));
    }

    private string Told
    {
        get
        {
            lock (_told)
                return string.Join('\n', _told);
        }
    }

    private static ReadyMachine Named(string name, OpenSshServer server) => new() { Name = name, Address = "127.0.0.1", Port = server.Port, HostKey = server.HostKey };

    private string Machine(string name, OpenSshServer server, string? key = "", string? hostKey = null, int? port = null) =>
        $"{{ name: {name}, address: 127.0.0.1, port: {port ?? server.Port}, user: {Environment.UserName}, host-key: '{hostKey ?? server.HostKey}'{(key is null ? "" : $", key: {(key.Length == 0 ? Key : key)}")} }}";

    private async Task<IPlatform> OpenAsync(params string[] machines) => await new LabDriver().OpenAsync(await WriteAsync("", machines), CancellationToken.None);

    private async Task<IPlatform> OpenWithAsync(string more, params string[] machines) => await new LabDriver().OpenAsync(await WriteAsync(more, machines), CancellationToken.None);

    private async Task<PlatformRequest> WriteAsync(string more, params string[] machines)
    {
        string file = _scratch.File("ready.yaml");
        await File.WriteAllTextAsync(file, $"version: 1\nwait: 2s\nlocks: locks\nmachines:\n{string.Concat(machines.Select(m => $"- {m}\n"))}{more}\n");
        PlatformRequest request = Conformance.Request(_scratch, new Image { File = "none", Format = "none", Digest = "machine:0", Name = "ready" }, _scratch.File("cache"), (LabDriver.FileOption, file));
        return request with { Access = request.Access with { Environment = name => _environment.GetValueOrDefault(name), Progress = new Immediate(_told) } };
    }

    private InstanceSpec Spec(string name = "machine") => new()
    {
        Id = $"some.test/{name}",
        Machine = new MachineSpec { Name = name },
        Image = new Image { File = "none", Format = "none", Digest = "machine:0", Name = "ready" },
        Directory = _scratch.New(name),
    };

    private sealed class Immediate(List<string> told) : IProgress<string>
    {
        public void Report(string value)
        {
            lock (told)
                told.Add(value);
        }
    }
}
