using System.Text;
using System.Text.Json.Nodes;
using Kola.Clouds;
using Kola.Machines;
using Kola.OpenStack;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.OpenStack;

[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class OpenStackTests
{
    private CloudPlace _place = null!;
    private OpenStackModel _model = null!;

    [SetUp]
    public async Task StartsACloud()
    {
        Recorder recorder = await Recorder.StartAsync("openstack", url => _model = new OpenStackModel(url));
        _place = new CloudPlace(new OpenStackDriver(), recorder, OpenStackModel.Environment(recorder.Url), ("openstack-disk-format", "raw"));
    }

    [TearDown]
    public async Task EveryRequestConforms()
    {
        _place.Conforms();
        await _place.DisposeAsync();
    }

    [Test]
    public async Task A_server_is_started_reset_power_cycled_and_deleted_with_all_that_was_made()
    {
        _model.Console = "Booting\nlogin: ";
        string console;
        await using (CloudPlatform platform = await _place.OpenAsync())
        {
            CloudInstance machine = await _place.StartAsync(platform);
            JsonObject server = _model.All["servers"].Values.Single();
            Assert.Multiple(() =>
            {
                Assert.That(machine.Address, Is.EqualTo("10.0.0.5:22"));
                Assert.That(Encoding.UTF8.GetString(Convert.FromBase64String(server["user_data"]!.ToString())), Does.Contain("3.3.0"));
                Assert.That(server["flavorRef"]!.ToString(), Is.EqualTo("1"), "the smallest flavor that fits");
                Assert.That(server["metadata"]![ResourceTags.RunTag]!.ToString(), Is.EqualTo("run-1"));
                Assert.That(server["networks"]![0]!["uuid"]!.ToString(), Is.EqualTo(OpenStackModel.Inside));
                Assert.That(platform.Facts["compute-api"], Is.EqualTo("2.52 of 2.93"));
            });
            await machine.ResetAsync(CancellationToken.None);
            await machine.PowerCycleAsync(CancellationToken.None);
            Assert.That(machine.Exited.IsCompleted, Is.False, "a power cycle is no end");
            console = machine.ConsoleFile!;
            await machine.DisposeAsync();
            await machine.DisposeAsync();
            Assert.That(_model.All["servers"], Is.Empty);
            Assert.That(_model.All["os-keypairs"], Has.Count.EqualTo(1), "the key goes with the run");
        }

        Assert.That(await File.ReadAllTextAsync(console), Is.EqualTo("Booting\nlogin: "));
        Assert.That(await _place.LeftAsync(), Is.EqualTo(new[] { "image of image" }));
        string[] actions = [.. _place.Recorder.Requests.Where(r => r.Path.EndsWith("/action", StringComparison.Ordinal)).Select(r => r.Text).Where(t => !t.Contains("Console", StringComparison.Ordinal))];
        Assert.That(actions, Is.EqualTo(new[] { """{"reboot":{"type":"HARD"}}""", """{"os-stop":null}""", """{"os-start":null}""" }));
    }

    [Test]
    public async Task An_image_is_brought_once_for_two_runs_at_once()
    {
        CloudPlatform[] both = await Task.WhenAll(_place.OpenAsync(), _place.OpenAsync());
        JsonObject image = _model.All["images"].Values.Single();
        foreach (CloudPlatform platform in both)
            await platform.DisposeAsync();
        Assert.Multiple(() =>
        {
            Assert.That(_place.Recorder.Requests.Count(r => r.Method == "PUT"), Is.EqualTo(1));
            Assert.That(image["os_hidden"]!.GetValue<bool>(), Is.False);
            Assert.That(image[ResourceTags.RunTag]!.ToString(), Is.EqualTo(SharedImage.Run));
            Assert.That(image.ContainsKey(ResourceTags.MakerTag), Is.False, "it outlives who brought it");
            Assert.That(image["disk_format"]!.ToString(), Is.EqualTo("raw"));
        });
    }

    [Test]
    public async Task An_upload_that_fails_leaves_no_image_and_one_that_was_killed_is_a_leftover()
    {
        _place.Recorder.Fail("PUT", "/file", 1, new Answer(500) { Text = "<html>disk full</html>" });
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(async () => await _place.OpenAsync()))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.ImageStore));
        Assert.That(await _place.LeftAsync(), Is.Empty);

        // Neither the upload nor what should take it away comes to pass, as when kola is killed.
        _place.Recorder.Fail("PUT", "/file", 1, new Answer(500));
        _place.Recorder.Fail("DELETE", "", 1000, new Answer(500));
        await Assert.ThrowsAsync<PlatformException>(async () => await _place.OpenAsync());
        Assert.That(await _place.LeftAsync(), Is.EquivalentTo(new[] { "image of run-1", "key pair of run-1", "security group of run-1" }));
        Assert.That(_model.All["images"].Values.Single()["os_hidden"]!.GetValue<bool>(), Is.True);
    }

    [Test]
    public async Task Where_no_host_is_valid_another_zone_is_tried()
    {
        _model.Full.Add("a");
        await using CloudPlatform platform = await _place.OpenAsync(("openstack-zone", "a"), ("openstack-zone", "b"));
        CloudInstance first = await _place.StartAsync(platform, "first");
        CloudInstance second = await _place.StartAsync(platform, "second");
        string[] zones = [.. _place.Recorder.Requests.Where(r => r.ToString() == "POST /compute/v2.1/servers").Select(r => r.Json["server"]!["availability_zone"]!.ToString())];
        Assert.That(zones, Is.EqualTo(new[] { "a", "b", "b" }), "what was full is tried last");
        Assert.That(_model.All["servers"], Has.Count.EqualTo(2), "the one in error is gone");
        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    [Test]
    public async Task Where_no_zone_has_room_novas_words_are_told()
    {
        _model.Full.Add("");
        await using CloudPlatform platform = await _place.OpenAsync();
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(async () => await _place.StartAsync(platform)))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.Quota));
        Assert.That(fault.Message, Does.Contain("No valid host was found. There are not enough hosts available."));
        Assert.That(_model.All["servers"], Is.Empty);
    }

    [Test]
    public async Task A_quota_is_the_places_fault_and_is_not_asked_for_again()
    {
        await using CloudPlatform platform = await _place.OpenAsync();
        _place.Recorder.Fail("POST", "/servers", 1, new Answer(403, new JsonObject { ["forbidden"] = new JsonObject { ["code"] = 403, ["message"] = "Quota exceeded for cores: Requested 1, but already used 20 of 20 cores" } }));
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(async () => await _place.StartAsync(platform)))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.Quota));
        Assert.That(fault.Message, Does.Contain("already used 20 of 20 cores").And.Contain("--max-machines"));
    }

    [TestCase(429)]
    [TestCase(503)]
    [TestCase(413)]
    public async Task What_is_asked_too_often_is_asked_again_when_it_may_be(int status)
    {
        await using CloudPlatform platform = await _place.OpenAsync();
        _place.Recorder.Fail("POST", "/servers", 2, new Answer(status) { Headers = [("Retry-After", "2")] });
        await using CloudInstance machine = await _place.StartAsync(platform);
        Assert.That(_place.Recorder.Requests.Count(r => r.ToString() == "POST /compute/v2.1/servers"), Is.EqualTo(3));
    }

    [Test]
    public async Task A_server_whose_answer_was_lost_is_found_by_its_name_and_deleted()
    {
        await using CloudPlatform platform = await _place.OpenAsync();
        _place.Recorder.Fail("POST", "/servers", 1, new Answer(500), obeyed: true);
        await Assert.ThrowsAsync<PlatformException>(async () => await _place.StartAsync(platform));
        Assert.That(_model.All["servers"], Is.Empty);
        Assert.That(_place.Recorder.Requests.Count(r => r.Method == "DELETE" && r.Path.Contains("/servers/", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task A_start_that_is_given_up_leaves_no_server()
    {
        _model.Slowness = 1000;
        await using CloudPlatform platform = await _place.OpenAsync();
        using var given = new CancellationTokenSource();
        Task<IInstance> starting = platform.StartAsync(_place.Spec("machine"), given.Token);
        await Soon.HoldsAsync(() => _place.Recorder.With(_ => _model.All["servers"].Count == 1), () => "no server", TimeSpan.FromSeconds(20));
        await given.CancelAsync();
        await Assert.ThrowsAsync(Is.InstanceOf<OperationCanceledException>(), async () => await starting);
        Assert.That(_model.All["servers"], Is.Empty);
    }

    [Test]
    public async Task A_token_that_is_refused_is_renewed_once_for_all()
    {
        await using CloudPlatform platform = await _place.OpenAsync();
        int before = _model.Logins;
        _place.Recorder.With(_ => _model.Tokens.RemoveWhere(_ => true));
        await using CloudInstance machine = await _place.StartAsync(platform);
        Assert.That(_model.Logins, Is.EqualTo(before + 1));
    }

    [Test]
    public async Task A_server_that_is_off_has_ended_by_itself_and_one_that_is_gone_was_lost()
    {
        await using CloudPlatform platform = await _place.OpenAsync();
        CloudInstance off = await _place.StartAsync(platform, "off");
        CloudInstance gone = await _place.StartAsync(platform, "gone");
        _place.Recorder.With(_ =>
        {
            _model.All["servers"].Values.Single(s => s["name"]!.ToString() == off.Name)["status"] = "SHUTOFF";
            return _model.All["servers"].Remove(_model.All["servers"].Single(s => s.Value["name"]!.ToString() == gone.Name).Key);
        });
        InstanceExit first = await off.Exited.WaitAsync(TimeSpan.FromSeconds(20));
        InstanceExit second = await gone.Exited.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That((first.PlatformFault, second.PlatformFault), Is.EqualTo((false, true)));
        await Assert.ThrowsAsync<PlatformException>(() => gone.ResetAsync(CancellationToken.None));
        await off.DisposeAsync();
        await gone.DisposeAsync();
    }

    [Test]
    public async Task With_floating_IPs_a_server_has_a_port_of_its_own_and_both_go_with_it()
    {
        await using CloudPlatform platform = await _place.OpenAsync(("openstack-floating-network", "outside"), ("openstack-ssh-from", "203.0.113.7/32"));
        CloudInstance machine = await _place.StartAsync(platform);
        Assert.That(machine.Address, Is.EqualTo("203.0.113.9:22"));
        Assert.That(_model.All["ports"], Has.Count.EqualTo(1));
        await machine.DisposeAsync();
        Assert.That(_model.All["ports"].Count + _model.All["floatingips"].Count, Is.Zero);
    }

    [Test]
    public async Task All_that_a_killed_run_left_is_found_page_by_page_and_goes()
    {
        CloudPlatform platform = await _place.OpenAsync(("openstack-floating-network", "outside"), ("openstack-ssh-from", "203.0.113.7/32"));
        foreach (string name in (string[])["a", "b", "c"])
            await _place.StartAsync(platform, name);
        _model.AddImage(OpenStackModel.ImageId, "active");
        _model.Page = 2;
        IReadOnlyList<string> left = await _place.LeftAsync();
        Assert.That(left.GroupBy(l => l).Select(g => $"{g.Count()} {g.Key}"), Is.EquivalentTo(new[] { "3 server of run-1", "3 port of run-1", "3 floating IP of run-1", "1 security group of run-1", "1 key pair of run-1", "1 image of image" }));
        Removal dry = await Removal.RunAsync(_place.Driver, _place.Access(), "run-1", dryRun: true, CancellationToken.None);
        Assert.That(_model.All["servers"], Has.Count.EqualTo(3));
        Removal removal = await Removal.RunAsync(_place.Driver, _place.Access(), "run-1", dryRun: false, CancellationToken.None);
        Assert.Multiple(() =>
        {
            Assert.That(dry.Gone, Has.Count.EqualTo(11));
            Assert.That(removal.Failures, Is.Empty);
            Assert.That(removal.Gone, Has.Count.EqualTo(11));
            Assert.That(_model.All.Where(a => a.Key != "images").Sum(a => a.Value.Count), Is.Zero);
            Assert.That(_model.All["images"], Has.Count.EqualTo(2), "those of all runs and of others stay");
        });
        await platform.DisposeAsync();
    }

    [Test]
    public async Task A_config_that_is_too_large_is_refused_before_anything_is_made()
    {
        await using CloudPlatform platform = await _place.OpenAsync();
        string most = new('x', OpenStackDriver.MostConfigBytes);
        await Assert.ThrowsAsync<UsageException>(async () => await platform.StartAsync(_place.Spec("large", most + "x"), CancellationToken.None));
        Assert.That(_place.Recorder.Requests.Count(r => r.ToString() == "POST /compute/v2.1/servers"), Is.Zero);
        await using IInstance machine = await platform.StartAsync(_place.Spec("fits", most), CancellationToken.None);
    }

    [Test]
    public async Task An_image_that_is_there_is_taken_by_its_id()
    {
        _model.AddImage(OpenStackModel.ImageId, "active");
        Image? image = await _place.Driver.FindImageAsync(_place.Access(("openstack-image", OpenStackModel.ImageId)), CancellationToken.None);
        Assert.That(image?.Name, Is.EqualTo("flatcar"));
        await using CloudPlatform platform = await _place.OpenAsync(("openstack-image", OpenStackModel.ImageId), ("openstack-config-drive", "true"));
        await using CloudInstance machine = await _place.StartAsync(platform);
        JsonObject server = _model.All["servers"].Values.Single();
        Assert.That((server["imageRef"]!.ToString(), server["config_drive"]!.GetValue<bool>()), Is.EqualTo((OpenStackModel.ImageId, true)));
        await Assert.ThrowsAsync<UsageException>(async () => await _place.Driver.FindImageAsync(_place.Access(("openstack-image", Guid.NewGuid().ToString())), CancellationToken.None));
    }

    [TestCase(0, 0L, "1", TestName = "A_machine_has_a_disk_its_image_fits_on(small)")]
    [TestCase(10, 0L, "2", TestName = "A_machine_has_a_disk_its_image_fits_on(least)")]
    [TestCase(0, 13212057600L, "2", TestName = "A_machine_has_a_disk_its_image_fits_on(whole)")]
    public async Task A_machine_has_a_disk_its_image_fits_on(int least, long bytes, string flavor)
    {
        _model.AddImage(OpenStackModel.ImageId, "active", least, bytes);
        await using CloudPlatform platform = await _place.OpenAsync(("openstack-image", OpenStackModel.ImageId));
        await using CloudInstance machine = await _place.StartAsync(platform);
        Assert.That(_model.All["servers"].Values.Single()["flavorRef"]!.ToString(), Is.EqualTo(flavor));
    }

    [Test]
    public async Task An_image_no_flavor_has_the_disk_for_is_refused_before_anything_is_started()
    {
        _model.AddImage(OpenStackModel.ImageId, "active", bytes: 30L << 30);
        await using CloudPlatform platform = await _place.OpenAsync(("openstack-image", OpenStackModel.ImageId));
        UsageException fault = (await Assert.ThrowsAsync<UsageException>(async () => await _place.StartAsync(platform)))!;
        Assert.That(fault.Message, Does.Contain("a disk of 30 GiB").And.Contain("m1.small (2048 MiB, 1, 20 GiB)"));
    }

    [Test]
    public async Task A_flavor_without_a_disk_is_taken_where_a_person_names_it_alone()
    {
        await using CloudPlatform platform = await _place.OpenAsync(("openstack-flavor", "m1.zero"));
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(async () => await _place.StartAsync(platform)))!;
        Assert.That(fault.Message, Does.Contain("Only volume-backed servers"));
    }

    [Test]
    public async Task A_raw_image_is_brought_as_a_qcow2_with_its_size_unless_raw_is_asked_for()
    {
        await using var place = new CloudPlace(new OpenStackDriver(), _place.Recorder, OpenStackModel.Environment(_place.Recorder.Url));
        await using (await place.OpenAsync())
        await using (await _place.OpenAsync())
        {
            JsonObject[] images = [.. _model.All["images"].Values];
            Assert.That(images.Select(i => $"{i["disk_format"]} {i["min_disk"]}"), Is.EqualTo(new[] { "qcow2 1", "raw 1" }));
            string[] sent = [.. _place.Recorder.Requests.Where(r => r.Method == "PUT").Select(r => r.Text)];
            Assert.That(sent.Select(t => t == "65536 bytes"), Is.EqualTo(new[] { false, true }), "a qcow2 has a head of its own");
            Assert.That(Directory.GetFiles(place.Scratch.Path, "*.qcow2", SearchOption.AllDirectories), Is.Empty);
        }
    }

    [TestCase("openstack-network", "nowhere", "inside (11111111")]
    [TestCase("openstack-flavor", "huge", "m1.tiny")]
    [TestCase("openstack-security-group", "none", "no such group")]
    [TestCase("openstack-region", "two", "got:     regions one")]
    public async Task What_is_not_there_is_told_with_what_is_and_leaves_nothing(string option, string value, string told)
    {
        UsageException fault = (await Assert.ThrowsAsync<UsageException>(async () => await _place.OpenAsync((option, value))))!;
        Assert.That(fault.Message, Does.Contain(told));
        Assert.That(await _place.LeftAsync(), Is.Empty);
    }

    [Test]
    public async Task A_password_that_is_wrong_is_the_callers_mistake_and_is_not_told()
    {
        var wrong = new Dictionary<string, string>(OpenStackModel.Environment(_place.Recorder.Url)) { ["OS_PASSWORD"] = "hunter2" };
        await using var place = new CloudPlace(new OpenStackDriver(), await Recorder.StartAsync("openstack", url => new OpenStackModel(url)), wrong);
        UsageException fault = (await Assert.ThrowsAsync<UsageException>(async () => await place.OpenAsync()))!;
        Assert.That(fault.ToString(), Does.Contain("requires authentication").And.Not.Contain("hunter2"));
    }
}
