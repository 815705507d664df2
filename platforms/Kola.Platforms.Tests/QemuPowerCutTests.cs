using Kola.Machines;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>Power cuts of a guest of one sector, which writes the number of its boot onto its disk and knows no flush.</summary>
public sealed class QemuPowerCutTests
{
    private static readonly TimeSpan s_boot = TimeSpan.FromSeconds(120);
    private readonly QemuBackend _backend = new();
    private Scratch _scratch = null!;

    [SetUp]
    public void HaveQemu()
    {
        if (_backend.WhyNot is { } reason)
            Assert.Ignore(reason);
        _scratch = new Scratch();
    }

    [TearDown]
    public void CleanUp() => _scratch?.Dispose();

    [Test]
    public async Task A_machine_goes_on_from_the_writes_before_its_cut_however_often_and_in_whatever_order_it_is_cut()
    {
        await using IPlatform platform = await _backend.CreateAsync(_scratch);
        await using IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None);
        await SaysAsync(machine, "kola boot 1");
        for (int reset = 2; reset <= 4; reset++)
        {
            await machine.ResetAsync(CancellationToken.None);
            await SaysAsync(machine, $"kola boot {reset}");
        }

        // From its second boot on QEMU flushes for a BIOS which never does.
        IReadOnlyList<DiskWrite> recorded = machine.Recording!.Writes;
        int[] behind = [0, .. Enumerable.Range(0, recorded.Count).Where(i => recorded[i] == new DiskWrite(DiskWriteKind.Write, 0, 1)).Select(i => i + 1)];
        Assert.That(behind, Has.Length.EqualTo(5), "polled while it runs");
        Assert.That(recorded.Count(w => w.Kind == DiskWriteKind.Flush), Is.EqualTo(recorded.Count - 4).And.GreaterThan(0));
        Assert.That(Directory.EnumerateFiles(_scratch.File("run"), "disk*", SearchOption.AllDirectories), Is.Empty);
        foreach ((int boot, LostWrites lost, int next) in new[] { (3, LostWrites.None, 4), (1, LostWrites.None, 2), (1, LostWrites.All, 1), (4, LostWrites.All, 4), (0, LostWrites.None, 1), (4, LostWrites.None, 5) })
        {
            int before = Console(machine).Length;
            await machine.PowerCutAsync(new CutPoint { Entry = behind[boot], Lost = lost }, CancellationToken.None);
            await Soon.HoldsAsync(() => Console(machine)[before..].Contains($"kola boot {next}\r", StringComparison.Ordinal), () => Console(machine)[before..], s_boot);
            Assert.That(machine.Recording.Count, Is.EqualTo(recorded.Count));
        }
    }

    [Test]
    public async Task A_power_cycle_ends_the_recording_and_what_it_has_can_be_cut()
    {
        await using IPlatform platform = await _backend.CreateAsync(_scratch);
        await using IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None);
        await SaysAsync(machine, "kola boot 1");
        await machine.PowerCycleAsync(CancellationToken.None);
        await SaysAsync(machine, "kola boot 2");
        Assert.That(machine.Recording!.Count, Is.EqualTo(1));
        int before = Console(machine).Length;
        await machine.PowerCutAsync(new CutPoint { Entry = 0 }, CancellationToken.None);
        await Soon.HoldsAsync(() => Console(machine)[before..].Contains("kola boot 1", StringComparison.Ordinal), () => Console(machine)[before..], s_boot);
    }

    [Test]
    public async Task What_is_kept_can_be_opened_after_the_machine()
    {
        await using IPlatform platform = await _backend.CreateAsync(_scratch);
        await using (IInstance machine = await platform.StartAsync(Spec() with { Keep = true }, CancellationToken.None))
        {
            await SaysAsync(machine, "kola boot 1");
            await machine.PowerCutAsync(new CutPoint { Entry = 1 }, CancellationToken.None);
        }

        string[] kept = ["disk.qcow2", "disk-writes.log", "disk-flushed.qcow2", "disk-cut.qcow2"];
        Assert.That(kept.Where(f => !File.Exists(Path.Combine(_scratch.File("machine"), f))), Is.Empty);
        Assert.That((await HostTool.RunAsync("qemu-img", ["check", Path.Combine(_scratch.File("machine"), "disk-cut.qcow2")], CancellationToken.None)).ExitCode, Is.Zero);
    }

    private static Task SaysAsync(IInstance machine, string words) =>
        Soon.HoldsAsync(() => Console(machine).Contains(words, StringComparison.Ordinal), () => $"\"{words}\" on the console:\n{Console(machine)}", s_boot);

    private static string Console(IInstance machine) => File.ReadAllText(machine.ConsoleFile!);

    private InstanceSpec Spec() => new()
    {
        Id = "test/machine",
        Machine = new MachineSpec { Name = "machine", MemoryMiB = 256, RecordsWrites = true },
        Image = _backend.Image(_scratch, powersOff: false),
        Directory = _scratch.New("machine"),
    };
}
