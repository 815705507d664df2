using System.Text.Json.Nodes;
using Kola.Clouds;
using Kola.Gcp;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.Gcp;

[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class GcpTests
{
    private CloudPlace _place = null!;
    private GcpModel _model = null!;
    private Scratch _images = null!;

    [SetUp]
    public async Task StartsACloud()
    {
        _images = new Scratch();
        Recorder recorder = await Recorder.StartAsync("gcp", _ => _model = new GcpModel(_images.Path));
        _place = new CloudPlace(new GcpDriver(), recorder, new Dictionary<string, string> { ["CLOUDSDK_AUTH_ACCESS_TOKEN"] = "token", ["GOOGLE_CLOUD_PROJECT"] = "tests" },
            ("gcp-endpoint", recorder.Url), ("gcp-zone", "a"), ("gcp-zone", "b"), ("gcp-bucket", "bucket"), ("gcp-ssh-from", "203.0.113.7/32"));
    }

    [TearDown]
    public async Task EveryRequestConforms()
    {
        _place.Conforms();
        await _place.DisposeAsync();
        _images.Dispose();
    }

    [Test]
    public async Task An_instance_is_started_reset_power_cycled_and_deleted_with_all_that_was_made()
    {
        string console;
        await using (CloudPlatform platform = await _place.OpenAsync())
        {
            _model.Console = "first\n";
            CloudInstance machine = await _place.StartAsync(platform);
            JsonObject instance = _model.Instances.Values.Single();
            Assert.Multiple(() =>
            {
                Assert.That(machine.Address, Is.EqualTo("203.0.113.9:22"));
                Assert.That(instance["machineType"]!.ToString(), Is.EqualTo("zones/a/machineTypes/e2-micro"));
                Assert.That(instance["metadata"]!["items"]!.ToJsonString(), Does.Contain("user-data").And.Contain("3.3.0"));
                Assert.That(instance["labels"]![ResourceTags.RunTag]!.ToString(), Is.EqualTo("run-1"));
                Assert.That(_model.Bucket.Objects, Is.Empty, "what an image came through is gone");
            });
            await Soon.HoldsAsync(() => File.ReadAllText(machine.ConsoleFile!) == "first\n", () => File.ReadAllText(machine.ConsoleFile!), TimeSpan.FromSeconds(20));
            _model.Console += "second\n";
            await machine.ResetAsync(CancellationToken.None);
            await machine.PowerCycleAsync(CancellationToken.None);
            console = machine.ConsoleFile!;
        }

        Assert.That(await File.ReadAllTextAsync(console), Is.EqualTo("first\nsecond\n"), "what was read once is not read again");
        Assert.That(await _place.LeftAsync(), Is.EqualTo(new[] { "image of image" }));
        Assert.That(_place.Recorder.Requests.Where(r => r.Method == "POST").Select(r => r.Path.Split('/')[^1]), Is.SupersetOf(new[] { "reset", "stop", "start" }));
    }

    [Test]
    public async Task Where_a_zone_is_exhausted_the_next_is_tried()
    {
        _model.Failures["a"] = ("ZONE_RESOURCE_POOL_EXHAUSTED", "The zone 'a' does not have enough resources available to fulfill the request.");
        await using CloudPlatform platform = await _place.OpenAsync();
        await using CloudInstance machine = await _place.StartAsync(platform);
        Assert.That(_model.Instances.Values.Single()["zone"]!.ToString(), Does.EndWith("/b"));
        _model.Failures["b"] = _model.Failures["a"];
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(async () => await _place.StartAsync(platform, "other")))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.Quota));
        Assert.That(fault.Message, Does.Contain("does not have enough resources"));
    }

    [Test]
    public async Task A_quota_is_told_in_googles_words()
    {
        _model.Failures["a"] = ("QUOTA_EXCEEDED", "Quota 'CPUS' exceeded. Limit: 8.0 in region europe-west3.");
        await using CloudPlatform platform = await _place.OpenAsync();
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(async () => await _place.StartAsync(platform)))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.Quota));
        Assert.That(fault.Message, Does.Contain("Quota 'CPUS' exceeded").And.Contain("--max-machines"));
        Assert.That(_model.Instances, Is.Empty);
    }

    [Test]
    public async Task An_image_is_brought_once_and_what_is_throttled_is_asked_again()
    {
        _place.Recorder.Fail("POST", "/global/images", 1, new Answer(429) { Headers = [("Retry-After", "1")] });
        await (await _place.OpenAsync()).DisposeAsync();
        await (await _place.OpenAsync()).DisposeAsync();
        Assert.That(_place.Recorder.Requests.Count(r => r.Path.StartsWith("/upload", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task All_that_a_killed_run_left_is_found_and_goes()
    {
        CloudPlatform platform = await _place.OpenAsync();
        await _place.StartAsync(platform, "a");
        await _place.StartAsync(platform, "b");
        _model.Bucket.Objects.Add($"{TagText.Name(_place.Tags)}.tar.gz");
        Assert.That(await _place.LeftAsync(), Is.EqualTo(new[] { "instance of run-1", "instance of run-1", "firewall rule of run-1", "image of image", "object of run-1" }));
        Removal removal = await Removal.RunAsync(_place.Driver, _place.Access(), "run-1", dryRun: false, CancellationToken.None);
        Assert.That(removal.Failures, Is.Empty);
        Assert.That(_model.Instances.Count + _model.Firewalls.Count + _model.Bucket.Objects.Count, Is.Zero);
        await platform.DisposeAsync();
    }

    [Test]
    public async Task Credentials_that_may_not_are_the_callers_mistake_before_anything_runs()
    {
        _place.Recorder.Fail("POST", "/global/firewalls", 1, new Answer(403, new JsonObject { ["error"] = new JsonObject { ["code"] = 403, ["message"] = "Required 'compute.firewalls.create' permission", ["errors"] = new JsonArray(new JsonObject { ["reason"] = "forbidden" }) } }));
        UsageException fault = (await Assert.ThrowsAsync<UsageException>(async () => await _place.OpenAsync()))!;
        Assert.That(fault.Message, Does.Contain("compute.firewalls.create"));
        Assert.That(await _place.LeftAsync(), Is.EqualTo(new[] { "image of image" }));
    }
}
