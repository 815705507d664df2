using Kola.OpenStack;
using Kola.Qemu;

namespace Kola.Platforms.Tests.OpenStack;

/// <summary>
/// What platform openstack promises of a machine somebody logs in to, by the kit every platform is tried with, on keystone, glance, nova and neutron themselves. The
/// servers are machines under QEMU: minutes, so it is only done when it is asked for.
/// </summary>
[TestFixture("machines", "")]
[TestFixture("inside", "outside", Category = "floating")]
public sealed class OpenStackConformance(string network, string floating)
{
    private static readonly string[] s_never = ["channel", "harness", "disks", "segment", "segment.faults", "tpm", "uefi"];

    private Scratch _scratch = null!;
    private Conformance _conformance = null!;

    [OneTimeSetUp]
    public async Task TryAll()
    {
        _scratch = new Scratch();
        string file = Conformance.NeedSecondTier();
        string clouds = await RealOpenStack.CloudsAsync();
        Image image = await ImageFile.PrepareAsync(file, Conformance.Cache, null, CancellationToken.None);
        (string, string)[] settings = [("openstack-cloud", "kola"), ("openstack-network", network), ("openstack-slowness", "10")];
        if (floating.Length > 0)
            settings = [.. settings, ("openstack-floating-network", floating), ("openstack-ssh-from", "198.18.78.1/32")];
        PlatformRequest request = Conformance.Request(_scratch, image, Conformance.Cache, settings);
        request = request with { Access = request.Access with { Environment = name => name == "OS_CLIENT_CONFIG_FILE" ? clouds : null } };
        var driver = new OpenStackDriver();
        _conformance = await Conformance.RunAsync(driver, request, _scratch);
        IReadOnlyList<ILeftover> left = await driver.FindLeftoversAsync(request.Access, CancellationToken.None);
        Assert.That(left.Select(l => l.Tags.Run), Is.All.EqualTo("image"));
    }

    [OneTimeTearDown]
    public void LeaveNothing() => _scratch.Dispose();

    [TestCaseSource(typeof(Conformance), nameof(Conformance.Promises))]
    public void A_promise_is_kept(string promise) => _conformance.Check(promise, notOffered: s_never.Contains(promise));
}
