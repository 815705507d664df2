using Kola.Libvirt;
using Kola.Machines;

namespace Kola.Platforms.Tests.Libvirt;

/// <summary>What only libvirt promises, tried on a real libvirtd with a guest of one sector.</summary>
public sealed class LibvirtTests
{
    private static readonly TimeSpan s_boot = TimeSpan.FromSeconds(20);
    private Scratch _scratch = null!;

    [SetUp]
    public void HaveLibvirtd()
    {
        LibvirtServer.Need();
        _scratch = new Scratch();
    }

    [TearDown]
    public void CleanUp() => _scratch?.Dispose();

    [Test]
    public async Task A_machine_boots_and_is_gone_afterwards()
    {
        await using LibvirtPlatform platform = await OpenAsync();
        await using (IInstance machine = await platform.StartAsync(Spec(), CancellationToken.None))
        {
            await SaysAsync(machine, "kola boot 1");
            Assert.That((await LeftAsync()).Select(l => l.Kind).Distinct(), Is.EqualTo(new[] { "domain", "volume" }));
        }

        Assert.That(await LeftAsync(), Is.Empty);
    }

    private Task<LibvirtPlatform> OpenAsync() => LibvirtPlatform.OpenAsync(LibvirtServer.Options(_scratch), LibvirtServer.Request(_scratch, Tiny()), CancellationToken.None);

    private async Task<IReadOnlyList<ILeftover>> LeftAsync() => [.. (await new LibvirtDriver().FindLeftoversAsync(LibvirtServer.Access(_scratch), CancellationToken.None)).Where(l => l.Kind != "image")];

    private Image Tiny() => TinyGuest.Write(_scratch.File("tiny.img"));

    private static Task SaysAsync(IInstance machine, string words) =>
        Soon.HoldsAsync(() => Console(machine).Contains(words, StringComparison.Ordinal), () => $"\"{words}\" on the console:\n{Console(machine)}", s_boot);

    private static string Console(IInstance machine) => File.ReadAllText(machine.ConsoleFile!);

    private InstanceSpec Spec() => new()
    {
        Id = "test/machine",
        Machine = new MachineSpec { Name = "machine", MemoryMiB = 256 },
        Image = Tiny(),
        Ignition = "{}",
        Directory = _scratch.New("machine"),
    };
}
