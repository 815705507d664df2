using Kola.Azure;
using Kola.Clouds;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.Azure;

/// <summary>How an image comes to Azure: by Azure's own client, to a server that keeps page blobs as Azure does.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class AzureImageTests
{
    private const int Megabyte = 1 << 20;

    private readonly Scratch _scratch = new();
    private CloudPlace _place = null!;
    private AzureModel _model = null!;
    private byte[] _disk = null!;

    [SetUp]
    public async Task StartsACloud()
    {
        // Something in the first and in the third request, nothing in the second, and no whole number of MiB.
        _disk = new byte[10 * Megabyte + 512];
        Random.Shared.NextBytes(_disk.AsSpan(0, 1000));
        _disk[9 * Megabyte] = 1;
        _disk[^1] = 2;
        await File.WriteAllBytesAsync(_scratch.File("disk.img"), _disk);
        Recorder recorder = await Recorder.StartAsync("azure", url => _model = new AzureModel(url, _scratch.New("azure")));
        _place = new CloudPlace(new AzureDriver(), recorder, AzureModel.Environment, AzureModel.Settings(recorder.Url))
        {
            Image = new Image { File = _scratch.File("disk.img"), Format = "raw", Digest = "sha256:" + new string('2', 64), Name = "disk.img" },
        };
    }

    [TearDown]
    public async Task EveryRequestConforms()
    {
        _place.Conforms();
        await _place.DisposeAsync();
        _scratch.Dispose();
    }

    [Test]
    public async Task An_image_is_brought_once_as_a_fixed_vhd_and_its_zeros_are_left_out()
    {
        await (await _place.OpenAsync()).DisposeAsync();
        await (await _place.OpenAsync()).DisposeAsync();
        string image = _model.Resources.Keys.Single(k => k.Contains("/images/", StringComparison.Ordinal));
        byte[] there = await File.ReadAllBytesAsync(_model.Blobs.ImageOf(image));
        Assert.That(there, Has.Length.EqualTo(11 * Megabyte));
        Assert.That(there.AsSpan(0, _disk.Length).SequenceEqual(_disk) && !there.AsSpan(_disk.Length).ContainsAnyExcept((byte)0), "what is there is the disk, and zeros up to a whole MiB");
        Assert.That(_place.Recorder.Requests.Where(r => r.Asked("comp") == "page").Select(r => r.Text), Is.EqualTo(new[] { "4194304 bytes", "3146240 bytes" }));
        Assert.That(_model.Blobs.Names, Is.Empty, "the blob it came in is gone");
        Assert.That(_model.Resources[image]["properties"]!["hyperVGeneration"]!.ToString(), Is.EqualTo("V1"));
        Assert.That(await _place.LeftAsync(), Is.EqualTo(new[] { "image of image" }));
    }

    [Test]
    public async Task What_a_busy_store_refuses_is_written_again()
    {
        _place.Recorder.Fail("PUT", ".vhd", 1, new Answer(503) { Headers = [("x-ms-error-code", "ServerBusy")] });
        await (await _place.OpenAsync()).DisposeAsync();
        Assert.That(_model.Resources.Keys.Count(k => k.Contains("/images/", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task An_image_azure_cannot_use_is_told_and_leaves_nothing()
    {
        _place.Recorder.Fail("PUT", "v1", 1, new Answer(400, new System.Text.Json.Nodes.JsonObject { ["error"] = new System.Text.Json.Nodes.JsonObject { ["code"] = "InvalidParameter", ["message"] = "The specified cookie value in VHD footer indicates that the disk is not a supported VHD." } }));
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(async () => await _place.OpenAsync()))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.ImageStore));
        Assert.That(fault.Message, Does.Contain("not a supported VHD"));
        Assert.That(await _place.LeftAsync(), Is.Empty);
    }

    [Test]
    public async Task A_store_that_lets_nobody_in_is_the_callers_mistake()
    {
        _place.Recorder.Fail("PUT", ".vhd", 1, new Answer(403) { Headers = [("x-ms-error-code", "AuthorizationPermissionMismatch")] });
        UsageException fault = (await Assert.ThrowsAsync<UsageException>(async () => await _place.OpenAsync()))!;
        Assert.That(fault.Message, Does.Contain("AuthorizationPermissionMismatch"));
    }

    [Test]
    public async Task A_blob_a_killed_run_left_is_found_and_goes()
    {
        string name = $"{TagText.Name(_place.Tags)}.vhd";
        await File.WriteAllTextAsync(_model.Blobs.FileOf(name), "");
        _model.Blobs.Names.Add(name);
        Assert.That(await _place.LeftAsync(), Is.EqualTo(new[] { "blob of run-1" }));
        Removal removal = await Removal.RunAsync(_place.Driver, _place.Access(), "run-1", dryRun: false, CancellationToken.None);
        Assert.That(removal.Failures, Is.Empty);
        Assert.That(_model.Blobs.Names, Is.Empty);
    }

    [TestCase("raw", "not a supported VHD")]
    [TestCase("vpc", "not a fixed VHD")]
    public async Task The_server_takes_nothing_but_fixed_vhds(string format, string told)
    {
        await GuestHost.RunAsync("qemu-img", "convert", "-f", "raw", "-O", format, _scratch.File("disk.img"), _scratch.File("disk"));
        Assert.That(FixedVhd.Unwrap(_scratch.File("disk")), Does.Contain(told));
    }
}
