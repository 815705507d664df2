using Kola.Azure;
using Kola.Gcp;
using Kola.Platforms.Tests.Azure;
using Kola.Platforms.Tests.Gcp;

namespace Kola.Platforms.Tests.Recording;

/// <summary>A kola killed by signal 9, wherever it was, leaves nothing in a cloud that <c>kola gc</c> does not take away.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class KilledCloudTests
{
    private readonly Scratch _scratch = new();

    [TearDown]
    public void LeaveNothing() => _scratch.Dispose();

    // Killed when the server has seen a request like that: while an image is brought, while a machine is made, while it runs.
    [TestCase("PUT", ".vhd")]
    [TestCase("PUT", "/virtualNetworks/kola")]
    [TestCase("PUT", "/virtualMachines/*")]
    [TestCase("POST", "/retrieveBootDiagnosticsData")]
    public async Task Nothing_stays_on_azure_but_a_whole_image(string method, string path)
    {
        AzureModel model = null!;
        Recorder recorder = await Recorder.StartAsync("azure", url => model = new AzureModel(url, _scratch.New("azure")));
        await using var place = new CloudPlace(new AzureDriver(), recorder, AzureModel.Environment, AzureModel.Settings(recorder.Url));
        await KillAtAsync("azure", place, method, path);
        Removal removal = await Removal.RunAsync(place.Driver, AccessOf(place), null, dryRun: false, CancellationToken.None);
        Assert.That(removal.Failures, Is.Empty);
        Assert.That(model.Resources.Keys.Where(k => !k.Contains("/kola-images", StringComparison.Ordinal)), Is.Empty);
        Assert.That(model.Blobs.Names, Is.Empty);
        NothingStaysHere();
        place.Conforms();
    }

    [TestCase("POST", "/o")]
    [TestCase("POST", "/images")]
    [TestCase("POST", "/firewalls")]
    [TestCase("POST", "/instances")]
    [TestCase("GET", "/serialPort")]
    public async Task Nothing_stays_on_gcp_but_a_whole_image(string method, string path)
    {
        GcpModel model = null!;
        Recorder recorder = await Recorder.StartAsync("gcp", _ => model = new GcpModel(_scratch.New("gcp")));
        await using var place = new CloudPlace(new GcpDriver(), recorder, GcpModel.Environment, GcpModel.Settings(recorder.Url));
        await KillAtAsync("gcp", place, method, path);
        Removal removal = await Removal.RunAsync(place.Driver, AccessOf(place), null, dryRun: false, CancellationToken.None);
        Assert.That(removal.Failures, Is.Empty);
        Assert.That(model.Instances.Keys.Concat(model.Firewalls.Keys).Concat(model.Bucket.Objects), Is.Empty);
        NothingStaysHere();
        place.Conforms();
    }

    private PlatformAccess AccessOf(CloudPlace place) => place.Access() with { CacheDirectory = _scratch.File("cache") };

    // An image is converted in a directory of this host.
    private void NothingStaysHere() => Assert.That(Directory.GetDirectories(_scratch.File("cache")), Is.Empty);

    private async Task KillAtAsync(string cloud, CloudPlace place, string method, string path)
    {
        File.Copy(place.Image.File, _scratch.File("disk.img"));
        await using (await ChildOfTest.StartAsync("cloud", cloud, place.Recorder.Url, _scratch.Path))
            await Soon.HoldsAsync(() => place.Recorder.Requests.Any(IsThat), () => string.Join('\n', place.Recorder.Requests), TimeSpan.FromSeconds(60));
        Assert.That(await place.Driver.FindLeftoversAsync(AccessOf(place), CancellationToken.None), Is.Not.Empty, "what was left is found");

        bool IsThat(Received request) => request.Method == method && (path.EndsWith('*') ? request.Path.Contains(path[..^1], StringComparison.Ordinal) : request.Path.EndsWith(path, StringComparison.Ordinal));
    }
}
