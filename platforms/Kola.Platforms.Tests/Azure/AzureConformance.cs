using Kola.Azure;
using Kola.Platforms.Tests.Recording;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Azure;

/// <summary>
/// What platform azure promises of a machine somebody logs in to, by the kit every platform is tried with. The virtual machines of the recorder are machines under QEMU here, which boot what was brought as a
/// page blob and find their config on the disc in their drive: minutes, so it is only done when it is asked for.
/// </summary>
[TestFixture(Firmware.Any)]
[TestFixture(Firmware.Uefi, Category = "uefi", Explicit = true, Reason = "the same again, and GCP's machines are started by UEFI: --filter 'FullyQualifiedName~AzureConformance&TestCategory=uefi'")]
public sealed class AzureConformance(Firmware firmware)
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
        AzureModel model = null!;
        await using Recorder recorder = await Recorder.StartAsync("azure", url => model = new AzureModel(url, host.Directory));
        model.Running = new AzureMachines(host, model.Blobs);
        Image image = await CloudImage.WriteAsync(await ImageFile.PrepareAsync(file, Conformance.Cache, null, CancellationToken.None), "azure", _scratch.Path);
        PlatformRequest request = Conformance.Request(_scratch, image, _scratch.New("cache"), [.. AzureModel.Settings(recorder.Url), ("azure-slowness", "10")]);
        request = request with { Firmware = firmware, Access = request.Access with { Environment = AzureModel.Environment.GetValueOrDefault } };
        _conformance = await Conformance.RunAsync(new AzureDriver(), request, _scratch);
        Assert.That(recorder.Violations, Is.Empty);
        Assert.That(host.Machines.SelectMany(m => m.Asked).Select(a => a.ToString()), Does.Contain("GET /metadata/instance/compute/userData"));
        Assert.That(model.Resources.Keys.Where(k => !k.Contains("kola-images", StringComparison.Ordinal)).Concat(model.Blobs.Names), Is.Empty, "only the image stays");
        Assert.That(host.Machines.Select(m => m.IsOn), Has.None.True);
    }

    [OneTimeTearDown]
    public void LeaveNothing() => _scratch.Dispose();

    [TestCaseSource(typeof(Conformance), nameof(Conformance.Promises))]
    public void A_promise_is_kept(string promise) => _conformance.Check(promise, notOffered: s_never.Contains(promise) || promise == "uefi" && firmware != Firmware.Uefi);
}
