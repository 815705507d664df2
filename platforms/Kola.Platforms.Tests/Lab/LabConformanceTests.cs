using Kola.Labs;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Labs;

/// <summary>The conformance kit on machines that a lab's commands make, with a real image.</summary>
public sealed class LabConformanceTests
{
    private static readonly string[] s_notOffered = ["channel", "segment.faults", "tpm", "uefi"];
    private Scratch _scratch = null!;
    private BashLab _lab = null!;
    private Conformance _conformance = null!;

    [OneTimeSetUp]
    public async Task TryEverything()
    {
        _scratch = new Scratch();
        string file = Conformance.NeedSecondTier();
        if (BashLab.WhyNot is { } reason)
            Assert.Ignore(reason);
        _lab = new BashLab(_scratch);
        Image image = await ImageFile.PrepareAsync(file, Conformance.Cache, null, CancellationToken.None);
        _conformance = await Conformance.RunAsync(new LabDriver(), Conformance.Request(_scratch, image, _scratch.File("cache"), (LabDriver.FileOption, _lab.Write())), _scratch);
    }

    [OneTimeTearDown]
    public void CleanUp() => _scratch.Dispose();

    [TestCaseSource(typeof(Conformance), nameof(Conformance.Promises))]
    public void A_promise_is_kept(string promise) => _conformance.Check(promise, notOffered: s_notOffered.Contains(promise));

    [Test]
    public void Nothing_is_left() => Assert.That(_lab.Left(_scratch), Is.Empty);
}
