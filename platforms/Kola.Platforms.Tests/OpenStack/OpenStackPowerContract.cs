using System.Security.Cryptography;
using Kola.Machines;
using Kola.OpenStack;

namespace Kola.Platforms.Tests.OpenStack;

/// <summary>What platform openstack promises of a machine nobody logs in to, on an OpenStack, with a guest of one sector; and that gc takes away all a killed run left.</summary>
public sealed class OpenStackPowerContract
{
    // A change takes ten seconds where the host is calm; nova itself waits for fifteen before it believes that a machine is off.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    private readonly OpenStackDriver _driver = new();
    private Scratch _scratch = null!;
    private string _clouds = "";

    [OneTimeSetUp]
    public async Task HaveAnOpenStack()
    {
        _scratch = new Scratch();
        Conformance.NeedSecondTier();
        _clouds = await RealOpenStack.CloudsAsync();
    }

    [OneTimeTearDown]
    public void LeaveNothing() => _scratch.Dispose();

    [Test]
    public async Task Console_is_captured_over_every_kind_of_boot_and_nothing_is_left()
    {
        PlatformRequest request = Request(false, "machines");
        await using (IPlatform platform = await _driver.OpenAsync(request, CancellationToken.None))
        await using (IInstance machine = await StartAsync(platform, request.Image))
        {
            await BootsAsync(machine, 1);
            await machine.ResetAsync(CancellationToken.None);
            await BootsAsync(machine, 2);
            await machine.PowerCycleAsync(CancellationToken.None);
            await BootsAsync(machine, 3);
            Assert.That(machine.Exited.IsCompleted, Is.False, "neither is an end of the machine");
        }

        Assert.That(await LeftAsync(request), Is.Empty);
    }

    [Test]
    public async Task A_guest_that_powers_off_is_nobodys_fault()
    {
        PlatformRequest request = Request(true, "machines");
        await using IPlatform platform = await _driver.OpenAsync(request, CancellationToken.None);
        await using IInstance machine = await StartAsync(platform, request.Image);
        InstanceExit exit = await machine.Exited.WaitAsync(s_limit);
        Assert.That(exit.PlatformFault, Is.False, exit.Detail);
    }

    [Test]
    public async Task All_that_a_killed_run_left_goes_with_its_floating_IP()
    {
        PlatformRequest request = Request(false, "inside", ("openstack-floating-network", "outside"), ("openstack-ssh-from", "198.18.78.1/32"));
        await using IPlatform platform = await _driver.OpenAsync(request, CancellationToken.None);
        IInstance machine = await StartAsync(platform, request.Image);
        Assert.That(machine.Address, Does.StartWith("198.18.78."));
        Assert.That(await LeftAsync(request), Is.EquivalentTo(new[] { "server", "port", "floating IP", "security group", "key pair" }));
        Removal removal = await Removal.RunAsync(_driver, request.Access, request.Tags.Run, dryRun: false, CancellationToken.None);
        Assert.That(removal.Failures, Is.Empty);
        Assert.That(await LeftAsync(request), Is.Empty);
    }

    private PlatformRequest Request(bool powersOff, string network, params (string Option, string Value)[] more)
    {
        Image tiny = TinyGuest.Write(_scratch.File($"{Guid.NewGuid():N}.img"), powersOff);
        tiny = tiny with { Digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(tiny.File)))}" };
        PlatformRequest request = Conformance.Request(_scratch, tiny, Conformance.Cache, [("openstack-cloud", "kola"), ("openstack-network", network), ("openstack-slowness", "3"), .. more]);
        return request with { Access = request.Access with { Environment = name => name == "OS_CLIENT_CONFIG_FILE" ? _clouds : null }, Tags = request.Tags with { Run = $"power-{Guid.NewGuid():N}" } };
    }

    private Task<IInstance> StartAsync(IPlatform platform, Image image) => platform.StartAsync(
        new InstanceSpec { Id = "power/machine", Machine = new MachineSpec { Name = "machine", MemoryMiB = 256 }, Image = image, Ignition = "{}", Directory = _scratch.New(Guid.NewGuid().ToString("N")) }, CancellationToken.None);

    private async Task<string[]> LeftAsync(PlatformRequest request) => [.. (await _driver.FindLeftoversAsync(request.Access, CancellationToken.None)).Where(l => l.Tags.Run == request.Tags.Run).Select(l => l.Kind)];

    private static Task BootsAsync(IInstance machine, int times) =>
        Soon.HoldsAsync(() => Console(machine).Split("kola boot").Length - 1 == times, () => $"no {times} boots:\n{Console(machine)}", s_limit);

    private static string Console(IInstance machine) => File.ReadAllText(machine.ConsoleFile!);
}
