using Kola.Machines;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>Machines of other shapes than the usual one, tried with a guest of one sector.</summary>
public sealed class QemuShapeTests
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
    public async Task A_machine_of_the_older_type_boots_with_every_kind_of_disk_and_takes_a_card_while_it_runs()
    {
        await using QemuPlatform platform = await OpenAsync(Options with { MachineType = "pc" });
        Assert.That(platform.Facts["machine-type"], Is.EqualTo("pc"));
        MachineSpec shape = Spec().Machine with { Disks = [new ExtraDisk(8, "a"), new ExtraDisk(8, "b", DiskBus.Nvme), new ExtraDisk(8, "c", DiskBus.Scsi)] };
        await using INetwork network = await platform.OpenNetworkAsync(new NetworkSpec { Name = "test", Segments = [new SegmentSpec { Name = "lan" }], Directory = _scratch.New("network") }, CancellationToken.None);
        InstanceSpec spec = Spec() with { Machine = shape, Links = [new InstanceLink("test", "lan", InstanceLink.UnconfiguredMac(0))] };
        await using IInstance machine = await platform.StartAsync(spec, CancellationToken.None);
        await SaysAsync(machine, "kola boot 1");
        await machine.InsertCardAsync("lan", InstanceLink.UnconfiguredMac(1), CancellationToken.None);
        Assert.That(machine.Links, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_machine_type_nobody_has_is_the_callers_mistake_and_the_nearest_is_named()
    {
        UsageException problem = (await Assert.ThrowsAsync<UsageException>(() => OpenAsync(Options with { MachineType = "q53" })))!;
        Assert.That(problem.Message, Does.StartWith("qemu: no machine type \"q53\"").And.Contain("next:    --machine-type q35 or "));
        Assert.That(_scratch.File("run"), Does.Not.Exist, "nothing was made");
    }

    [Test]
    public async Task Arguments_of_the_callers_own_reach_qemu()
    {
        await using QemuPlatform platform = await OpenAsync(Options with { ExtraArguments = ["-name", "process=kola-extra"] });
        await using IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None);
        string[] words = (await File.ReadAllTextAsync($"/proc/{((QemuInstance)machine).ProcessId}/cmdline")).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(words.TakeLast(2), Is.EqualTo(new[] { "-name", "process=kola-extra" }));
    }

    [Test]
    public async Task Arguments_qemu_refuses_are_the_callers_mistake_and_told_in_its_words_before_any_machine()
    {
        UsageException problem = (await Assert.ThrowsAsync<UsageException>(() => OpenAsync(Options with { ExtraArguments = ["-device", "no-such-card"] })))!;
        Assert.That(problem.Message, Does.StartWith("--qemu-arg -device --qemu-arg no-such-card: ").And.Contain("'no-such-card' is not a valid device model name").And.Contain("next:"));
        Assert.That(Directory.EnumerateFileSystemEntries(_scratch.File("run")), Is.Empty, "nothing is left");
    }

    [Test]
    public async Task A_qemu_that_starts_nothing_at_all_is_not_blamed_on_the_arguments()
    {
        string binary = _scratch.File("qemu-broken");
        await File.WriteAllTextAsync(binary, "#!/bin/sh\ntest \"$1\" = --version && exec qemu-system-x86_64 --version\necho 'qemu: no room' >&2; exit 1\n");
        File.SetUnixFileMode(binary, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await Assert.ThrowsAsync<PlatformException>(() => OpenAsync(Options with { Binary = binary, ExtraArguments = ["-no-such"] }));
    }

    [Test]
    public async Task A_template_depends_on_machine_type_and_arguments()
    {
        var keys = new List<string>();
        foreach (QemuOptions options in new[] { Options, Options with { MachineType = "q35" }, Options with { MachineType = "pc" }, Options with { ExtraArguments = ["-device", "virtio-balloon-pci"] } })
        {
            await using QemuPlatform platform = await OpenAsync(options);
            keys.Add(platform.Templates!.KeyOf(new TemplateSpec { Machine = Spec().Machine, Image = Spec().Image, Ignition = "{}" }));
        }

        Assert.That(keys[1], Is.EqualTo(keys[0]), "named or not, it is the same machine");
        Assert.That(keys.Distinct().Count(), Is.EqualTo(3));
    }

    [TestCase(Firmware.Uefi)]
    [TestCase(Firmware.SecureBoot)]
    public async Task A_loader_nobody_signed_is_started_by_uefi_and_refused_with_secure_boot(Firmware firmware)
    {
        Image image = await TinyLoader.WriteAsync(_scratch);
        await using QemuPlatform platform = await QemuPlatform.CreateAsync(Options, image, TimeProvider.System, CancellationToken.None);
        if (!platform.Features.Contains(firmware == Firmware.Uefi ? Feature.Uefi : Feature.SecureBoot))
            Assert.Ignore("needs firmware with test keys: apt-get install ovmf");
        InstanceSpec spec = Spec() with { Image = image };
        await using IInstance machine = await platform.StartAsync(spec with { Machine = spec.Machine with { Firmware = firmware } }, CancellationToken.None);
        await SaysAsync(machine, firmware == Firmware.Uefi ? "kola boot 1" : "Access Denied");
        if (firmware == Firmware.SecureBoot)
            Assert.That(await File.ReadAllTextAsync(machine.ConsoleFile!), Does.Not.Contain("kola boot"));
    }

    [Test]
    public async Task Uefi_speaks_on_arm64()
    {
        var arm = new QemuBackend("arm64");
        if (arm.WhyNot is { } reason)
            Assert.Ignore(reason);
        await using IPlatform platform = await arm.CreateAsync(_scratch);
        if (!platform.Features.Contains(Feature.Uefi))
            Assert.Ignore("needs firmware for arm64: apt-get install qemu-efi-aarch64");
        InstanceSpec spec = Spec() with { Image = arm.Image(_scratch, powersOff: false) };
        await using IInstance machine = await platform.StartAsync(spec with { Machine = spec.Machine with { Firmware = Firmware.Uefi } }, CancellationToken.None);
        await SaysAsync(machine, "BdsDxe: ");
    }

    [Test]
    public async Task A_copy_of_a_frozen_arm64_machine_goes_on_and_can_be_reset()
    {
        var arm = new QemuBackend("arm64");
        if (arm.WhyNot is { } reason)
            Assert.Ignore(reason);
        await using IPlatform platform = await arm.CreateAsync(_scratch);
        InstanceSpec spec = Spec() with { Image = arm.Image(_scratch, powersOff: false) };
        string key = platform.Templates!.KeyOf(new TemplateSpec { Machine = spec.Machine, Image = spec.Image, Ignition = "{}" });
        await using ITemplateDraft draft = (await platform.Templates.BeginAsync(key, CancellationToken.None))!;
        IInstance first = await draft.StartAsync(spec, null, CancellationToken.None);
        await SaysAsync(first, "kola boot");
        await using ITemplate template = await draft.FreezeAsync(first, QemuTemplateTests.Facts, CancellationToken.None);
        await using IInstance copy = await template.CloneAsync(spec with { Directory = _scratch.New("copy") }, CancellationToken.None);
        await copy.ResetAsync(CancellationToken.None);
        await SaysAsync(copy, "kola boot\r\nkola boot");
    }

    private QemuOptions Options => QemuBackend.Options(_scratch);

    private Task<QemuPlatform> OpenAsync(QemuOptions options) => QemuPlatform.CreateAsync(options, Spec().Image, TimeProvider.System, CancellationToken.None);

    private static Task SaysAsync(IInstance machine, string words) =>
        Soon.HoldsAsync(() => File.ReadAllText(machine.ConsoleFile!).Contains(words, StringComparison.Ordinal), () => $"\"{words}\" on the console:\n{File.ReadAllText(machine.ConsoleFile!)}", s_boot);

    private InstanceSpec Spec() => new()
    {
        Id = "test/machine",
        Machine = new MachineSpec { Name = "machine", MemoryMiB = 256 },
        Image = _backend.Image(_scratch, powersOff: false),
        Directory = _scratch.New("machine"),
    };
}
