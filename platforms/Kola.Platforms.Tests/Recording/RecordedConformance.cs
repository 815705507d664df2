using Kola.Qemu;

namespace Kola.Platforms.Tests.Recording;

/// <summary>
/// What a cloud's platform promises of a machine somebody logs in to, by the kit every platform is tried with. The machines of the recorder are machines under QEMU here, which boot what was brought there and
/// find their config as in that cloud: minutes, so it is only done when it is asked for.
/// </summary>
internal abstract class RecordedConformance
{
    private static readonly string[] s_never = ["channel", "harness", "disks", "segment", "segment.faults", "tpm"];

    private Scratch _scratch = null!;
    private Conformance _conformance = null!;

    /// <summary>The cloud.</summary>
    protected abstract RecordedCloud Cloud { get; }

    [OneTimeSetUp]
    public async Task TryAll()
    {
        _scratch = new Scratch();
        string file = Conformance.NeedSecondTier();
        GuestHost host = await GuestHost.OpenAsync();
        IProvider model = null!;
        await using Recorder recorder = await Recorder.StartAsync(Cloud.Name, url => model = Cloud.Open(url, host));
        Image image = await CloudImage.WriteAsync(await ImageFile.PrepareAsync(file, Conformance.Cache, null, CancellationToken.None), Cloud.Name, _scratch.Path);
        PlatformRequest request = Conformance.Request(_scratch, image, _scratch.New("cache"), [.. Cloud.Settings(recorder.Url), ($"{Cloud.Name}-slowness", "10")]);
        request = request with { Firmware = Cloud.Firmware, Access = request.Access with { Environment = Cloud.Environment(recorder.Url).GetValueOrDefault } };
        _conformance = await Conformance.RunAsync(Cloud.Driver, request, _scratch);
        Assert.That(recorder.Violations, Is.Empty);
        Assert.That(host.Machines.SelectMany(m => m.Asked).Select(a => a.ToString()), Does.Contain($"GET {Cloud.Asks}"));
        Assert.That(Cloud.Left(model), Is.Empty, "only the image stays");
        Assert.That(host.Machines.Select(m => m.IsOn), Has.None.True);
    }

    [OneTimeTearDown]
    public void LeaveNothing() => _scratch.Dispose();

    [TestCaseSource(typeof(Conformance), nameof(Conformance.Promises))]
    public void A_promise_is_kept(string promise) => _conformance.Check(promise, notOffered: s_never.Contains(promise) || promise == "uefi" && !Cloud.Uefi);
}
