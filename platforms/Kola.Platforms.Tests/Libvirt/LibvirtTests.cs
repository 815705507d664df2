using Kola.Libvirt;
using Kola.Libvirt.Bindings;
using Kola.Machines;

namespace Kola.Platforms.Tests.Libvirt;

/// <summary>What only libvirt promises, tried on a real libvirtd with a guest of one sector.</summary>
public sealed class LibvirtTests
{
    private static readonly TimeSpan s_boot = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan s_prompt = TimeSpan.FromSeconds(15);
    private Scratch _scratch = null!;

    [SetUp]
    public void HaveLibvirtd()
    {
        LibvirtServer.Need();
        _scratch = new Scratch();
    }

    [TearDown]
    public void CleanUp() => _scratch?.Dispose();

    [Test]
    public async Task A_kola_killed_with_signal_9_takes_its_machine_along_and_gc_takes_the_rest()
    {
        string domain;
        await using (ChildOfTest child = await ChildOfTest.StartAsync("libvirt", LibvirtServer.Shared.Uri, _scratch.Path))
        {
            domain = child.Said;
            Assert.That(State(domain), Is.EqualTo(DomainState.Running));
        }

        await Soon.HoldsAsync(() => State(domain) == DomainState.Off, () => $"{domain} is off", s_boot);
        PlatformAccess access = Request().Access;
        Removal dry = await Removal.RunAsync(new LibvirtDriver(), access, run: null, dryRun: true, CancellationToken.None);
        Assert.That(dry.Gone.Select(l => l.Name), Does.Contain(domain));
        Assert.That(State(domain), Is.EqualTo(DomainState.Off), "a dry run takes nothing");
        Removal removal = await Removal.RunAsync(new LibvirtDriver(), access, run: null, dryRun: false, CancellationToken.None);
        Assert.That(removal.Gone.Select(l => l.Kind), Is.SupersetOf(new[] { "domain", "volume" }));
        Assert.That(removal.Failures, Is.Empty);
        Assert.That(await LibvirtServer.Shared.LeftAsync(_scratch), Is.Empty);
    }

    [Test]
    public async Task What_belongs_to_a_kola_that_lives_is_kept()
    {
        await using LibvirtPlatform platform = await OpenAsync();
        await using IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None);
        Removal removal = await Removal.RunAsync(new LibvirtDriver(), Request().Access, run: null, dryRun: false, CancellationToken.None);
        Assert.That(removal.Kept.Select(l => l.Name), Does.Contain(((LibvirtInstance)machine).DomainName));
        Assert.That(State(((LibvirtInstance)machine).DomainName), Is.EqualTo(DomainState.Running));
    }

    [Test]
    public async Task A_domain_destroyed_by_somebody_else_is_told_at_once()
    {
        await using LibvirtPlatform platform = await OpenAsync();
        await using IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None);
        using (Connection other = Connection.Open(LibvirtServer.Shared.Uri))
        using (Domain domain = other.FindDomain(((LibvirtInstance)machine).DomainName))
            domain.Destroy();
        InstanceExit exit = await machine.Exited.WaitAsync(s_prompt);
        Assert.That((exit.PlatformFault, exit.Signal), Is.EqualTo((true, Signal.MachineLost)));
        Assert.That(exit.Detail, Does.Contain("destroyed"));
    }

    [Test]
    public async Task A_reset_is_told_and_is_no_end()
    {
        await using LibvirtPlatform platform = await OpenAsync();
        await using IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None);
        using Connection other = Connection.Open(LibvirtServer.Shared.Uri);
        await machine.ResetAsync(CancellationToken.None);
        using var limit = new CancellationTokenSource(s_boot);
        DomainEvent told;
        do
        {
            told = await other.Events.ReadAsync(limit.Token);
        }
        while (told.Kind != DomainEventKind.Rebooted);
        Assert.That(told.Domain, Is.EqualTo(((LibvirtInstance)machine).DomainName));
        Assert.That(machine.Exited.IsCompleted, Is.False);
    }

    [Test]
    public async Task A_daemon_that_goes_is_told_as_the_end_of_its_machines()
    {
        using LibvirtServer server = LibvirtServer.Start();
        await using LibvirtPlatform platform = await LibvirtPlatform.OpenAsync(server.Options(_scratch), server.Request(_scratch, Tiny()), CancellationToken.None);
        IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None);
        server.Dispose();
        InstanceExit exit = await machine.Exited.WaitAsync(s_boot);
        Assert.That(exit.PlatformFault, Is.True);
        Assert.That(exit.Detail, Does.Contain("connection to libvirt ended"));
        await machine.DisposeAsync();
        await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(Spec(), CancellationToken.None));
    }

    [Test]
    public async Task Two_hosts_share_the_machines_and_each_has_the_image()
    {
        using LibvirtServer second = LibvirtServer.Start();
        LibvirtOptions both = LibvirtServer.Shared.Options(_scratch) with { Uris = [LibvirtServer.Shared.Uri, second.Uri] };
        await using LibvirtPlatform platform = await LibvirtPlatform.OpenAsync(both, Request(), CancellationToken.None);
        await using IInstance one = await platform.StartAsync(Spec("one"), CancellationToken.None);
        await using IInstance two = await platform.StartAsync(Spec("two"), CancellationToken.None);
        await SaysAsync(one, "kola boot 1");
        await SaysAsync(two, "kola boot 1");
        Assert.That((await LibvirtServer.Shared.LeftAsync(_scratch)).Count(l => l.Kind == "domain"), Is.EqualTo(1));
        Assert.That((await second.LeftAsync(_scratch)).Count(l => l.Kind == "domain"), Is.EqualTo(1));
        Assert.That(platform.Capacity.Cpus, Is.EqualTo(2 * Environment.ProcessorCount));
    }

    [Test]
    public async Task Two_runs_that_bring_an_image_at_once_bring_it_once_and_holes_stay_holes()
    {
        string file = _scratch.File("sparse.img");
        byte[] head = Enumerable.Range(0, 1 << 20).Select(i => (byte)(i * 7)).ToArray();
        await File.WriteAllBytesAsync(file, head);
        await using (FileStream grown = File.OpenWrite(file))
        {
            grown.SetLength(1L << 30);
            grown.Seek(700 << 20, SeekOrigin.Begin);
            await grown.WriteAsync("tail"u8.ToArray());
        }

        var image = new Image { File = file, Format = "raw", Name = "sparse", Digest = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(head)) };
        PlatformRequest request = Request() with { Image = image };
        LibvirtPlatform[] platforms = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => LibvirtPlatform.OpenAsync(LibvirtServer.Shared.Options(_scratch), request, CancellationToken.None)));
        foreach (LibvirtPlatform platform in platforms)
            await platform.DisposeAsync();

        using Connection connection = Connection.Open(LibvirtServer.Shared.Uri);
        using StoragePool pool = connection.FindPool(LibvirtOptions.OwnPool);
        string[] names = [.. pool.Volumes.Select(v => v.Name).Where(n => n.Contains(image.Digest[7..39], StringComparison.Ordinal))];
        Assert.That(names.Select(Path.GetExtension), Is.EquivalentTo(new[] { ".content", ".whole" }));
        using StorageVolume content = pool.FindVolume(names.Single(n => n.EndsWith(".content", StringComparison.Ordinal)));
        Assert.That(content.Size.Capacity, Is.EqualTo(1L << 30));
        Assert.That(content.Size.Allocation, Is.LessThan(8 << 20));
        Assert.That(content.Download(connection, 1 << 20), Is.EqualTo(head));
    }

    [Test]
    public async Task An_image_is_kept_thirty_days_after_it_was_last_used()
    {
        Image image = Tiny() with { Digest = "sha256:" + new string('d', 64) };
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow());
        foreach (int days in (int[])[0, 10])
        {
            clock.Advance(TimeSpan.FromDays(days));
            PlatformRequest request = Request();
            Task<LibvirtPlatform> opening = LibvirtPlatform.OpenAsync(LibvirtServer.Shared.Options(_scratch), request with { Image = image, Access = request.Access with { Clock = clock } }, CancellationToken.None);
            while (await Task.WhenAny(opening, Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System)) != opening)
                clock.Advance(TimeSpan.FromSeconds(1));
            await (await opening).DisposeAsync();
        }

        ILeftover[] kept = [.. (await new LibvirtDriver().FindLeftoversAsync(Request().Access, CancellationToken.None)).Where(l => l.Name.Contains(new string('d', 32), StringComparison.Ordinal))];
        Assert.That(kept.Select(k => k.Kind), Is.EqualTo(new[] { "image", "image" }), "its content, and one volume that says it is whole");
        Assert.That(kept.Select(k => k.Tags.Expires), Is.All.EqualTo(clock.GetUtcNow() + TimeSpan.FromDays(30)).Within(TimeSpan.FromMinutes(5)));
    }

    [Test]
    public async Task An_upload_that_is_cancelled_leaves_nothing_and_the_next_one_is_whole()
    {
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();
        Image image = Tiny() with { Digest = "sha256:" + new string('c', 64) };
        await Assert.CatchAsync<OperationCanceledException>(() => LibvirtPlatform.OpenAsync(LibvirtServer.Shared.Options(_scratch), Request() with { Image = image }, cancel.Token));
        await using LibvirtPlatform platform = await LibvirtPlatform.OpenAsync(LibvirtServer.Shared.Options(_scratch), Request() with { Image = image }, CancellationToken.None);
        await using IInstance machine = await platform.StartAsync(Spec() with { Image = image }, CancellationToken.None);
        await SaysAsync(machine, "kola boot 1");
    }

    [Test]
    public async Task Uefi_and_a_tpm_start_and_survive_a_power_cycle_and_leave_nothing()
    {
        await using LibvirtPlatform platform = await OpenAsync();
        LibvirtHere.Need(platform.Features.IsSupersetOf([Feature.Uefi, Feature.Tpm]), "apt-get install ovmf swtpm swtpm-tools");
        MachineSpec shape = Spec().Machine with { Firmware = Firmware.Uefi, Tpm = true };
        await using (IInstance machine = await platform.StartAsync(Spec() with { Machine = shape }, CancellationToken.None))
        {
            await SaysAsync(machine, "BdsDxe");
            string address = machine.Address;
            await machine.PowerCycleAsync(CancellationToken.None);
            Assert.That(machine.Exited.IsCompleted, Is.False);
            Assert.That(machine.Address, Is.EqualTo(address), "an address people noted stays right");
        }

        Assert.That(await LibvirtServer.Shared.LeftAsync(_scratch), Is.Empty);
    }

    [Test]
    public async Task More_memory_than_the_host_has_is_told_as_the_hosts_want_of_memory()
    {
        await using LibvirtPlatform platform = await OpenAsync();
        PlatformException? fault = await Assert.ThrowsAsync<PlatformException>(() =>
            platform.StartAsync(Spec() with { Machine = Spec().Machine with { MemoryMiB = 900_000_000 } }, CancellationToken.None));
        Assert.That(fault!.Signal, Is.EqualTo(Signal.HostMemory), fault.Message);
        Assert.That(await LibvirtServer.Shared.LeftAsync(_scratch), Is.Empty);
    }

    [Test]
    public async Task What_a_machine_costs_is_known_while_it_runs()
    {
        await using LibvirtPlatform platform = await OpenAsync();
        IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None);
        await SaysAsync(machine, "kola boot 1");
        TimeSpan before = machine.ProcessorTime!.Value;
        Assert.That(before, Is.GreaterThan(TimeSpan.Zero));
        Assert.That(machine.MemoryMiB, Is.GreaterThan(10));
        await machine.PowerCycleAsync(CancellationToken.None);
        Assert.That(machine.ProcessorTime, Is.GreaterThan(before), "it counts on over a power cycle");
        await machine.DisposeAsync();
        Assert.That(machine.ProcessorTime, Is.Null);
    }

    [Test]
    public async Task What_is_missing_on_a_host_is_told_with_its_remedy()
    {
        LibvirtOptions options = LibvirtServer.Shared.Options(_scratch);
        Assert.That((await RefusalAsync(options with { Pool = "none" })).Message, Does.Contain("has no storage pool \"none\"").And.Contain("next:"));
        Assert.That((await RefusalAsync(options with { Network = "none" })).Message, Does.Contain("has no network \"none\"").And.Contain("next:"));
        Assert.That((await RefusalAsync(options with { Uris = ["qemu+unix:///system?socket=/nowhere"] })).Message, Does.Contain("does not answer").And.Contain("next:"));
        Assert.That((await RefusalAsync(options with { DefaultFirmware = Firmware.SecureBoot })).Message, Does.Contain("run it on qemu"));
        Assert.That((await RefusalAsync(options with { DefaultFirmware = Firmware.Direct })).Message, Does.Contain("a kernel beside the image"));
        Assert.That((await RefusalAsync(options, Request() with { Image = Tiny() with { Architecture = "arm64" } })).Message, Does.Contain("amd64"));
    }

    private async Task<UsageException> RefusalAsync(LibvirtOptions options, PlatformRequest? request = null) =>
        (await Assert.ThrowsAsync<UsageException>(() => LibvirtPlatform.OpenAsync(options, request ?? Request(), CancellationToken.None)))!;

    /// <summary>Another process that starts a machine, says its domain's name, and waits to be killed.</summary>
    public static async Task BeChildAsync(string uri, string directory)
    {
        Image image = TinyGuest.Write(Path.Combine(directory, "child.img"));
        var options = new LibvirtOptions { Uris = [uri], Kvm = false, CacheDirectory = directory };
        var request = new PlatformRequest
        {
            Access = new PlatformAccess { CacheDirectory = directory, Clock = TimeProvider.System, Progress = new Progress<string>() },
            Image = image,
            Tags = new ResourceTags { Run = "killed", Owner = "tests", Expires = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1), MadeBy = Maker.Self },
        };
        LibvirtPlatform platform = await LibvirtPlatform.OpenAsync(options, request, CancellationToken.None);
        var spec = new InstanceSpec { Id = "killed/machine", Machine = new MachineSpec { Name = "machine", MemoryMiB = 256, Tpm = platform.Features.Contains(Feature.Tpm) }, Image = image, Ignition = "{}", Directory = directory };
        IInstance machine = await platform.StartAsync(spec, CancellationToken.None);
        System.Console.WriteLine(((LibvirtInstance)machine).DomainName);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }

    private static DomainState State(string name)
    {
        using Connection connection = Connection.Open(LibvirtServer.Shared.Uri);
        using Domain domain = connection.FindDomain(name);
        return domain.Info.State;
    }

    private Task<LibvirtPlatform> OpenAsync() => LibvirtPlatform.OpenAsync(LibvirtServer.Shared.Options(_scratch), Request(), CancellationToken.None);

    private PlatformRequest Request() => LibvirtServer.Shared.Request(_scratch, Tiny());

    private Image Tiny() => TinyGuest.Write(_scratch.File("tiny.img"));

    private static Task SaysAsync(IInstance machine, string words) =>
        Soon.HoldsAsync(() => Console(machine).Contains(words, StringComparison.Ordinal), () => $"\"{words}\" on the console:\n{Console(machine)}", s_boot);

    private static string Console(IInstance machine) => File.ReadAllText(machine.ConsoleFile!);

    private InstanceSpec Spec(string name = "machine") => new()
    {
        Id = $"test/{name}",
        Machine = new MachineSpec { Name = name, MemoryMiB = 256 },
        Image = Tiny(),
        Ignition = "{}",
        Directory = _scratch.New(name),
    };
}
