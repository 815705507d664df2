using Kola.Libvirt;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Libvirt;

/// <summary>What libvirt promises of a machine somebody logs in to, by the kit every platform is tried with. Seven minutes when emulated, so it is asked for by name.</summary>
public sealed class LibvirtConformance
{
    private Scratch _scratch = null!;
    private Conformance _conformance = null!;

    [OneTimeSetUp]
    public async Task TryAll()
    {
        _scratch = new Scratch();
        string file = Conformance.NeedSecondTier();
        LibvirtServer.Need();
        Image image = await ImageFile.PrepareAsync(file, Conformance.Cache, null, CancellationToken.None);
        _conformance = await Conformance.RunAsync(new LibvirtDriver(), LibvirtServer.Shared.Request(_scratch, image), _scratch);
    }

    [OneTimeTearDown]
    public void LeaveNothing() => _scratch.Dispose();

    [TestCaseSource(typeof(Conformance), nameof(Conformance.Promises))]
    public void A_promise_is_kept(string promise) => _conformance.Check(promise, notOffered: false);
}
