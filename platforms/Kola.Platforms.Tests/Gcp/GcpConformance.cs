using Kola.Gcp;
using Kola.Platforms.Tests.Recording;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Gcp;

/// <summary>
/// What platform gcp promises of a machine somebody logs in to, by the kit every platform is tried with. The instances of the recorder are machines under QEMU here, which boot what came through the
/// bucket and fetch their config from the metadata server: minutes, so it is only done when it is asked for.
/// </summary>
public sealed class GcpConformance
{
    private static readonly string[] s_never = ["channel", "harness", "disks", "segment", "segment.faults", "tpm"];

    private Scratch _scratch = null!;
    private Conformance _conformance = null!;

    [OneTimeSetUp]
    public async Task TryAll()
    {
        _scratch = new Scratch();
        string file = Conformance.NeedSecondTier();
        GuestHost host = await GuestHost.OpenAsync();
        GcpModel model = null!;
        await using Recorder recorder = await Recorder.StartAsync("gcp", _ => model = new GcpModel(host.Directory));
        model.Machines = new GcpMachines(host, model.Bucket);
        Image image = await CloudImage.WriteAsync(await ImageFile.PrepareAsync(file, Conformance.Cache, null, CancellationToken.None), "gcp", _scratch.Path);
        PlatformRequest request = Conformance.Request(_scratch, image, _scratch.New("cache"), [.. GcpModel.Settings(recorder.Url), ("gcp-slowness", "10")]);
        request = request with { Access = request.Access with { Environment = GcpModel.Environment.GetValueOrDefault } };
        _conformance = await Conformance.RunAsync(new GcpDriver(), request, _scratch);
        Assert.That(recorder.Violations, Is.Empty);
        Assert.That(host.Machines.SelectMany(m => m.Asked).Select(a => a.ToString()), Does.Contain("GET /computeMetadata/v1/instance/attributes/user-data"));
        Assert.That(model.Instances.Count + model.Firewalls.Count + model.Bucket.Objects.Count, Is.Zero, "only the image stays");
        Assert.That(host.Machines.Select(m => m.IsOn), Has.None.True);
    }

    [OneTimeTearDown]
    public void LeaveNothing() => _scratch.Dispose();

    [TestCaseSource(typeof(Conformance), nameof(Conformance.Promises))]
    public void A_promise_is_kept(string promise) => _conformance.Check(promise, notOffered: s_never.Contains(promise));
}
