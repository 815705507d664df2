using System.Diagnostics;
using Kola.Machines;

namespace Kola.Platforms.Tests;

/// <summary>What every platform promises of a machine nobody logs in to: power, console, ends, and that nothing is left.</summary>
[TestFixtureSource(nameof(Backends))]
public sealed class PowerContract(Backend backend)
{
    private static readonly TimeSpan s_boot = TimeSpan.FromSeconds(120);
    // Without waiting for a guest, as in no time at all on an idle host; on one that is full a process takes seconds to start and to end.
    private static readonly TimeSpan s_prompt = TimeSpan.FromSeconds(15);

    private Scratch _scratch = null!;
    private IPlatform _platform = null!;

    public static IEnumerable<Backend> Backends => [new FakeBackend(), new QemuBackend(), new QemuBackend("arm64"), new Labs.LabBackend(), new Libvirt.LibvirtBackend()];

    [SetUp]
    public async Task HaveAPlatform()
    {
        if (backend.WhyNot is { } reason)
            Assert.Ignore(reason);
        _scratch = new Scratch();
        _platform = await backend.CreateAsync(_scratch);
    }

    [TearDown]
    public async Task LeaveNothing()
    {
        if (_platform is not null)
            await _platform.DisposeAsync();
        _scratch?.Dispose();
    }

    [Test]
    public async Task Console_is_captured_from_the_first_byte_and_over_every_kind_of_boot()
    {
        await using IInstance machine = await StartAsync();
        await BootsAsync(machine, 1);
        await machine.ResetAsync(CancellationToken.None);
        await BootsAsync(machine, 2);
        await machine.PowerCycleAsync(CancellationToken.None);
        await BootsAsync(machine, 3);
        Assert.That(machine.Exited.IsCompleted, Is.False, "neither is an end of the machine");
    }

    [Test]
    public async Task Disposal_leaves_nothing_and_may_come_twice()
    {
        IInstance machine = await StartAsync();
        Func<IEnumerable<string>> occupied = backend.Occupied(machine, _scratch);
        Assert.That(occupied(), Is.Not.Empty, "what is looked for is there while it runs");

        await machine.DisposeAsync();
        await machine.DisposeAsync();

        Assert.That(occupied(), Is.Empty);
        Assert.That(Directory.GetFiles(_scratch.File("machine")).Select(Path.GetFileName), Is.EqualTo(new[] { "console.txt" }));
        Assert.That(machine.Exited.IsCompleted, Is.False, "disposal is no end to be reported");
    }

    [Test]
    public async Task A_killed_emulator_is_the_platforms_fault_and_told_at_once()
    {
        await using IInstance machine = await StartAsync();
        backend.Kill(machine);
        InstanceExit exit = await machine.Exited.WaitAsync(s_prompt);
        Assert.That(exit.PlatformFault, Is.True, exit.Detail);
        Assert.That(exit.Detail, Does.Contain("kill").IgnoreCase);
        await Assert.ThrowsAsync<PlatformException>(() => machine.ResetAsync(CancellationToken.None));
    }

    [Test]
    public async Task A_guest_that_powers_off_is_nobodys_fault()
    {
        await using IInstance machine = await StartAsync(powersOff: true);
        InstanceExit exit = await machine.Exited.WaitAsync(s_boot);
        Assert.That(exit, Is.EqualTo(new InstanceExit(PlatformFault: false, "the guest powered off")));
    }

    [Test]
    public async Task A_start_that_is_cancelled_is_prompt_and_leaves_nothing([Values(0, 1, 5, 20, 50, 100, 200)] int milliseconds)
    {
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(milliseconds));
        long start = Stopwatch.GetTimestamp();
        try
        {
            await using IInstance machine = await StartAsync(cancel: cancel.Token);
        }
        catch (OperationCanceledException)
        {
        }

        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(s_prompt));
        await using IInstance witness = await StartAsync();
        Func<IEnumerable<string>> occupied = backend.Occupied(witness, _scratch);
        await witness.DisposeAsync();
        Assert.That(occupied(), Is.Empty);
    }

    [Test]
    public async Task A_start_that_fails_is_the_platforms_fault()
    {
        await using IPlatform broken = await backend.CreateBrokenAsync(_scratch);
        PlatformException problem = (await Assert.ThrowsAsync<PlatformException>(() => StartAsync(broken)))!;
        Assert.That(problem.Message, Does.Contain("no room"));
    }

    [Test]
    public async Task The_platforms_own_end_takes_its_machines_along()
    {
        IInstance machine = await StartAsync();
        Func<IEnumerable<string>> occupied = backend.Occupied(machine, _scratch);
        await _platform.DisposeAsync();
        Assert.That(occupied(), Is.Empty);
    }

    [Test]
    public async Task A_machine_whose_writes_are_recorded_boots_after_every_power_cut_and_the_recording_stays()
    {
        if (!backend.Records)
            Assert.Pass("it offers no recording");
        await using IInstance machine = await StartAsync(records: true);
        await BootsAsync(machine, 1);
        await machine.PowerCutAsync(new CutPoint { Entry = 0 }, CancellationToken.None);
        IReadOnlyList<DiskWrite> recorded = machine.Recording!.Writes;
        await BootsAsync(machine, 2);
        await machine.PowerCutAsync(new CutPoint { Entry = recorded.Count, Lost = LostWrites.Random(1) }, CancellationToken.None);
        await BootsAsync(machine, 3);
        Assert.That(machine.Recording.Writes, Is.EqualTo(recorded), "later boots are not recorded");
        Assert.That(machine.Recording.Count, Is.EqualTo(recorded.Count));
        Assert.That(machine.Exited.IsCompleted, Is.False, "it is no end of the machine");
    }

    [Test]
    public async Task A_power_cut_that_was_not_recorded_is_the_callers_mistake_and_the_machine_runs_on()
    {
        if (!backend.Records)
            Assert.Pass("it offers no recording");
        await using IInstance recorded = await StartAsync(records: true);
        await Assert.ThrowsAsync<UsageException>(() => recorded.PowerCutAsync(new CutPoint { Entry = 1_000_000 }, CancellationToken.None));
        await recorded.ResetAsync(CancellationToken.None);
        await recorded.DisposeAsync();
        await using IInstance plain = await StartAsync();
        Assert.That(plain.Recording, Is.Null);
        UsageException mistake = (await Assert.ThrowsAsync<UsageException>(() => plain.PowerCutAsync(new CutPoint { Entry = 0 }, CancellationToken.None)))!;
        Assert.That(mistake.Message, Does.Contain("next:"));
        await plain.ResetAsync(CancellationToken.None);
    }

    [Test]
    public async Task Disposal_after_a_power_cut_leaves_nothing()
    {
        if (!backend.Records)
            Assert.Pass("it offers no recording");
        IInstance machine = await StartAsync(records: true);
        await machine.PowerCutAsync(new CutPoint { Entry = 0 }, CancellationToken.None);
        Func<IEnumerable<string>> occupied = backend.Occupied(machine, _scratch);
        await machine.DisposeAsync();
        Assert.That(occupied(), Is.Empty);
        Assert.That(Directory.GetFiles(_scratch.File("machine")).Select(Path.GetFileName), Is.EqualTo(new[] { "console.txt" }));
    }

    private Task<IInstance> StartAsync(IPlatform? platform = null, bool powersOff = false, bool records = false, CancellationToken cancel = default) =>
        (platform ?? _platform).StartAsync(
            new InstanceSpec
            {
                Id = "test/machine",
                Machine = new MachineSpec { Name = "machine", MemoryMiB = 256, Disks = [new ExtraDisk(8, "spare")], RecordsWrites = records },
                Image = backend.Image(_scratch, powersOff),
                Ignition = "{}",
                Directory = _scratch.New("machine"),
            },
            cancel);

    private static async Task BootsAsync(IInstance machine, int times)
    {
        long start = Stopwatch.GetTimestamp();
        string console;
        do
        {
            console = await File.ReadAllTextAsync(machine.ConsoleFile!);
            if (console.Split("kola boot").Length - 1 == times)
                return;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
        while (Stopwatch.GetElapsedTime(start) < s_boot);
        Assert.Fail($"the console does not show {times} boots:\n{console}");
    }
}
