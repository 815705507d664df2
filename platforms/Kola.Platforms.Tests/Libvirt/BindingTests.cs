using Kola.Libvirt.Bindings;

namespace Kola.Platforms.Tests.Libvirt;

/// <summary>The bindings on libvirt's own test driver, which runs in this process and needs nothing but the library.</summary>
[Category("unit")]
public sealed class BindingTests
{
    private const string Namespace = "https://flatcar.org/kola/test";
    private Connection _connection = null!;

    [SetUp]
    public void Connect()
    {
        LibvirtHere.NeedLibrary();
        _connection = Connection.Open("test:///default");
    }

    [TearDown]
    public void Close() => _connection?.Dispose();

    [Test]
    public void The_host_says_what_it_is()
    {
        Assert.That(LibvirtLibrary.Version, Is.GreaterThan(new Version(6, 5)));
        Assert.That(_connection.DaemonVersion, Is.EqualTo(LibvirtLibrary.Version));
        Assert.That(_connection.Uri, Is.EqualTo("test:///default"));
        Assert.That(_connection.HostName, Is.Not.Empty);
        Assert.That(_connection.IsAlive, Is.True);
        Assert.That(_connection.Capabilities, Does.StartWith("<capabilities>"));
        Assert.That(_connection.Node, Is.EqualTo(new NodeInfo("i686", 16, 3072)), "as the test driver has it");
        Assert.That(_connection.FreeMemoryMiB(), Is.GreaterThan(0));
    }

    [Test]
    public async Task A_domains_life_is_told_in_order()
    {
        using Domain domain = _connection.DefineDomain(Xml("told"));
        domain.Create(StartMode.None);
        domain.Shutdown();
        domain.Create(StartMode.None);
        domain.Destroy();
        domain.Undefine(UndefineScope.None);
        DomainEvent[] expected =
        [
            new("told", DomainEventKind.Defined, 0),
            new("told", DomainEventKind.Started, 0),
            new("told", DomainEventKind.Stopped, (int)StopDetail.Shutdown),
            new("told", DomainEventKind.Started, 0),
            new("told", DomainEventKind.Stopped, (int)StopDetail.Destroyed),
            new("told", DomainEventKind.Undefined, 0),
        ];
        var told = new List<DomainEvent>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (told.Count < expected.Length)
            told.Add(await _connection.Events.ReadAsync(limit.Token));
        Assert.That(told, Is.EqualTo(expected));
    }

    [Test]
    public async Task The_end_of_a_connection_ends_its_events_and_may_come_twice()
    {
        using Domain survivor = _connection.FindDomain("test");
        _connection.Dispose();
        _connection.Dispose();
        Assert.That(await _connection.Closed, Is.EqualTo(CloseReason.Client));
        Assert.That(await _connection.Events.WaitToReadAsync(), Is.False);
        Assert.That(_connection.IsAlive, Is.False);
        Assert.That(survivor.Name, Is.EqualTo("test"), "a domain holds what it needs");
    }

    [Test]
    public void What_fails_says_why()
    {
        LibvirtException missing = Assert.Throws<LibvirtException>(() => _connection.FindDomain("nobody"))!;
        Assert.That((missing.Code, missing.Domain, missing.Level), Is.EqualTo((ErrorCode.NoDomain, 12, ErrorLevel.Error)));
        Assert.That(missing.Message, Does.Contain("Domain not found"));
        Assert.That(Code(() => _connection.DefineDomain("<domain")), Is.EqualTo(ErrorCode.XmlDetail));
        Assert.That(Code(() => _connection.FindNetwork("nobody")), Is.EqualTo(ErrorCode.NoNetwork));
        Assert.That(Code(() => _connection.FindPool("nobody")), Is.EqualTo(ErrorCode.NoStoragePool));
        Assert.That(Code(() => Connection.Open("nothing:///here")), Is.EqualTo(ErrorCode.SystemError));
        Assert.That(Code(() => Connection.Open("qemu+unix:///system?socket=/nowhere/sock")), Is.EqualTo(ErrorCode.SystemError));
    }

    [Test]
    public async Task Each_thread_is_told_its_own_error()
    {
        string[] names = [.. Enumerable.Range(0, 200).Select(i => $"nobody-{i}")];
        string[] told = await Task.WhenAll(names.Select(n => Task.Run(() => Assert.Throws<LibvirtException>(() => _connection.FindDomain(n))!.Message)));
        Assert.That(told, Has.All.Contains("Domain not found"));
    }

    [Test]
    public void A_domain_says_what_it_does()
    {
        using Domain domain = _connection.FindDomain("test");
        Assert.That(domain.Info.State, Is.EqualTo(DomainState.Running));
        Assert.That(domain.Info.Cpus, Is.EqualTo(2));
        Assert.That(domain.Info.CpuTime, Is.GreaterThan(TimeSpan.Zero));
        Assert.That(domain.ResidentMiB, Is.GreaterThan(0));
        Assert.That(domain.Xml, Does.Contain("<name>test</name>"));
        IReadOnlyList<Domain> all = _connection.Domains;
        Assert.That(all.Select(d => d.Name), Does.Contain("test"));
        foreach (Domain one in all)
            one.Dispose();
        domain.Reset();
        Assert.That(domain.Info.State, Is.EqualTo(DomainState.Running));
    }

    [Test]
    public void Metadata_is_kept_by_its_namespace()
    {
        using Domain domain = _connection.DefineDomain(Xml("kept"));
        Assert.That(domain.Metadata(Namespace), Is.Null);
        domain.SetMetadata("<machine run='one'/>", "kola", Namespace);
        Assert.That(domain.Metadata(Namespace), Does.Contain("run='one'").Or.Contain("run=\"one\""));
        Assert.That(domain.Xml, Does.Contain(Namespace));
        domain.SetMetadata(null, "kola", Namespace);
        Assert.That(domain.Metadata(Namespace), Is.Null);
        domain.Undefine(UndefineScope.None);
    }

    [Test]
    public void Of_two_who_make_a_volume_one_is_told_that_it_is_there()
    {
        using StoragePool pool = _connection.FindPool("default-pool");
        Assert.That(pool.IsActive, Is.True);
        const string xml = "<volume><name>kola.raw</name><capacity unit='bytes'>4096</capacity><target><format type='raw'/></target></volume>";
        using StorageVolume volume = pool.CreateVolume(xml);
        Assert.That(volume.Size.Capacity, Is.EqualTo(4096));
        Assert.That(volume.Path, Does.EndWith("/kola.raw"));
        Assert.That(Code(() => pool.CreateVolume(xml)), Is.EqualTo(ErrorCode.OperationFailed), "the word of the test driver; others say StorageVolumeExists");
        Assert.That(Names(pool), Does.Contain("kola.raw"));
        volume.Delete();
        Assert.That(Names(pool), Does.Not.Contain("kola.raw"));
        Assert.That(Code(() => pool.FindVolume("kola.raw")), Is.EqualTo(ErrorCode.NoStorageVolume));
    }

    [Test]
    public void A_pool_is_made_and_removed()
    {
        using StoragePool pool = _connection.DefinePool("<pool type='dir'><name>kola</name><target><path>/kola</path></target></pool>");
        pool.Build();
        pool.Create();
        pool.SetAutostart(true);
        pool.Refresh();
        Assert.That(pool.Xml, Does.Contain("/kola"));
        pool.Destroy();
        Assert.That(pool.IsActive, Is.False);
        pool.Undefine();
        Assert.That(Code(() => _connection.FindPool("kola")), Is.EqualTo(ErrorCode.NoStoragePool));
    }

    [Test]
    public void A_network_is_found_and_made()
    {
        using (Network standard = _connection.FindNetwork("default"))
        {
            Assert.That(standard.IsActive, Is.True);
            Assert.That(standard.Xml, Does.Contain("virbr0"));
            using Domain carded = _connection.DefineDomain(Xml("carded", "<interface type='network'><mac address='52:54:00:6b:00:09'/><source network='default'/></interface>"));
            carded.Create(StartMode.None);
            (string mac, string address) = carded.Addresses(AddressSource.Lease).Single();
            Assert.That(mac, Is.EqualTo("52:54:00:6b:00:09"));
            Assert.That(address, Does.StartWith("192.168.122."), "the test driver makes one up");
            carded.Destroy();
            carded.Undefine(UndefineScope.None);
        }

        using Network made = _connection.CreateNetwork("<network><name>kola</name><bridge name='kola0'/></network>");
        IReadOnlyList<Network> all = _connection.Networks;
        Assert.That(all.Select(n => n.Name), Is.EquivalentTo(new[] { "default", "kola" }));
        foreach (Network one in all)
            one.Dispose();
        made.Destroy();
        Assert.That(Code(() => _connection.FindNetwork("kola")), Is.EqualTo(ErrorCode.NoNetwork));
    }

    [Test]
    public void What_the_driver_cannot_do_is_told_and_is_no_crash()
    {
        using Domain domain = _connection.FindDomain("test");
        Assert.That(Code(() => domain.Monitor("info version")), Is.EqualTo(ErrorCode.NoSupport));
        Assert.That(Code(() => domain.OpenConsole(_connection)), Is.EqualTo(ErrorCode.NoSupport));
        Assert.That(_connection.TryKeepAlive(TimeSpan.FromSeconds(5), 3), Is.False);
    }

    private static ErrorCode Code(Action action) => Assert.Throws<LibvirtException>(action)!.Code;

    private static string[] Names(StoragePool pool)
    {
        IReadOnlyList<StorageVolume> volumes = pool.Volumes;
        string[] names = [.. volumes.Select(v => v.Name)];
        foreach (StorageVolume volume in volumes)
            volume.Dispose();
        return names;
    }

    private static string Xml(string name, string devices = "") =>
        $"<domain type='test'><name>{name}</name><memory unit='MiB'>64</memory><os><type>hvm</type></os><devices>{devices}</devices></domain>";
}
