using System.Diagnostics;
using Kola.Machines;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>What only QEMU promises, tried with a guest of one sector.</summary>
public sealed class QemuTests
{
    private static readonly TimeSpan s_boot = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(30);
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
    public async Task A_kola_killed_with_signal_9_takes_qemu_and_swtpm_along_and_the_next_one_sweeps()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, _scratch.Path]) { RedirectStandardOutput = true };
        using Process parent = Process.Start(start)!;
        string? line = await parent.StandardOutput.ReadLineAsync();
        int qemu = int.Parse(line!);
        Assert.That(Directory.Exists($"/proc/{qemu}"), Is.True);

        parent.Kill();
        await parent.WaitForExitAsync();

        await Soon.HoldsAsync(() => !Directory.Exists($"/proc/{qemu}"), () => "QEMU is gone", s_soon);
        await Soon.HoldsAsync(() => HostProcess.Using(_scratch.Path).Count == 0, () => "swtpm is gone", s_soon);
        Assert.That(Directory.GetDirectories(_scratch.File("run")), Is.Not.Empty, "a killed kola cleans nothing up");
        await using IPlatform next = await _backend.CreateAsync(_scratch);
        Assert.That(Directory.GetDirectories(_scratch.File("run")), Has.Length.EqualTo(1), "only the next one's own directory");
    }

    [Test]
    public async Task A_power_cycle_finds_its_disk_and_its_address_though_the_disk_has_no_name()
    {
        await using IPlatform platform = await _backend.CreateAsync(_scratch);
        await using IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None);
        await SaysAsync(machine, "kola boot 1");
        await machine.ResetAsync(CancellationToken.None);
        await SaysAsync(machine, "kola boot 2");
        string address = machine.Address;
        Assert.That(Directory.EnumerateFiles(_scratch.File("run"), "*.qcow2", SearchOption.AllDirectories), Is.Empty);

        await machine.PowerCycleAsync(CancellationToken.None);

        // Whether the count is 3 now is not promised: a BIOS never flushes.
        await Soon.HoldsAsync(() => Console(machine).Split("kola boot").Length == 4, () => "a third boot", s_boot);
        Assert.That(machine.Address, Is.EqualTo(address));
        Assert.That(await File.ReadAllBytesAsync(Spec().Image.File), Has.Length.EqualTo(1 << 20), "the image itself is never written");
    }

    [Test]
    public async Task More_memory_than_the_host_has_is_told_as_the_hosts_want_of_memory()
    {
        await using IPlatform platform = await _backend.CreateAsync(_scratch);
        InstanceSpec spec = Spec();
        PlatformException? fault = await Assert.ThrowsAsync<PlatformException>(() =>
            platform.StartAsync(spec with { Machine = spec.Machine with { MemoryMiB = 900_000_000 } }, CancellationToken.None));
        Assert.That(fault!.Signal, Is.EqualTo(Signal.HostMemory), fault.Message);
    }

    [Test]
    public async Task User_data_is_on_a_disk_as_OpenStack_hands_it_over()
    {
        const string userData = "#cloud-config\nhostname: ümlaut\n";
        string drive = await ConfigDrive.CreateAsync("some.test/machine", userData, _scratch.Path, CancellationToken.None);
        Assert.That((await HostTool.RunAsync("blkid", ["-p", "-o", "value", "-s", "LABEL", drive], CancellationToken.None)).StandardOutput.Trim(), Is.EqualTo("config-2"));
        Assert.That((await HostTool.RunAsync("mtype", ["-i", drive, "::openstack/latest/user_data"], CancellationToken.None)).StandardOutput, Is.EqualTo(userData));
        Assert.That(File.Exists(_scratch.File("user_data")), Is.False);
    }

    [Test]
    public async Task What_is_kept_stays_in_the_machines_own_directory()
    {
        await using IPlatform platform = await _backend.CreateAsync(_scratch);
        await using (IInstance machine = await platform.StartAsync(Spec() with { Keep = true }, CancellationToken.None))
            await SaysAsync(machine, "kola boot 1");
        Assert.That(File.Exists(Path.Combine(_scratch.File("machine"), "disk.qcow2")), Is.True);
    }

    [Test]
    public async Task Uefi_and_a_tpm_start_and_survive_a_power_cycle()
    {
        await using IPlatform platform = await _backend.CreateAsync(_scratch);
        if (!platform.Features.IsSupersetOf([Feature.Uefi, Feature.Tpm]))
            Assert.Ignore("needs firmware and a TPM emulator: apt-get install ovmf swtpm");
        MachineSpec shape = Spec().Machine with { Firmware = Firmware.Uefi, Tpm = true };
        await using IInstance machine = await platform.StartAsync(Spec() with { Machine = shape }, CancellationToken.None);
        await SaysAsync(machine, "BdsDxe");
        await machine.PowerCycleAsync(CancellationToken.None);
        Assert.That(machine.Exited.IsCompleted, Is.False);
    }

    [Test]
    public async Task Kvm_is_asked_once_and_the_answer_is_kept()
    {
        if (!File.Exists("/dev/kvm"))
            Assert.Ignore("this host has no /dev/kvm");
        Image image = _backend.Image(_scratch, powersOff: true);
        QemuOptions options = QemuBackend.Options(_scratch) with { Acceleration = AccelerationMode.Auto };
        string first;
        await using (QemuPlatform platform = await QemuPlatform.CreateAsync(options, image, TimeProvider.System, CancellationToken.None))
        {
            // A boot sector is no kernel, however well it runs.
            Assert.That(platform.Slowness, Is.GreaterThan(1));
            first = platform.Facts["kvm-probe"];
            Assert.That(first, Does.StartWith("does not work: "));
        }

        await using QemuPlatform again = await QemuPlatform.CreateAsync(options, image, TimeProvider.System, CancellationToken.None);
        Assert.That(again.Facts["kvm-probe"], Is.EqualTo(first));
        UsageException refusal = (await Assert.ThrowsAsync<UsageException>(() =>
            QemuPlatform.CreateAsync(options with { Acceleration = AccelerationMode.Kvm }, image, TimeProvider.System, CancellationToken.None)))!;
        Assert.That(refusal.Message, Does.Contain("next:"));
    }

    [Test]
    public async Task Without_qemu_the_remedy_is_told()
    {
        UsageException problem = (await Assert.ThrowsAsync<UsageException>(() => QemuPlatform.CreateAsync(
            QemuBackend.Options(_scratch) with { Binary = "/nowhere/qemu-system-x86_64" }, Spec().Image, TimeProvider.System, CancellationToken.None)))!;
        Assert.That(problem.Message, Is.EqualTo("""
            qemu: `/nowhere/qemu-system-x86_64` cannot be used on this host
              wanted:  the program on the path
              got:     no such program
              next:    apt-get install qemu-system-x86
            """));
    }

    private static Task SaysAsync(IInstance machine, string words) =>
        Soon.HoldsAsync(() => Console(machine).Contains(words, StringComparison.Ordinal), () => $"\"{words}\" on the console:\n{Console(machine)}", s_boot);

    private static string Console(IInstance machine) => File.ReadAllText(machine.ConsoleFile!);

    private InstanceSpec Spec() => new()
    {
        Id = "test/machine",
        Machine = new MachineSpec { Name = "machine", MemoryMiB = 256 },
        Image = _backend.Image(_scratch, powersOff: false),
        Directory = _scratch.New("machine"),
    };
}
