using System.Xml.Linq;
using Kola.Libvirt;

namespace Kola.Platforms.Tests.Libvirt;

/// <summary>A machine as libvirt is asked for it.</summary>
[Category("unit")]
public sealed class DomainDescriptionTests
{
    [Test]
    public void A_machine_booted_directly_is_described_as_approved() => Check("libvirt-direct", Plain() with
    {
        Direct = ("/pool/kernel", "/pool/initrd", "root=LABEL=ROOT console=ttyS0 quote=\"a & b\""),
        Ignition = "/pool/config.ign",
        Cards = [new SegmentCard("52:54:00:6b:00:01", "udp=127.0.0.1:40001,localaddr=127.0.0.1:20001")],
    });

    [Test]
    public void A_machine_with_all_there_is_is_described_as_approved() => Check("libvirt-rich", Plain() with
    {
        Kvm = true,
        NumaNodes = 2,
        Emulator = "/opt/qemu",
        Uefi = new UefiChoice(null),
        Tpm = true,
        First = new FirstCard("52:54:00:00:00:01", "lab"),
        Disks = [.. Plain().Disks, new DomainDisk("/pool/1", "qcow2", "spare"), new DomainDisk("/pool/2", "qcow2", "big", DiskBus.Scsi), new DomainDisk("/pool/3", "raw", "config-2", ReadOnly: true)],
    });

    [Test]
    public void A_flash_file_is_named_where_libvirt_chooses_none()
    {
        XElement os = XElement.Parse((Plain() with { Uefi = new UefiChoice("/fw/code.fd") }).ToXml()).Element("os")!;
        Assert.That(os.Attribute("firmware"), Is.Null);
        Assert.That((string?)os.Element("loader"), Is.EqualTo("/fw/code.fd"));
    }

    [Test]
    public void A_machine_without_network_has_no_card() =>
        Assert.That((Plain() with { First = null }).ToXml(), Does.Not.Contain("netdev").And.Not.Contain("<interface"));

    [TestCase("7.2.0", true)]
    [TestCase("10.0.2", false)]
    public void An_emulator_that_corrupts_guests_with_avx_is_told_to_leave_it(string qemu, bool off) =>
        Assert.That((Plain() with { Qemu = new Version(qemu) }).ToXml().Contains("name=\"avx2\"", StringComparison.Ordinal), Is.EqualTo(off));

    private static DomainDescription Plain() => new()
    {
        Name = "kola-1a2b3c4d-1-test-machine",
        Id = "test/machine",
        Uuid = Guid.Parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        Tags = new Dictionary<string, string> { ["kola-expires"] = "20261128t211500z", ["kola-owner"] = "root-host", ["kola-run"] = "run-1" },
        Kvm = false,
        Qemu = new Version(10, 0, 2),
        MemoryMiB = 1024,
        Cpus = 2,
        Disks = [new DomainDisk("/pool/disk", "qcow2", "primary-disk")],
        First = new FirstCard("52:54:00:00:00:01", null),
        Ports = ["org.flatcar.kola.control"],
    };

    private static void Check(string name, DomainDescription description)
    {
        string file = Path.Combine(TestContext.CurrentContext.TestDirectory, "Golden", $"{name}.xml");
        string got = XElement.Parse(description.ToXml()) + "\n";
        string approved = File.Exists(file) ? File.ReadAllText(file) : "";
        if (got != approved)
            File.WriteAllText(file + ".got", got);
        Assert.That(got, Is.EqualTo(approved), $"approve it by copying {file}.got to Golden/");
    }
}
