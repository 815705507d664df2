using Kola.Azure;
using Kola.Clouds;
using Kola.Gcp;
using Kola.Machines;
using Kola.OpenStack;
using Kola.Platforms.Tests.Azure;
using Kola.Platforms.Tests.Gcp;
using Kola.Platforms.Tests.OpenStack;

namespace Kola.Platforms.Tests.Recording;

/// <summary>Machines behind a recorder that boot the smallest guests there are: the way from a file of this host to a console that a cloud shows, in seconds.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class GuestTests
{
    // The guest has no power button.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_boot = TimeSpan.FromSeconds(60);

    private readonly Scratch _scratch = new();
    private GuestHost _host = null!;

    [SetUp]
    public async Task StartsAHost() => _host = await GuestHost.OpenAsync(s_patience);

    [TearDown]
    public void LeaveNothing() => _scratch.Dispose();

    [TestCase("azure")]
    [TestCase("openstack")]
    public async Task A_machine_goes_on_with_its_own_disk_after_a_reset_and_a_power_cycle(string cloud)
    {
        await using CloudPlace place = cloud == "azure" ? await AzureAsync(powersOff: false) : await OpenStackAsync();
        await using CloudPlatform platform = await place.OpenAsync();
        await using CloudInstance machine = await place.StartAsync(platform);
        Assert.That(machine.Address, Is.EqualTo($"{_host.Machines.Single().Address}:22"));
        await SaysAsync(machine, "kola boot 1");
        await machine.ResetAsync(CancellationToken.None);
        await SaysAsync(machine, "kola boot 2");
        await machine.PowerCycleAsync(CancellationToken.None);
        await SaysAsync(machine, "kola boot 3");
        Assert.That(machine.Exited.IsCompleted, Is.False);
        await machine.DisposeAsync();
        await Soon.HoldsAsync(() => !_host.Machines.Single().IsOn, () => _host.Machines.Single().ToString(), s_boot);
        place.Conforms();
    }

    [Test]
    public async Task A_machine_of_azure_that_powers_off_has_said_its_last_word()
    {
        await using CloudPlace place = await AzureAsync(powersOff: true);
        await using CloudPlatform platform = await place.OpenAsync();
        await using CloudInstance machine = await place.StartAsync(platform);
        InstanceExit exit = await machine.Exited.WaitAsync(s_boot);
        Assert.That((exit.PlatformFault, exit.Detail), Is.EqualTo((false, "the machine is off (PowerState/stopped)")));
        Assert.That(await File.ReadAllTextAsync(machine.ConsoleFile!), Does.Contain("kola boot 1"));
    }

    [Test]
    public async Task A_machine_a_killed_kola_left_runs_until_it_is_taken_away()
    {
        await using CloudPlace place = await AzureAsync(powersOff: false);
        await using (await ChildOfTest.StartAsync("cloud", "azure", place.Recorder.Url, _scratch.Path))
            await Soon.HoldsAsync(() => _host.Machines.Any(m => m.IsOn), () => string.Join('\n', place.Recorder.Requests), s_boot);
        Assert.That(_host.Machines.Single().IsOn, Is.True);
        Removal removal = await Removal.RunAsync(place.Driver, place.Access(), null, dryRun: false, CancellationToken.None);
        Assert.That(removal.Failures, Is.Empty);
        await Soon.HoldsAsync(() => !_host.Machines.Single().IsOn, () => _host.Machines.Single().ToString(), s_boot);
    }

    [Test]
    public async Task An_instance_of_gcp_is_started_by_uefi_and_has_another_address_after_a_power_cycle()
    {
        Image image = await TinyLoader.WriteAsync(_scratch);
        GcpModel model = null!;
        Recorder recorder = await Recorder.StartAsync("gcp", _ => model = new GcpModel(_host.Directory));
        model.Machines = new GcpMachines(_host, model.Bucket);
        await using var place = new CloudPlace(new GcpDriver(), recorder, GcpModel.Environment, GcpModel.Settings(recorder.Url)) { Image = image };
        await using CloudPlatform platform = await place.OpenAsync();
        await using CloudInstance machine = await place.StartAsync(platform);
        string first = machine.Address;
        await SaysAsync(machine, "kola boot 1");
        await machine.PowerCycleAsync(CancellationToken.None);
        await SaysAsync(machine, "kola boot 1", times: 2);
        Assert.That(machine.Address, Is.Not.EqualTo(first));
        place.Conforms();
    }

    private async Task<CloudPlace> AzureAsync(bool powersOff)
    {
        Image image = TinyGuest.Write(_scratch.File("disk.img"), powersOff);
        AzureModel model = null!;
        Recorder recorder = await Recorder.StartAsync("azure", url => model = new AzureModel(url, _host.Directory));
        model.Running = new AzureMachines(_host, model.Blobs);
        return new CloudPlace(new AzureDriver(), recorder, AzureModel.Environment, AzureModel.Settings(recorder.Url)) { Image = image };
    }

    private async Task<CloudPlace> OpenStackAsync()
    {
        Image image = TinyGuest.Write(_scratch.File("disk.img"), powersOff: false);
        Recorder recorder = await Recorder.StartAsync("openstack", url => new OpenStackModel(url) { Machines = new OpenStackMachines(_host) });
        return new CloudPlace(new OpenStackDriver(), recorder, OpenStackModel.Environment(recorder.Url)) { Image = image };
    }

    private static Task SaysAsync(CloudInstance machine, string words, int times = 1)
    {
        string Console() => File.ReadAllText(machine.ConsoleFile!);
        return Soon.HoldsAsync(() => Console().Split(words).Length > times, () => $"\"{words}\" {times} times on the console:\n{Console()}", s_boot);
    }
}
