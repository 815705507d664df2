using Kola.Libvirt;
using Kola.Libvirt.Bindings;
using Kola.Machines;

namespace Kola.Platforms.Tests.Libvirt;

/// <summary>What is decided without asking libvirt.</summary>
[Category("unit")]
public sealed class LibvirtUnitTests
{
    private static readonly ResourceTags s_tags = new() { Run = "QEMU: run 1", Owner = "Root@Host", Expires = new DateTimeOffset(2026, 11, 28, 21, 15, 0, TimeSpan.Zero), MadeBy = "1a2b3c4d5e6f-4711-123456" };

    [Test]
    public void A_volumes_name_says_whose_it_is()
    {
        string name = VolumeName.Of(s_tags, "abcd-1-disk.qcow2");
        Assert.That(name, Is.EqualTo("kola.qemu-run-1.root-host.20261128t211500z.1a2b3c4d5e6f-4711-123456.abcd-1-disk.qcow2"));
        (ResourceTags tags, string ending) = VolumeName.Read(name)!.Value;
        Assert.That(ending, Is.EqualTo("abcd-1-disk.qcow2"));
        Assert.That(tags, Is.EqualTo(s_tags with { Run = "qemu-run-1", Owner = "root-host" }));
        Assert.That(VolumeName.Read(VolumeName.Of(s_tags with { MadeBy = null }, "x"))!.Value.Tags.MadeBy, Is.Null);
    }

    [TestCase("failed to connect to monitor socket: Connection refused", 1, 2)]
    [TestCase("failed to connect to monitor socket: Connection refused", 2, 3)]
    [TestCase("failed to connect to monitor socket: Connection refused", 9, 3)]
    [TestCase("process exited while connecting to monitor: qemu: no room", 9, 1)]
    public void A_QEMU_that_libvirt_did_not_get_to_speak_to_is_started_again(string said, int failures, int calls)
    {
        int made = 0;
        void Start()
        {
            if (++made <= failures)
                throw new LibvirtException(ErrorCode.SystemError, 10, ErrorLevel.Error, said);
        }

        Assert.That(() => EmulatorStart.Run(Start), failures < calls ? Throws.Nothing : Throws.TypeOf<LibvirtException>().With.Message.EqualTo(said));
        Assert.That(made, Is.EqualTo(calls));
    }

    [TestCase("vm.qcow2")]
    [TestCase("kola")]
    [TestCase("kola.run.owner.tomorrow.none.disk.qcow2")]
    [TestCase("kola.run.owner.20261128t211500z.none")]
    [TestCase("other.run.owner.20261128t211500z.none.disk")]
    public void Volumes_of_others_are_not_kolas(string name) => Assert.That(VolumeName.Read(name), Is.Null);

    [Test]
    public void A_name_is_not_longer_than_a_filesystem_takes()
    {
        string longest = new('x', 200);
        Assert.That(VolumeName.Of(s_tags with { Run = longest, Owner = longest, MadeBy = longest }, "1a2b3c4d-10000-config-drive.raw").Length, Is.AtMost(255));
    }

    [Test]
    public void An_image_that_is_whole_lives_longer_than_one_that_never_got_so()
    {
        ResourceTags image = s_tags with { Run = ImageVolumes.Run };
        ResourceTags kept = image with { Expires = image.Expires.AddDays(30), MadeBy = null };
        string[] names =
        [
            VolumeName.Of(image, "aaaa-1.content"), VolumeName.Of(kept, "aaaa-1.whole"), VolumeName.Of(image, "bbbb-2.content"), VolumeName.Of(s_tags, "cccc-1-disk.qcow2"), "somebody's.qcow2",
        ];
        Assert.That(LibvirtLeftover.Read("qemu:///system", "kola", names).Select(l => (l.Kind, l.Tags.Expires == kept.Expires, l.Tags.MadeBy is null)), Is.EquivalentTo(new[]
        {
            ("volume", false, false), ("image", true, true), ("image", true, true), ("image", false, false),
        }));
        Assert.That(LibvirtLeftover.Read("qemu:///system", "kola", names)[0].Kind, Is.EqualTo("volume"), "before what it leans on");
    }

    [Test]
    public void Machines_go_where_least_is_asked_of_the_cores_and_the_memory_is_enough()
    {
        var placement = new Placement([(4096, 2), (8192, 4), (1024, 64)]);
        Assert.That(placement.Take(null, 2048, 1), Is.EqualTo(1), "of hosts where nothing runs the largest that holds it");
        Assert.That(placement.Take(null, 2048, 1), Is.EqualTo(0), "then the one where nothing runs");
        Assert.That(placement.Take(null, 1024, 1), Is.EqualTo(2));
        Assert.That(placement.Take(null, 4096, 1), Is.EqualTo(1), "a quarter of the cores more, but memory");
        placement.Return(1, null, 4096, 1);
        placement.Return(1, null, 2048, 1);
        Assert.That(placement.Take(null, 6000, 1), Is.EqualTo(1), "what was given back counts again");
    }

    [Test]
    public void What_fits_nowhere_goes_where_most_is_left_or_fewest_are() =>
        Assert.That(new Placement([(512, 1), (1024, 1)]).Take(null, 4096, 1), Is.EqualTo(1));

    [Test]
    public void Machines_of_one_segment_share_a_host()
    {
        var placement = new Placement([(4096, 2), (4096, 2)]);
        int first = placement.Take("test-a", 1024, 2);
        Assert.That(placement.Take("test-a", 1024, 2), Is.EqualTo(first));
        Assert.That(placement.Take("test-b", 1024, 2), Is.Not.EqualTo(first));
        placement.Return(first, "test-a", 1024, 2);
        placement.Return(first, "test-a", 1024, 2);
        Assert.That(placement.Take("test-a", 1024, 2), Is.EqualTo(first), "which is the emptiest again");
    }

    [TestCase(new[] { "Shutdown:1", "Stopped:0" }, false, "the guest powered off")]
    [TestCase(new[] { "Shutdown:2", "Stopped:0" }, true, "killed in order")]
    [TestCase(new[] { "Stopped:0" }, true, "ended the emulator")]
    [TestCase(new[] { "Stopped:1" }, true, "destroyed")]
    [TestCase(new[] { "Stopped:5" }, true, "crashed or was killed")]
    [TestCase(new[] { "Crashed:0" }, true, "the guest crashed")]
    [TestCase(new[] { "Started:0", "Suspended:0", "Resumed:0", "Undefined:0", "Defined:0" }, null, "")]
    public void Events_say_how_a_machine_ended(string[] events, bool? fault, string detail)
    {
        var ends = new MachineEnds();
        InstanceExit? exit = null;
        foreach (string told in events)
            exit = ends.Read(new DomainEvent("machine", Enum.Parse<DomainEventKind>(told.Split(':')[0]), int.Parse(told.Split(':')[1])));
        Assert.That(exit?.PlatformFault, Is.EqualTo(fault));
        Assert.That(exit?.Detail ?? "", Does.Contain(detail));
        if (fault == true)
            Assert.That(exit!.Signal, Is.EqualTo(Signal.MachineLost));
    }

    [Test]
    public void A_connection_that_ends_takes_its_machines_along() =>
        Assert.That(MachineEnds.Read(CloseReason.KeepAlive), Is.EqualTo(new InstanceExit(true, "the connection to libvirt ended, and the machine with it (KeepAlive)") { Signal = Signal.MachineLost }));

    [Test]
    public void The_port_is_read_from_qemus_table() => Assert.That(LibvirtInstance.ForwardedPort("""
        Hub -1 (kola0):
          Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
          TCP[HOST_FORWARD]  12       127.0.0.1 34567       10.0.2.15    22     0     0
        """), Is.EqualTo(34567));

    [TestCase("<host/><guest><arch name='i686'><domain type='kvm'/></arch></guest><guest><arch name='x86_64'><domain type='qemu'/></arch></guest>", false)]
    [TestCase("<host/><guest><arch name='x86_64'><domain type='qemu'/><domain type='kvm'/></arch></guest>", true)]
    public void A_host_offers_kvm_for_the_guests_architecture(string guests, bool kvm) =>
        Assert.That(HostCapabilities.OffersKvm($"<capabilities>{guests}</capabilities>"), Is.EqualTo(kvm));

    [TestCase("<enum name='firmware'><value>bios</value><value>efi</value></enum>", "emulator", true, null, true)]
    [TestCase("<enum name='firmware'/><loader><value>/fw/OVMF_CODE.secboot.fd</value><value>/fw/OVMF_CODE.fd</value></loader>", "passthrough", true, "/fw/OVMF_CODE.fd", false)]
    [TestCase("<loader><value>/fw/OVMF_CODE_4M.ms.fd</value></loader>", "emulator", false, null, true)]
    public void A_host_says_what_its_domains_can_have(string os, string tpm, bool uefi, string? loader, bool hasTpm)
    {
        HostCapabilities read = HostCapabilities.Read($"<domainCapabilities><os>{os}</os><devices><tpm><enum name='backendModel'><value>{tpm}</value></enum></tpm></devices></domainCapabilities>", kvm: false);
        Assert.That(read.Uefi is not null, Is.EqualTo(uefi));
        Assert.That(read.Uefi?.Loader, Is.EqualTo(loader));
        Assert.That(read.Tpm, Is.EqualTo(hasTpm));
    }

    [TestCase("qemu:///system", true)]
    [TestCase("qemu:///session", true)]
    [TestCase("qemu+unix:///system?socket=/run/sock", true)]
    [TestCase("qemu+tls://localhost/system", true)]
    [TestCase("qemu+ssh://root@build.example/system", false)]
    public void A_daemon_is_here_or_elsewhere(string uri, bool local) => Assert.That(HostUri.IsLocal(uri), Is.EqualTo(local));

    [TestCase("xen:///system", "wanted:  a URI of libvirt's QEMU driver")]
    [TestCase("here", "wanted:  a URI of libvirt's QEMU driver")]
    [TestCase("qemu+ssh://root:secret@build.example/system", "--libvirt-network NAME")]
    public void What_cannot_be_used_is_said_before_anything_is_made(string uri, string words)
    {
        UsageException refusal = Assert.Throws<UsageException>(() => LibvirtOptions.Of(Access(("libvirt-uri", uri))))!;
        Assert.That(refusal.Message, Does.Contain(words).And.Not.Contain("secret"));
    }

    [Test]
    public void Options_are_what_a_person_said_or_what_is_usual()
    {
        Assert.That(LibvirtOptions.Of(Access()).Uris, Is.EqualTo(new[] { "qemu:///system" }));
        LibvirtOptions options = LibvirtOptions.Of(Access(("libvirt-uri", "qemu+ssh://one/system"), ("libvirt-uri", "qemu+tls://two/system"), ("libvirt-network", "lab"), ("libvirt-accel", "tcg"), ("libvirt-pool", "big")));
        Assert.That((options.Uris.Count, options.Network, options.Kvm, options.Pool), Is.EqualTo((2, "lab", false, "big")));
        Assert.Throws<UsageException>(() => LibvirtOptions.Of(Access(("libvirt-uri", "qemu:///system"), ("libvirt-uri", "qemu:///system"))));
    }

    private static PlatformAccess Access(params (string Option, string Value)[] settings) => new()
    {
        Settings = new PlatformSettings(settings.GroupBy(s => s.Option).ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Select(s => s.Value)])),
        CacheDirectory = "/cache",
        Clock = TimeProvider.System,
        Progress = new Progress<string>(),
    };
}
