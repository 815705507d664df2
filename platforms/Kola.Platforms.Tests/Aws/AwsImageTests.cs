using Kola.Aws;
using Kola.Machines;

namespace Kola.Platforms.Tests.Aws;

/// <summary>How an image comes to EC2: moto's snapshots are files here, and compare checksums as EBS does.</summary>
public sealed class AwsImageTests
{
    private static readonly string[] s_image = ["image of image", "snapshot of image"];
    private AwsPlace _place = null!;

    [SetUp]
    public async Task HaveAPlace() => _place = await AwsPlace.CreateAsync();

    [TearDown]
    public async Task LeaveNothing()
    {
        if (_place is not null)
            await _place.DisposeAsync();
    }

    [Test]
    public async Task It_is_brought_once_and_blocks_of_zeros_are_not()
    {
        await using (AwsPlatform first = await _place.OpenAsync())
            Assert.That(Blocks(), Is.EquivalentTo(new[] { "0", "3", "4" }));
        await using (AwsPlatform again = await _place.OpenAsync())
            Assert.That(_place.Front.Count("RegisterImage"), Is.EqualTo(1));
        Passed registered = _place.Front.Requests.Single(r => r.Action == "RegisterImage");
        Assert.That(registered.Parameters["Architecture"], Is.EqualTo("x86_64"));
        Assert.That(registered.Parameters["BootMode"], Is.EqualTo("uefi-preferred"));
        Assert.That(registered.Parameters["EnaSupport"], Is.EqualTo("true"));
        Assert.That(registered.Parameters["BlockDeviceMapping.1.Ebs.VolumeType"], Is.EqualTo("gp3"));
    }

    [Test]
    public async Task Two_runs_at_once_bring_it_once()
    {
        AwsPlatform[] both = await Task.WhenAll(_place.OpenAsync(), _place.OpenAsync());
        foreach (AwsPlatform platform in both)
            await platform.DisposeAsync();
        Assert.That(Blocks(), Is.EquivalentTo(new[] { "0", "3", "4" }));
        Assert.That(both[0].Facts["ami"], Is.EqualTo(both[1].Facts["ami"]));
    }

    [Test]
    public async Task Two_hosts_at_once_end_with_one_image_and_one_snapshot()
    {
        // Each has a cache of its own, so neither knows of the other until it registers.
        using var barrier = new Barrier(2);
        int waiting = 2;
        _place.Front.Before = r => r.Action == "RegisterImage" && Interlocked.Decrement(ref waiting) >= 0 ? Task.Run(() => barrier.SignalAndWait(TimeSpan.FromSeconds(20))) : Task.CompletedTask;
        PlatformRequest request = _place.Request();
        PlatformRequest other = request with { Access = request.Access with { CacheDirectory = _place.Scratch.New("other") } };
        IPlatform[] both = await Task.WhenAll(_place.Driver.OpenAsync(request, CancellationToken.None), _place.Driver.OpenAsync(other, CancellationToken.None));
        foreach (IPlatform platform in both)
            await platform.DisposeAsync();
        Assert.That(both[0].Facts["ami"], Is.EqualTo(both[1].Facts["ami"]));
        Assert.That(await _place.LeftAsync(), Is.EquivalentTo(s_image));
    }

    [Test]
    public async Task What_was_written_half_is_not_used_and_is_left_as_the_runs()
    {
        // Neither the block nor the deletion gets through: a kola that was killed.
        _place.Front.Refusal = r => r.Action.EndsWith("/blocks/4", StringComparison.Ordinal) || r.Action == "DeleteSnapshot" ? "ValidationException" : null;
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => _place.OpenAsync()))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.ImageStore));
        Assert.That(await _place.LeftAsync(), Is.EqualTo(new[] { "snapshot of the run" }));

        // How many of them were on their way when the one was refused differs.
        int before = Blocks().Length;
        _place.Front.Refusal = _ => null;
        await using (AwsPlatform platform = await _place.OpenAsync())
            Assert.That(Blocks()[before..], Has.Length.EqualTo(3));
        Assert.That(await _place.LeftAsync(), Is.EquivalentTo(s_image.Append("snapshot of the run")));
        Removal removal = await Removal.RunAsync(_place.Driver, _place.Access(), _place.Tags.Run, dryRun: false, CancellationToken.None);
        Assert.That(removal.Failures, Is.Empty);
        Assert.That(await _place.LeftAsync(), Is.EquivalentTo(s_image));
    }

    [Test]
    public async Task Bringing_it_that_is_cancelled_leaves_nothing()
    {
        using var cancel = new CancellationTokenSource();
        _place.Front.Before = r => r.Action.StartsWith("PUT", StringComparison.Ordinal) ? cancel.CancelAsync() : Task.CompletedTask;
        await Assert.ThatAsync(() => _place.Driver.OpenAsync(_place.Request(), cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await _place.LeftAsync(), Is.Empty);
    }

    [Test]
    public async Task A_snapshot_that_is_whole_and_was_not_registered_is_used()
    {
        _place.Front.Refusal = r => r.Action == "RegisterImage" ? "InternalError" : null;
        await Assert.ThrowsAsync<PlatformException>(() => _place.OpenAsync());
        _place.Front.Refusal = _ => null;
        await using AwsPlatform platform = await _place.OpenAsync();
        Assert.That(Blocks(), Has.Length.EqualTo(3));
    }

    [Test]
    public async Task Silence_and_trouble_on_the_way_are_tried_again()
    {
        int lost = 0;
        _place.Front.Silence = r => r.Action.StartsWith("PUT", StringComparison.Ordinal) && Interlocked.Increment(ref lost) <= 2;
        await using AwsPlatform platform = await _place.OpenAsync();
        Assert.That(Blocks(), Has.Length.EqualTo(5));
        Assert.That(await _place.LeftAsync(), Is.SupersetOf(s_image));
    }

    [Test]
    public async Task A_qcow2_image_is_brought_as_a_guest_sees_it()
    {
        string qcow2 = _place.Scratch.File("disk.qcow2");
        if (await Qemu.HostTool.TryRunAsync("qemu-img", ["convert", "-O", "qcow2", _place.Image.File, qcow2], CancellationToken.None) is null)
            Assert.Ignore("needs qemu-img: apt-get install qemu-utils");
        PlatformRequest request = _place.Request() with { Image = _place.Image with { File = qcow2, Format = "qcow2" } };
        await using IPlatform platform = await _place.Driver.OpenAsync(request, CancellationToken.None);
        Assert.That(Blocks(), Is.EquivalentTo(new[] { "0", "3", "4" }));
        Assert.That(Directory.GetFiles(request.Access.CacheDirectory, "*.raw"), Is.Empty);
    }

    [Test]
    public async Task An_image_that_is_there_already_is_found_by_its_id_and_used()
    {
        string ami;
        await using (AwsPlatform platform = await _place.OpenAsync())
            ami = platform.Facts["ami"];
        Image found = (await _place.Driver.FindImageAsync(_place.Access(("aws-ami", ami)), CancellationToken.None))!;
        Assert.That(found.Architecture, Is.EqualTo("amd64"));
        Assert.That(found.Digest, Does.Match("^sha256:[0-9a-f]{64}$"));
        await using IPlatform again = await _place.Driver.OpenAsync(_place.Request(("aws-ami", ami)) with { Image = found }, CancellationToken.None);
        Assert.That(again.Facts["ami"], Is.EqualTo(ami));
        Assert.That(await _place.Driver.FindImageAsync(_place.Access(), CancellationToken.None), Is.Null, "none was named");
    }

    // PUT /snapshots/snap-1234/blocks/3
    private string[] Blocks() => [.. _place.Front.Requests.Where(r => r.Action.StartsWith("PUT", StringComparison.Ordinal)).Select(r => r.Action.Split('/')[^1])];
}
