using Kola.Labs;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Labs;

/// <summary>The conformance kit on machines that a lab's commands make, with a real image.</summary>
[Category("Long")]
public sealed class LabConformanceTests
{
    private static readonly string[] s_notOffered = ["channel", "segment.faults", "tpm", "uefi"];
    private Scratch _scratch = null!;
    private BashLab _lab = null!;
    private Conformance? _conformance;

    // Hashing an image takes half a minute; a person who tries again is not made to wait again.
    private static string Cache => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "kola-contract");

    [OneTimeSetUp]
    public async Task TryEverything()
    {
        _scratch = new Scratch();
        _lab = new BashLab(_scratch);
        if (BashLab.WhyNot is { } reason)
            Assert.Ignore(reason);
        if (Environment.GetEnvironmentVariable("KOLA_IMAGE") is not { Length: > 0 } file)
            Assert.Ignore("needs an image: KOLA_IMAGE=FILE dotnet test");
        else
            _conformance = await Conformance.RunAsync(new LabDriver(), Conformance.Request(_scratch, await ImageFile.PrepareAsync(file, Cache, null, CancellationToken.None), _scratch.File("cache"), (LabDriver.FileOption, _lab.Write())), _scratch);
    }

    [OneTimeTearDown]
    public void CleanUp() => _scratch.Dispose();

    [TestCaseSource(typeof(Conformance), nameof(Conformance.Promises))]
    public void A_promise_is_kept(string promise) => _conformance!.Check(promise, notOffered: s_notOffered.Contains(promise));

    [Test]
    public void Nothing_is_left() => Assert.That(_lab.Left(_scratch), Is.Empty);
}
