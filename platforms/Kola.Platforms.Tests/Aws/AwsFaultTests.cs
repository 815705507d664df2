using Kola.Aws;
using Kola.Machines;

namespace Kola.Platforms.Tests.Aws;

/// <summary>What is done when EC2 does not do what it is asked: refusals are put in by a front before the server.</summary>
public sealed class AwsFaultTests
{
    private static readonly string[] s_image = ["image of image", "snapshot of image"];
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
    public async Task Where_a_zone_has_no_capacity_the_next_one_is_taken_and_then_the_next_type()
    {
        await using AwsPlatform platform = await _place.OpenAsync(("aws-type", "t3.micro"), ("aws-type", "t3a.micro"));
        string[] zones = [.. platform.Facts["zones"].Split(", ")];
        Assume.That(zones, Has.Length.GreaterThan(1));
        _place.Front.Refusal = r => r.Action == "RunInstances" && r.Parameters["InstanceType"] == "t3.micro" ? "InsufficientInstanceCapacity" : null;
        await using IInstance machine = await platform.StartAsync(_place.Spec("hub"), CancellationToken.None);
        Passed[] asked = [.. _place.Front.Requests.Where(r => r.Action == "RunInstances").DistinctBy(r => r.Parameters["ClientToken"])];
        Assert.That(asked.Select(a => a.Parameters["InstanceType"]), Is.EqualTo(Enumerable.Repeat("t3.micro", zones.Length).Append("t3a.micro")));
        Assert.That(asked.SkipLast(1).Select(a => a.Parameters["NetworkInterface.1.SubnetId"]).Distinct().Count(), Is.EqualTo(zones.Length));

        await using IInstance next = await platform.StartAsync(_place.Spec("spoke"), CancellationToken.None);
        Assert.That(_place.Front.Requests.Last(r => r.Action == "RunInstances").Parameters["InstanceType"], Is.EqualTo("t3a.micro"));
        Assert.That(_place.Front.Requests.Where(r => r.Action == "RunInstances").DistinctBy(r => r.Parameters["ClientToken"]).Count(), Is.EqualTo(asked.Length + 1), "what had none a moment ago is not asked again");
    }

    [TestCase("InsufficientInstanceCapacity", Signal.Quota, "--aws-zone")]
    [TestCase("VcpuLimitExceeded", Signal.Quota, "--max-machines")]
    [TestCase("UnauthorizedOperation", Signal.Quota, "permission")]
    [TestCase("InternalError", Signal.Emulator, "InternalError")]
    public async Task A_machine_that_is_refused_is_the_platforms_fault_and_leaves_nothing(string code, Signal signal, string says)
    {
        await using (AwsPlatform platform = await _place.OpenAsync(("aws-type", "t3.micro"), ("aws-zone", "eu-central-1a")))
        {
            _place.Front.Refusal = r => r.Action == "RunInstances" ? code : null;
            PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(_place.Spec("hub"), CancellationToken.None)))!;
            Assert.That(fault.Signal, Is.EqualTo(signal));
            Assert.That(fault.Message, Does.Contain(says).And.Contain(code).And.Contain("test/hub"));
            Assert.That(fault.Message, Does.Not.Contain("AKIA").And.Not.Contain("wJalr"));
        }

        Assert.That(await _place.LeftAsync(), Is.EquivalentTo(s_image));
    }

    [Test]
    public async Task An_instance_whose_start_was_obeyed_and_not_answered_is_not_left()
    {
        await using (AwsPlatform platform = await _place.OpenAsync())
        {
            _place.Front.Silence = r => r.Action == "RunInstances";
            await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(_place.Spec("hub"), CancellationToken.None));
            Assert.That(_place.Front.Requests.Where(r => r.Action == "RunInstances").Select(r => r.Parameters["ClientToken"]).Distinct().Count(), Is.EqualTo(1), "a repeated request starts no second one");
            _place.Front.Silence = _ => false;
            Assert.That(await _place.LeftAsync(), Has.No.Member("instance of the run"));
        }
    }

    [TestCase("RunInstances")]
    [TestCase("DescribeInstances")]
    public async Task A_start_that_is_cancelled_at_any_time_leaves_nothing(string during)
    {
        await using AwsPlatform platform = await _place.OpenAsync();
        using var cancel = new CancellationTokenSource();
        _place.Front.Before = async r =>
        {
            if (r.Action != during || cancel.IsCancellationRequested)
                return;
            await cancel.CancelAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System);
        };
        await Assert.ThatAsync(() => platform.StartAsync(_place.Spec("hub"), cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await _place.LeftAsync(), Has.No.Member("instance of the run").And.No.Member("volume of the run").And.No.Member("network interface of the run"));
    }

    [TestCase("RegisterImage")]
    [TestCase("ImportKeyPair")]
    [TestCase("AuthorizeSecurityGroupIngress")]
    public async Task Opening_that_fails_half_way_leaves_nothing_but_what_is_whole(string at)
    {
        _place.Front.Refusal = r => r.Action == at ? "InternalError" : null;
        await Assert.ThrowsAsync<PlatformException>(() => _place.OpenAsync());
        _place.Front.Refusal = _ => null;
        Assert.That(await _place.LeftAsync(), Is.SubsetOf(s_image));
    }

    [TestCase("AuthFailure")]
    [TestCase("ExpiredToken")]
    [TestCase("InvalidClientTokenId")]
    public async Task Credentials_that_are_refused_are_the_callers_mistake(string code)
    {
        _place.Front.Refusal = r => r.Action == "GetCallerIdentity" ? code : null;
        UsageException mistake = (await Assert.ThrowsAsync<UsageException>(() => _place.OpenAsync()))!;
        Assert.That(mistake.Message, Does.Contain(code).And.Contain("next:").And.Not.Contain("AKIA").And.Not.Contain("wJalr"));
    }

    [Test]
    public async Task An_endpoint_that_does_not_answer_is_the_platforms_fault()
    {
        PlatformRequest request = _place.Request(("aws-endpoint", "http://127.0.0.1:1"));
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => _place.Driver.OpenAsync(request, CancellationToken.None)))!;
        Assert.That(fault.Message, Does.Contain("does not answer").And.Contain("--aws-endpoint"));
    }

    [Test]
    public async Task Types_subnets_and_images_that_are_not_there_are_the_callers_mistake()
    {
        foreach ((string, string) wrong in new[] { ("aws-type", "t3.tiny"), ("aws-type", "t4g.micro"), ("aws-subnet", "subnet-12345678"), ("aws-zone", "nowhere-1a"), ("aws-ami", "ami-12345678"), ("aws-region", "middle-earth-1") })
        {
            UsageException mistake = (await Assert.ThrowsAsync<UsageException>(() => _place.OpenAsync(wrong), wrong.ToString()))!;
            Assert.That(mistake.Message, Does.Contain(wrong.Item2));
        }

        Assert.That(_place.Front.Count("CreateSecurityGroup") + _place.Front.Count("POST /snapshots"), Is.Zero);
    }
}
