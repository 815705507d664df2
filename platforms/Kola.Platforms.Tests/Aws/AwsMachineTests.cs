using Kola.Aws;
using Kola.Machines;

namespace Kola.Platforms.Tests.Aws;

/// <summary>Machines on moto's EC2, where an instance is an entry that is running at once.</summary>
public sealed class AwsMachineTests
{
    private static readonly string[] s_image = ["image of image", "snapshot of image"];
    private static readonly string[] s_shared = ["security group of the run", "key pair of the run"];
    private AwsPlace _place = null!;

    [SetUp]
    public async Task HaveAPlace() => _place = await AwsPlace.CreateAsync();

    [TearDown]
    public async Task LeaveNothing()
    {
        if (_place is not null)
            await _place.DisposeAsync();
    }

    [Test]
    public async Task A_machine_runs_with_everything_tagged_and_leaves_the_image_alone()
    {
        await using (AwsPlatform platform = await _place.OpenAsync())
        {
            await using (IInstance machine = await platform.StartAsync(_place.Spec("hub"), CancellationToken.None))
            {
                Assert.That(machine.Address, Does.Match(@"^\d+\.\d+\.\d+\.\d+:22$"));
                Assert.That(await _place.LeftAsync(), Is.EquivalentTo(new[] { "instance of the run", "image of image", "snapshot of image", "network interface of the run", "volume of the run", "security group of the run", "key pair of the run" }));
            }

            Assert.That(await _place.LeftAsync(), Is.EquivalentTo(s_image.Concat(s_shared)), "what machines share goes with the platform");
        }

        Assert.That(await _place.LeftAsync(), Is.EquivalentTo(s_image));
    }

    [Test]
    public async Task What_an_instance_is_asked_for_is_said_at_its_creation()
    {
        await using AwsPlatform platform = await _place.OpenAsync(("aws-type", "t3.small"), ("aws-iam-profile", "reader"));
        // There is no such profile on the server, which is asked after everything is said.
        await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(_place.Spec("hub", new MachineSpec { Name = "hub", DiskMiB = 3000 }), CancellationToken.None));
        IReadOnlyDictionary<string, string> said = _place.Front.Requests.Last(r => r.Action == "RunInstances").Parameters;
        Assert.That(said["MetadataOptions.HttpTokens"], Is.EqualTo("required"));
        Assert.That(said["InstanceInitiatedShutdownBehavior"], Is.EqualTo("terminate"));
        Assert.That(said["InstanceType"], Is.EqualTo("t3.small"));
        Assert.That(said["IamInstanceProfile.Name"], Is.EqualTo("reader"));
        Assert.That(said["BlockDeviceMapping.1.Ebs.VolumeSize"], Is.EqualTo("3"));
        Assert.That(said["BlockDeviceMapping.1.Ebs.VolumeType"], Is.EqualTo("gp3"));
        Assert.That(said["BlockDeviceMapping.1.Ebs.DeleteOnTermination"], Is.EqualTo("true"));
        Assert.That(said["NetworkInterface.1.DeleteOnTermination"], Is.EqualTo("true"));
        Assert.That(Convert.FromBase64String(said["UserData"]), Is.EqualTo("""{ "ignition": { "version": "3.3.0" } }"""u8.ToArray()));
        Assert.That(said.Where(p => p.Key.EndsWith("ResourceType", StringComparison.Ordinal)).Select(p => p.Value), Is.EquivalentTo(new[] { "instance", "volume", "network-interface" }));
        Assert.That(said.Values, Does.Contain("kola-expires"));
    }

    [Test]
    public async Task The_group_lets_in_SSH_from_those_addresses_alone()
    {
        await using AwsPlatform platform = await _place.OpenAsync(("aws-ssh-from", "2001:db8::/32"));
        IReadOnlyDictionary<string, string> said = _place.Front.Requests.Single(r => r.Action == "AuthorizeSecurityGroupIngress").Parameters;
        Assert.That(said["IpPermissions.1.IpProtocol"] + said["IpPermissions.1.FromPort"] + said["IpPermissions.1.ToPort"], Is.EqualTo("tcp2222"));
        Assert.That(said.Where(p => p.Key.EndsWith("CidrIp", StringComparison.Ordinal) || p.Key.EndsWith("CidrIpv6", StringComparison.Ordinal)).Select(p => p.Value), Is.EqualTo(new[] { "203.0.113.7/32", "2001:db8::/32" }));
        Assert.That(said.Keys.Any(k => k.StartsWith("IpPermissions.2", StringComparison.Ordinal)), Is.False);
    }

    [Test]
    public async Task From_within_the_network_its_own_addresses_are_let_in_and_private_ones_used()
    {
        await using AwsPlatform platform = await _place.OpenAsync(("aws-address", "private"), ("aws-ssh-from", "172.31.0.0/16"));
        await using IInstance machine = await platform.StartAsync(_place.Spec("hub"), CancellationToken.None);
        Assert.That(machine.Address, Does.StartWith("172.31."));
    }

    [Test]
    public async Task A_power_cycle_gives_another_address_and_is_no_end()
    {
        await using AwsPlatform platform = await _place.OpenAsync();
        await using IInstance machine = await platform.StartAsync(_place.Spec("hub"), CancellationToken.None);
        string before = machine.Address;
        await machine.ResetAsync(CancellationToken.None);
        Assert.That(machine.Address, Is.EqualTo(before), "a reboot keeps it");
        await machine.PowerCycleAsync(CancellationToken.None);
        Assert.That(machine.Address, Is.Not.EqualTo(before));
        Assert.That(machine.Exited.IsCompleted, Is.False);
        Assert.That(_place.Front.Requests.Single(r => r.Action == "StopInstances").Parameters["Force"], Is.EqualTo("true"));
    }

    [Test]
    public async Task The_console_is_read_while_it_runs_and_a_last_time()
    {
        await using AwsPlatform platform = await _place.OpenAsync();
        IInstance machine = await platform.StartAsync(_place.Spec("hub"), CancellationToken.None);
        await Soon.HoldsAsync(() => new FileInfo(machine.ConsoleFile!).Length > 0, () => "nothing", TimeSpan.FromSeconds(20));
        int before = _place.Front.Count("GetConsoleOutput");
        await machine.DisposeAsync();
        Assert.That(_place.Front.Count("GetConsoleOutput"), Is.GreaterThan(before));
        // moto shows the same text each time, from long ago.
        Assert.That(await File.ReadAllTextAsync(machine.ConsoleFile!), Does.StartWith("Linux version 2.6.16-xenU").And.Not.Contain("[kola:"));
        Assert.That(_place.Front.Requests.First(r => r.Action == "GetConsoleOutput").Parameters["Latest"], Is.EqualTo("true"));
    }

    [Test]
    public async Task Where_the_newest_console_is_not_to_be_had_an_older_one_is_taken()
    {
        _place.Front.Refusal = r => r.Action == "GetConsoleOutput" && r.Parameters.GetValueOrDefault("Latest") == "true" ? "UnsupportedOperation" : null;
        await using AwsPlatform platform = await _place.OpenAsync();
        await using IInstance machine = await platform.StartAsync(_place.Spec("hub"), CancellationToken.None);
        await Soon.HoldsAsync(() => new FileInfo(machine.ConsoleFile!).Length > 0, () => "nothing", TimeSpan.FromSeconds(20));
    }

    [TestCase("Client.InstanceInitiatedShutdown", false, "the guest powered off")]
    [TestCase("Client.UserInitiatedShutdown", true, "somebody else")]
    [TestCase("Server.SpotInstanceTermination", true, "interrupted")]
    [TestCase("Server.InternalError", true, "Server.InternalError")]
    public async Task An_end_is_told_with_whose_fault_it_is(string reason, bool fault, string detail)
    {
        await using AwsPlatform platform = await _place.OpenAsync();
        await using var machine = (AwsInstance)await platform.StartAsync(_place.Spec("hub"), CancellationToken.None);
        await _place.EndAsync(machine.InstanceId, reason);
        InstanceExit exit = await machine.Exited.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That(exit.PlatformFault, Is.EqualTo(fault));
        Assert.That(exit.Detail, Does.Contain(detail));
        await Assert.ThrowsAsync<PlatformException>(() => machine.ResetAsync(CancellationToken.None));
    }

    [Test]
    public async Task Machines_are_looked_at_and_ended_in_one_request()
    {
        AwsPlatform platform = await _place.OpenAsync();
        IInstance[] machines = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => platform.StartAsync(_place.Spec($"m{i}"), CancellationToken.None)));
        await Soon.HoldsAsync(() => _place.Front.Requests.Any(r => r.Action == "DescribeInstances" && r.Parameters.ContainsKey("Filter.1.Value.4")), () => "never all four", TimeSpan.FromSeconds(20));
        await platform.DisposeAsync();
        Assert.That(_place.Front.Requests.Where(r => r.Action == "TerminateInstances").Select(r => r.Parameters.Keys.Count(k => k.StartsWith("InstanceId.", StringComparison.Ordinal))), Is.EqualTo(new[] { 4 }));
        Assert.That(machines.Select(m => m.Exited.IsCompleted), Is.All.False, "disposal is no end to be reported");
        await machines[0].DisposeAsync();
        await platform.DisposeAsync();
        Assert.That(await _place.LeftAsync(), Is.EquivalentTo(s_image));
    }

    [Test]
    public async Task What_has_no_feature_is_the_callers_mistake_before_anything_is_made()
    {
        await using AwsPlatform platform = await _place.OpenAsync(("aws-spot", "true"), ("aws-boot-mode", "uefi"));
        foreach (MachineSpec wrong in new[]
        {
            new MachineSpec { Name = "m", Disks = [new ExtraDisk(64, "spare")] }, new MachineSpec { Name = "m", Tpm = true }, new MachineSpec { Name = "m", MemoryMiB = 64 << 20 },
            new MachineSpec { Name = "m", Firmware = Firmware.Direct }, new MachineSpec { Name = "m", Firmware = Firmware.Bios },
        })
        {
            UsageException mistake = (await Assert.ThrowsAsync<UsageException>(() => platform.StartAsync(_place.Spec("m", wrong), CancellationToken.None)))!;
            Assert.That(mistake.Message, Does.Contain("next:"));
        }

        InstanceSpec large = _place.Spec("m") with { Ignition = new string(' ', UserData.MostBytes + 1) };
        await Assert.ThrowsAsync<UsageException>(() => platform.StartAsync(large, CancellationToken.None));
        Assert.That(_place.Front.Count("RunInstances"), Is.Zero);
        await using IInstance machine = await platform.StartAsync(_place.Spec("m") with { Ignition = new string(' ', UserData.MostBytes) }, CancellationToken.None);
        Assert.That((await Assert.ThrowsAsync<UsageException>(() => machine.PowerCycleAsync(CancellationToken.None)))!.Message, Does.Contain("--aws-spot"));
        Assert.That(_place.Front.Requests.Last(r => r.Action == "RunInstances").Parameters.Values, Does.Contain("spot-instances-request").And.Contain("one-time"));
    }
}
