using Kola.Platforms.Tests.Libvirt;

namespace Kola.Platforms.Tests;

/// <summary>Ends, after all tests, what tests have shared.</summary>
[SetUpFixture]
public sealed class LibvirtEnd
{
    [OneTimeTearDown]
    public void Stop() => LibvirtServer.StopShared();
}
