using System.Diagnostics;
using System.Text;
using Kola.Fake;
using Kola.Machines;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>
/// What every platform promises of a machine somebody logs in to. One machine goes through all of it, since each of its boots is
/// minutes when emulated; a second one joins at the end.
/// </summary>
[TestFixture("fake")]
[TestFixture("qemu")]
public sealed class LoginContract(string backend)
{
    private const string Remedy = "needs an image: KOLA_IMAGE=FILE dotnet test";
    private readonly SshIdentity _identity = SshIdentity.Create();
    private Scratch _scratch = null!;
    private IPlatform _platform = null!;
    private Image _image = null!;
    private IInstance _machine = null!;
    private string _bootId = "";

    // Hashing an image takes half a minute; a person who tries again is not made to wait again.
    private static string Cache => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "kola-contract");

    [OneTimeSetUp]
    public async Task StartAMachine()
    {
        _scratch = new Scratch();
        if (backend == "fake")
        {
            _image = new Image { File = "none", Format = "raw", Digest = "sha256:0", Name = "fake" };
            _platform = new FakePlatform(new FakeOptions(), TimeProvider.System);
        }
        else
        {
            if (Environment.GetEnvironmentVariable("KOLA_IMAGE") is not { Length: > 0 } file)
                Assert.Ignore(Remedy);
            else
                _image = await ImageFile.PrepareAsync(file, Cache, null, CancellationToken.None);
            QemuOptions options = QemuBackend.Options(_scratch) with { Acceleration = AccelerationMode.Auto, CacheDirectory = Cache };
            _platform = await QemuPlatform.CreateAsync(options, _image, TimeProvider.System, CancellationToken.None);
        }

        TestContext.Progress.WriteLine(string.Join('\n', _platform.Facts.Select(f => $"{f.Key}: {f.Value}")));
        _machine = await StartAsync("hub", 1);
    }

    [OneTimeTearDown]
    public async Task LeaveNothing()
    {
        if (_machine is not null)
            await _machine.DisposeAsync();
        if (_platform is not null)
            await _platform.DisposeAsync();
        _scratch.Dispose();
    }

    [Test]
    public async Task It_boots_and_answers()
    {
        _bootId = await BootIdAsync(_machine);
        Assert.That(_bootId, Does.Match("^[0-9a-f-]{36}$"));
        Assert.That(await File.ReadAllTextAsync(_machine.ConsoleFile!), Is.Not.Empty);
    }

    [Test, DependsOnTest(nameof(It_boots_and_answers))]
    public async Task A_reset_gives_a_new_boot_id()
    {
        // A first boot's files, sshd's host keys among them, are in the guest's memory only: a reset without this leaves them empty.
        await using (IShell shell = await LoginAsync(_machine))
            await RunAsync(shell, "sync");
        await _machine.ResetAsync(CancellationToken.None);
        string after = await BootIdAsync(_machine);
        Assert.That(after, Is.Not.EqualTo(_bootId));
        _bootId = after;
    }

    [Test, DependsOnTest(nameof(A_reset_gives_a_new_boot_id))]
    public async Task A_power_cycle_gives_a_new_boot_id_and_what_was_flushed_is_still_there()
    {
        await using (IShell shell = await LoginAsync(_machine))
        {
            await RunAsync(shell, "sudo install -D -m 0644 /dev/stdin '/var/flushed'", "kept");
            await RunAsync(shell, "sync");
        }

        await _machine.PowerCycleAsync(CancellationToken.None);
        Assert.That(await BootIdAsync(_machine), Is.Not.EqualTo(_bootId));
        await using IShell again = await LoginAsync(_machine);
        Assert.That(await RunAsync(again, "sudo cat '/var/flushed'"), Is.EqualTo("kept"));
    }

    [Test, DependsOnTest(nameof(A_power_cycle_gives_a_new_boot_id_and_what_was_flushed_is_still_there))]
    public async Task Machines_of_one_segment_reach_each_other()
    {
        await using IInstance spoke = await StartAsync("spoke", 2);
        await using IShell shell = await LoginAsync(spoke);
        Assert.That(await RunAsync(shell, "sudo ping -c 3 -s 1400 -W 5 198.18.0.1"), Does.Contain("bytes from 198.18.0.1"));

        // Each of three ways to cut the cable, and to mend it.
        ILink cable = _machine.Links.Single();
        await CutsAsync(() => cable.PlugAsync(false, CancellationToken.None), () => cable.PlugAsync(true, CancellationToken.None));
        await CutsAsync(() => Shape(LinkCondition.Healthy, new LinkCondition { Loss = 1 }), () => Shape(LinkCondition.Healthy, LinkCondition.Healthy));
        await CutsAsync(() => Ignore(spoke.Links), () => Ignore([]));
        string capture = _scratch.File("lan.pcap");
        Assert.That(await cable.SaveCaptureAsync(capture, CancellationToken.None), Is.True);
        Assert.That(File.Exists(capture), Is.True);

        async Task CutsAsync(Func<Task> cut, Func<Task> mend)
        {
            await cut();
            Assert.That(await shell.ExecuteAsync("sudo ping -c 1 -W 3 198.18.0.1", null, Stream.Null, Stream.Null, CancellationToken.None), Is.Not.Zero);
            await mend();
            // A card that has a carrier again takes its time.
            Assert.That(await RunAsync(shell, "sudo ping -c 20 -i 0.5 -W 5 198.18.0.1"), Does.Contain("bytes from 198.18.0.1"));
        }

        Task Shape(LinkCondition to, LinkCondition from)
        {
            cable.Shape(to, from);
            return Task.CompletedTask;
        }

        Task Ignore(IReadOnlyCollection<ILink> senders)
        {
            cable.Ignore(senders);
            return Task.CompletedTask;
        }
    }

    [Test, DependsOnTest(nameof(Machines_of_one_segment_reach_each_other))]
    public async Task It_powers_off_and_that_is_nobodys_fault()
    {
        IShell shell = await LoginAsync(_machine);
        await shell.ExecuteAsync("sudo systemctl poweroff", null, Stream.Null, Stream.Null, CancellationToken.None);
        InstanceExit exit = await _machine.Exited.WaitAsync(TimeSpan.FromMinutes(2) * _platform.Slowness);
        await shell.DisposeAsync();
        Assert.That(exit, Is.EqualTo(new InstanceExit(PlatformFault: false, "the guest powered off")));
    }

    private async Task<string> BootIdAsync(IInstance machine)
    {
        await using IShell shell = await LoginAsync(machine);
        return (await RunAsync(shell, "cat /proc/sys/kernel/random/boot_id")).Trim();
    }

    private async Task<IShell> LoginAsync(IInstance machine)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                IShell shell = await machine.ConnectAsync(_identity, CancellationToken.None);
                TestContext.Progress.WriteLine($"{machine.Id}: logged in after {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
                return shell;
            }
            catch (MachineException nothing) when (Stopwatch.GetElapsedTime(start) < TimeSpan.FromMinutes(2) * _platform.Slowness && !machine.Exited.IsCompleted)
            {
                TestContext.Progress.WriteLine(nothing.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
            }
        }
    }

    private static async Task<string> RunAsync(IShell shell, string command, string? input = null)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        using Stream? content = input is null ? null : new MemoryStream(Encoding.UTF8.GetBytes(input));
        int? exitCode = await shell.ExecuteAsync(command, content, output, error, CancellationToken.None);
        Assert.That(exitCode, Is.Zero, $"{command}: {Encoding.UTF8.GetString(output.ToArray())} {Encoding.UTF8.GetString(error.ToArray())}");
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private Task<IInstance> StartAsync(string name, int number)
    {
        string network = Convert.ToBase64String(Encoding.UTF8.GetBytes($"""
            [Match]
            MACAddress=52:54:00:6b:00:0{number}

            [Network]
            Address=198.18.0.{number}/24
            DHCP=no
            """));
        var spec = new InstanceSpec
        {
            Id = $"contract/{name}",
            Machine = new MachineSpec { Name = name },
            Image = _image,
            Directory = _scratch.New(name),
            Links = [new InstanceLink("contract", "lan", $"52:54:00:6b:00:0{number}")],
            Ignition = $$"""
                {
                  "ignition": { "version": "3.3.0" },
                  "passwd": { "users": [ { "name": "core", "sshAuthorizedKeys": [ "{{_identity.PublicKey}}" ] } ] },
                  "storage": { "files": [ {
                    "path": "/etc/systemd/network/10-private.network",
                    "contents": { "source": "data:;base64,{{network}}" }
                  } ] }
                }
                """,
        };
        return _platform.StartAsync(spec, CancellationToken.None);
    }
}
