using Kola.Qemu;

namespace Kola.Platforms.Tests.Unit;

[Category("unit")]
public sealed class QemuArgumentsTests
{
    private static readonly QemuArguments s_plain = new()
    {
        Id = "cl.basic/machine",
        Architecture = "amd64",
        Acceleration = Acceleration.Emulation(new Version(10, 0, 2), "amd64", "asked for"),
        MemoryMiB = 1024,
        Cpus = 1,
        Uuid = Guid.Parse("01234567-89ab-cdef-0123-456789abcdef"),
        Disks = [new QemuDisk("/proc/7/fd/40", "primary-disk")],
        ConsoleFile = "/artifacts/machine/console.txt",
        QmpSocket = "/run/kola/1/qmp",
        Mac = "52:54:00:00:00:01",
    };

    private static readonly QemuArguments s_rich = s_plain with
    {
        Id = "a,b",
        Acceleration = Acceleration.Hardware("it works"),
        Disks = [new QemuDisk("/proc/7/fd/40", "primary-disk"), new QemuDisk("/proc/7/fd/41", "spare")],
        SshPort = 40022,
        IgnitionFile = "/proc/7/fd/42",
        Uefi = ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/proc/7/fd/43"),
        Cards = [new QemuCard("/run/kola/1/card", "/run/kola/1/port", "52:54:00:6b:00:01")],
        TpmSocket = "/run/kola/1/tpm.sock",
        ConfigDrive = "/proc/7/fd/44",
    };

    private static readonly QemuArguments s_buses = s_plain with
    {
        Disks = [.. s_plain.Disks, new QemuDisk("/proc/7/fd/41", "fast", DiskBus.Nvme), new QemuDisk("/proc/7/fd/42", "one", DiskBus.Scsi), new QemuDisk("/proc/7/fd/43", "two", DiskBus.Scsi)],
    };

    private static readonly QemuArguments s_direct = s_plain with
    {
        IgnitionFile = "/proc/7/fd/42",
        Direct = new DirectBoot { Kernel = "/images/vmlinux", Initrd = "/images/initrd.cpio", CommandLine = "root=LABEL=ROOT console=ttyS0,115200n8" },
    };

    private static readonly QemuArguments s_arm = s_plain with
    {
        Architecture = "arm64",
        Acceleration = Acceleration.Emulation(new Version(10, 0, 2), "arm64", "asked for"),
        Uefi = ("/usr/share/AAVMF/AAVMF_CODE.fd", "/proc/7/fd/43"),
    };

    private static readonly QemuArguments s_pc = s_plain with { MachineType = "pc-i440fx-9.0", Extra = ["-device", "virtio-balloon-pci,id=a,b"], StateFile = "/templates/1/state" };

    private static readonly QemuArguments s_numa = s_plain with { Cpus = 4, NumaNodes = 2, Memory = new QemuMemoryFile("/templates/1/memory", Shared: false) };

    private static readonly QemuArguments s_secure = s_plain with { SecureBoot = true, Uefi = ("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/proc/7/fd/43") };

    [TestCase("plain")]
    [TestCase("rich")]
    [TestCase("buses")]
    [TestCase("direct")]
    [TestCase("arm")]
    [TestCase("pc")]
    [TestCase("secure")]
    [TestCase("numa")]
    public void Arguments_are_as_approved(string name)
    {
        QemuArguments arguments = name switch { "plain" => s_plain, "rich" => s_rich, "buses" => s_buses, "direct" => s_direct, "pc" => s_pc, "secure" => s_secure, "numa" => s_numa, _ => s_arm };
        string file = Path.Combine(TestContext.CurrentContext.TestDirectory, "Golden", $"qemu-{name}.txt");
        string got = string.Join('\n', arguments.ToList()) + "\n";
        string approved = File.Exists(file) ? File.ReadAllText(file) : "";
        if (got != approved)
            File.WriteAllText(file + ".got", got);
        Assert.That(got, Is.EqualTo(approved), $"approve it by copying {file}.got to Golden/");
    }

    [TestCase("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)", "10.0.2")]
    [TestCase("QEMU emulator version 7.2.19 (Debian 1:7.2+dfsg-7+deb12u15)", "7.2.19")]
    [TestCase("QEMU emulator version 9.2", "9.2")]
    [TestCase("xemu 1.0", null)]
    public void A_version_is_read_from_the_first_line(string line, string? version) =>
        Assert.That(QemuProgram.ParseVersion(line)?.ToString(), Is.EqualTo(version));

    [Test]
    public void A_forwarded_port_is_read_from_info_usernet()
    {
        const string table = "Hub -1 (net0):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n  TCP[HOST_FORWARD]  11       127.0.0.1 32769       10.0.2.15    22     0     0\r\n";
        Assert.That(Emulator.ForwardedPort(table), Is.EqualTo(32769));
    }

    [Test]
    public void Memory_is_what_the_kernel_says_is_available() =>
        Assert.That(QemuPlatform.AvailableMiB("MemTotal:       24650000 kB\nMemFree:        20000000 kB\nMemAvailable:   23456789 kB\n"), Is.EqualTo(22907));

    [TestCase("32768\t60999\n", 7058)]
    [TestCase("50000\t50001\n", 1)]
    public void Ports_are_a_quarter_of_the_range(string range, int ports) => Assert.That(QemuPlatform.PortsIn(range), Is.EqualTo(ports));

    [Test]
    public void An_old_qemu_emulates_without_avx()
    {
        Assert.That(Acceleration.Emulation(new Version(7, 2, 19), "amd64", "").CpuModel, Does.Contain("avx2=off"));
        Assert.That(Acceleration.Emulation(new Version(8, 0), "amd64", "").CpuModel, Is.EqualTo("max,la57=off"));
    }

    [Test]
    public void All_problems_of_options_are_told_at_once()
    {
        var options = new QemuOptions { CacheDirectory = "cache", RuntimeDirectory = "/" + new string('x', 70), Machines = 0, MemoryMiB = 16, FirmwareCode = "/none" };
        Assert.That(options.Validate(), Has.Count.EqualTo(6));
    }

    [TestCase("-daemonize")]
    [TestCase("--run-with")]
    [TestCase("-runas")]
    public void An_argument_that_would_let_a_machine_outlive_kola_is_refused(string argument) =>
        Assert.That(new QemuOptions { CacheDirectory = "/cache", ExtraArguments = ["-device", argument] }.Validate().Single(), Does.Contain(argument));
}
