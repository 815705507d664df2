using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>What QEMU promises of a machine somebody logs in to, by the kit every platform is tried with.</summary>
public sealed class LoginContract
{
    private Scratch _scratch = null!;
    private Conformance _conformance = null!;

    [OneTimeSetUp]
    public async Task TryAll()
    {
        _scratch = new Scratch();
        if (Environment.GetEnvironmentVariable("KOLA_IMAGE") is not { Length: > 0 } file)
            Assert.Ignore("needs an image: KOLA_IMAGE=FILE dotnet test");
        else
            _conformance = await Conformance.RunAsync(new QemuDriver(), Conformance.Request(_scratch, await ImageFile.PrepareAsync(file, Conformance.Cache, null, CancellationToken.None), Conformance.Cache), _scratch);
    }

    [OneTimeTearDown]
    public void LeaveNothing() => _scratch.Dispose();

    // Its machines end with kola, so there is nothing to list.
    [TestCaseSource(typeof(Conformance), nameof(Conformance.Promises))]
    public void A_promise_is_kept(string promise) => _conformance.Check(promise, notOffered: promise is "tagged" or "exit.lost");
}
