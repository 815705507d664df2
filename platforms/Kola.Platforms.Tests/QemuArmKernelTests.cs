using Kola.Machines;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>A real kernel on arm64, emulated: what a machine is given arrives in it. Half a minute a boot, so <c>scripts/test-arm64</c> runs them.</summary>
[Category("arm64")]
public sealed class QemuArmKernelTests
{
    private static readonly TimeSpan s_boot = TimeSpan.FromMinutes(5);
    private Scratch _scratch = null!;

    [SetUp]
    public void HaveAKernel()
    {
        if (ArmKernelGuest.Packages is null)
            Assert.Ignore("no kernel for arm64: scripts/test-arm64 fetches one");
        _scratch = new Scratch();
    }

    [TearDown]
    public void CleanUp() => _scratch?.Dispose();

    [TestCase(Firmware.Direct, "virt")]
    [TestCase(Firmware.Uefi, "virt-9.0")]
    public async Task All_that_a_machine_is_given_arrives_in_it(Firmware firmware, string type)
    {
        Image image = await ArmKernelGuest.WriteAsync(ArmKernelGuest.Packages!, _scratch);
        await using QemuPlatform platform = await QemuPlatform.CreateAsync(QemuBackend.Options(_scratch) with { MachineType = type }, image, TimeProvider.System, CancellationToken.None);
        var shape = new MachineSpec { Name = "machine", MemoryMiB = 512, Cpus = 2, NumaNodes = 2, Disks = [new ExtraDisk(8, "data"), new ExtraDisk(8, "fast", DiskBus.Nvme)], Firmware = firmware, Tpm = true };
        var spec = new InstanceSpec { Id = "arm64/machine", Machine = shape, Image = image, Ignition = """{"kola":"arm64"}""", Directory = _scratch.New("machine"), Links = [new InstanceLink("arm64", "lan", InstanceLink.UnconfiguredMac(0))] };
        await using IInstance machine = await platform.StartAsync(spec, CancellationToken.None);
        await SaysAsync(machine, "kola done");
        string[] told = [.. Console(machine).Split('\n', StringSplitOptions.TrimEntries).Where(l => l.StartsWith("kola ", StringComparison.Ordinal))];
        TestContext.Progress.WriteLine(string.Join('\n', told));
        Assert.That(told, Is.SupersetOf(new[]
        {
            "kola boot aarch64 on 2 processors",
            // Debian 12's firmware counts its own flash as memory, and Linux believes no table of nodes that leaves memory out.
            firmware == Firmware.Direct ? "kola nodes 0-1, second has 1" : "kola efi",
            "kola disk primary-disk", "kola disk data", "kola disk fast",
            "kola port org.flatcar.kola.control",
            "kola tpm 2",
            """kola config {"kola":"arm64"}""",
            "kola address 10.0.2.15",
        }), Console(machine));
        Assert.That(told.Contains("kola efi"), Is.EqualTo(firmware == Firmware.Uefi), Console(machine));
        await machine.ResetAsync(CancellationToken.None);
        Assert.That((await machine.Exited.WaitAsync(s_boot)).Detail, Is.EqualTo("the guest powered off"));
        Assert.That(Console(machine), Does.Contain("kola off"));
    }

    private static Task SaysAsync(IInstance machine, string words) =>
        Soon.HoldsAsync(() => Console(machine).Contains(words, StringComparison.Ordinal) || machine.Exited.IsCompleted, () => $"\"{words}\" on the console:\n{Console(machine)}", s_boot);

    private static string Console(IInstance machine) => File.ReadAllText(machine.ConsoleFile!);
}
