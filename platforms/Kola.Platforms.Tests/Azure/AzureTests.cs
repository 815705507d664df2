using System.Text;
using System.Text.Json.Nodes;
using Kola.Azure;
using Kola.Clouds;
using Kola.Machines;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.Azure;

[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class AzureTests
{
    private const string ImageId = "/subscriptions/s/resourceGroups/mine/providers/Microsoft.Compute/images/flatcar";

    private CloudPlace _place = null!;
    private AzureModel _model = null!;
    private Scratch _images = null!;

    [SetUp]
    public async Task StartsACloud()
    {
        _images = new Scratch();
        Recorder recorder = await Recorder.StartAsync("azure", url => _model = new AzureModel(url, _images.Path));
        _model.Resources[ImageId.TrimStart('/')] = new JsonObject { ["id"] = ImageId, ["name"] = "flatcar", ["properties"] = new JsonObject { ["provisioningState"] = "Succeeded" } };
        _place = new CloudPlace(new AzureDriver(), recorder, new Dictionary<string, string> { ["AZURE_ACCESS_TOKEN"] = "token", ["AZURE_SUBSCRIPTION_ID"] = "s", ["AZURE_LOCATION"] = "germanywestcentral" },
            ("azure-endpoint", recorder.Url), ("azure-image", ImageId), ("azure-ssh-from", "203.0.113.7/32"));
    }

    [TearDown]
    public async Task EveryRequestConforms()
    {
        _place.Conforms();
        await _place.DisposeAsync();
        _images.Dispose();
    }

    [Test]
    public async Task A_machine_is_started_restarted_power_cycled_and_deleted_with_its_group()
    {
        _model.Console = "Booting\n";
        string console;
        await using (CloudPlatform platform = await _place.OpenAsync())
        {
            CloudInstance machine = await _place.StartAsync(platform);
            JsonNode properties = _model.Machines.Single()["properties"]!;
            Assert.Multiple(() =>
            {
                Assert.That(machine.Address, Is.EqualTo("203.0.113.9:22"));
                Assert.That(properties["hardwareProfile"]!["vmSize"]!.ToString(), Is.EqualTo("Standard_B1s"));
                Assert.That(Encoding.UTF8.GetString(Convert.FromBase64String(properties["osProfile"]!["customData"]!.ToString())), Does.Contain("3.3.0"));
                Assert.That(_model.Machines.Single()["tags"]![ResourceTags.RunTag]!.ToString(), Is.EqualTo("run-1"));
            });
            await machine.ResetAsync(CancellationToken.None);
            await machine.PowerCycleAsync(CancellationToken.None);
            console = machine.ConsoleFile!;
            await machine.DisposeAsync();
            Assert.That(_model.Resources.Keys.Count(k => k.Contains("/networkInterfaces/", StringComparison.Ordinal) || k.Contains("/publicIPAddresses/", StringComparison.Ordinal)), Is.Zero);
        }

        Assert.That(await File.ReadAllTextAsync(console), Is.EqualTo("Booting\n"));
        Assert.That(_model.Resources.Keys, Is.EqualTo(new[] { ImageId.TrimStart('/') }));
        string[] actions = [.. _place.Recorder.Requests.Where(r => r.Method == "POST").Select(r => r.Path.Split('/')[^1]).Where(a => a != "retrieveBootDiagnosticsData")];
        Assert.That(actions, Is.EqualTo(new[] { "restart", "powerOff", "start" }));
        Assert.That(_place.Recorder.Requests.Single(r => r.Path.EndsWith("/powerOff", StringComparison.Ordinal)).Asked("skipShutdown"), Is.EqualTo("true"));
    }

    [Test]
    public async Task What_a_machine_is_asked_to_do_is_waited_for()
    {
        await using CloudPlatform platform = await _place.OpenAsync();
        await using CloudInstance machine = await _place.StartAsync(platform);
        _place.Recorder.Fail("GET", "/operations/0", 2, new Answer(200, new JsonObject { ["status"] = "InProgress" }));
        await machine.ResetAsync(CancellationToken.None);
        Assert.That(_place.Recorder.Requests.Count(r => r.Path.EndsWith("/operations/0", StringComparison.Ordinal)), Is.EqualTo(3));
        // A start is refused long after it was taken.
        _place.Recorder.Fail("GET", "/operations/2", 1, new Answer(200, new JsonObject { ["status"] = "Failed", ["error"] = new JsonObject { ["code"] = "AllocationFailed", ["message"] = "We do not have sufficient capacity." } }));
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(async () => await machine.PowerCycleAsync(CancellationToken.None)))!;
        Assert.That(fault.Message, Does.Contain("could not start a machine").And.Contain("AllocationFailed: We do not have sufficient capacity."));
        Assert.That((await machine.Exited).PlatformFault, Is.True);
    }

    [Test]
    public async Task A_card_that_is_kept_for_a_machine_that_is_gone_goes_a_little_later()
    {
        await using CloudPlatform platform = await _place.OpenAsync();
        CloudInstance machine = await _place.StartAsync(platform);
        _place.Recorder.Fail("DELETE", $"/networkInterfaces/{machine.Name}", 2, new Answer(400, new JsonObject { ["error"] = new JsonObject { ["code"] = "NicReservedForAnotherVm", ["message"] = "Nic(s) in request is reserved for another Virtual Machine for 180 seconds." } }));
        await machine.DisposeAsync();
        Assert.That(_model.Resources.Keys.Where(k => k.EndsWith(machine.Name, StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task A_machine_is_asked_for_by_its_name_since_lists_do_not_tell_how_machines_are()
    {
        await using CloudPlatform platform = await _place.OpenAsync();
        await using CloudInstance machine = await _place.StartAsync(platform);
        Assert.That(_place.Recorder.Requests.Where(r => r.Asked("$expand") is not null).Select(r => r.Path.Split('/')[^1]), Is.Not.Empty.And.All.EqualTo(machine.Name));
    }

    [Test]
    public async Task Where_an_allocation_fails_another_zone_is_tried()
    {
        _model.Failures["1"] = ("ZonalAllocationFailed", "We do not have sufficient capacity for the requested VM size in this zone.");
        await using CloudPlatform platform = await _place.OpenAsync(("azure-zone", "1"), ("azure-zone", "2"));
        await using CloudInstance machine = await _place.StartAsync(platform);
        Assert.That(_model.Machines.Single()["zones"]![0]!.ToString(), Is.EqualTo("2"));
    }

    [TestCase("SkuNotAvailable", "is currently not available in location", "--azure-size")]
    [TestCase("OperationNotAllowed", "results in exceeding approved Total Regional Cores quota", "--max-machines")]
    public async Task A_refusal_is_told_in_azures_words(string code, string message, string next)
    {
        await using CloudPlatform platform = await _place.OpenAsync();
        await using CloudInstance first = await _place.StartAsync(platform, "first");
        _place.Recorder.Fail("PUT", "", 2, new Answer(429) { Headers = [("Retry-After", "1")] });
        await using CloudInstance second = await _place.StartAsync(platform, "second");
        _model.Failures[""] = (code, message);
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(async () => await _place.StartAsync(platform, "third")))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.Quota));
        Assert.That(fault.Message, Does.Contain(message).And.Contain(next));
        Assert.That(_model.Machines.Count(), Is.EqualTo(2));
    }

    [Test]
    public async Task A_machine_that_was_deleted_by_another_is_lost()
    {
        await using CloudPlatform platform = await _place.OpenAsync();
        await using CloudInstance machine = await _place.StartAsync(platform);
        _place.Recorder.With(_ => _model.Resources.Remove(_model.Resources.Keys.Single(k => k.EndsWith($"/virtualMachines/{machine.Name}", StringComparison.Ordinal))));
        InstanceExit exit = await machine.Exited.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That((exit.PlatformFault, exit.Signal), Is.EqualTo((true, Signal.MachineLost)));
    }

    [Test]
    public async Task All_that_a_killed_run_left_is_found_and_goes()
    {
        CloudPlatform platform = await _place.OpenAsync();
        await _place.StartAsync(platform, "a");
        Assert.That(await _place.LeftAsync(), Is.EqualTo(new[] { "virtual machine of run-1", "resource group of run-1" }));
        Removal removal = await Removal.RunAsync(_place.Driver, _place.Access(), "run-1", dryRun: false, CancellationToken.None);
        Assert.That(removal.Failures, Is.Empty);
        Assert.That(_model.Resources.Keys, Is.EqualTo(new[] { ImageId.TrimStart('/') }));
        await platform.DisposeAsync();
    }
}
