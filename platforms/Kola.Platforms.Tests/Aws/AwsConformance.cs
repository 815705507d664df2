using Kola.Aws;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Aws;

/// <summary>
/// What platform aws promises of a machine somebody logs in to, by the kit every platform is tried with. The instances of moto are machines under QEMU here, which
/// boot what was written into a snapshot: minutes, so it is only done when it is asked for.
/// </summary>
[TestFixture("legacy-bios")]
[TestFixture("uefi", Category = "uefi")]
public sealed class AwsConformance(string bootMode)
{
    private static readonly string[] s_never = ["channel", "harness", "disks", "segment", "segment.faults", "tpm"];

    private Scratch _scratch = null!;
    private Conformance _conformance = null!;

    [OneTimeSetUp]
    public async Task TryAll()
    {
        _scratch = new Scratch();
        string file = Conformance.NeedSecondTier();
        Uri endpoint = await Moto.MachinesAsync();
        Image image = await ImageFile.PrepareAsync(file, Conformance.Cache, null, CancellationToken.None);
        PlatformRequest request = Conformance.Request(
            _scratch, image, Conformance.Cache, ("aws-endpoint", endpoint.ToString()), ("aws-region", "eu-central-1"), ("aws-ssh-from", "127.0.0.0/8"), ("aws-boot-mode", bootMode), ("aws-slowness", "10"));
        request = request with { Access = request.Access with { Environment = AwsPlace.Credentials } };
        var driver = new AwsDriver();
        _conformance = await Conformance.RunAsync(driver, request, _scratch);
        IReadOnlyList<ILeftover> left = await driver.FindLeftoversAsync(request.Access, CancellationToken.None);
        Assert.That(left.Select(l => l.Tags.Run), Is.All.EqualTo("image"));
    }

    [OneTimeTearDown]
    public void LeaveNothing() => _scratch.Dispose();

    [TestCaseSource(typeof(Conformance), nameof(Conformance.Promises))]
    public void A_promise_is_kept(string promise) => _conformance.Check(promise, notOffered: s_never.Contains(promise) || promise == "uefi" && bootMode == "legacy-bios");
}
