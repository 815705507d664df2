using Kola.Libvirt.Bindings;

namespace Kola.Platforms.Tests.Libvirt;

/// <summary>What of libvirt this host has.</summary>
internal static class LibvirtHere
{
    /// <summary>Skips a test that needs the library where there is none; on a build machine that is a failure.</summary>
    public static void NeedLibrary() => Need(LibvirtLibrary.IsPresent, "apt-get install libvirt0");

    /// <summary>Skips a test that needs something; on a build machine its absence is a failure.</summary>
    public static void Need(bool there, string remedy)
    {
        if (there)
            return;
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail($"a build machine has to have it: {remedy}");
        Assert.Ignore(remedy);
    }
}
