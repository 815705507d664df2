using System.Xml;
using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.Runtime;
using Kola.Aws;
using Microsoft.Extensions.Time.Testing;

namespace Kola.Platforms.Tests.Aws;

/// <summary>Parts of platform aws that need no server.</summary>
public sealed class AwsUnitTests
{
    [Test]
    public async Task Throttling_is_borne_with_until_patience_ends()
    {
        var clock = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) };
        int asked = 0;
        Task<int> call = Call(new AwsCalls(clock, opening: false), () => ++asked < 4 ? throw Error("RequestLimitExceeded") : asked);
        await AdvanceAsync(clock, call);
        Assert.That(await call, Is.EqualTo(4));

        Task<int> never = Call(new AwsCalls(clock, opening: false), () => throw Error("RequestLimitExceeded"));
        await AdvanceAsync(clock, never);
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => never))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.Quota));
        Assert.That(fault.Message, Does.StartWith("aws: could not do it").And.Contain("next:"));
    }

    [TestCase("VcpuLimitExceeded", Signal.Quota)]
    [TestCase("SnapshotLimitExceeded", Signal.Quota)]
    [TestCase("InsufficientInstanceCapacity", Signal.Quota)]
    [TestCase("AuthFailure", Signal.Quota)]
    [TestCase("InvalidParameterValue", Signal.ImageStore)]
    public async Task An_error_code_says_what_is_wrong(string code, Signal signal)
    {
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => Call(new AwsCalls(TimeProvider.System, opening: false), () => throw Error(code))))!;
        Assert.That(fault.Signal, Is.EqualTo(signal));
        Assert.That(AwsFault.CodeOf(fault), Is.EqualTo(code));
    }

    [Test]
    public async Task Credentials_that_are_refused_are_the_callers_mistake_only_before_machines_run()
    {
        await Assert.ThrowsAsync<UsageException>(() => Call(new AwsCalls(TimeProvider.System, opening: true), () => throw Error("ExpiredToken")));
        await Assert.ThrowsAsync<PlatformException>(() => Call(new AwsCalls(TimeProvider.System, opening: true).Running, () => throw Error("ExpiredToken")));
    }

    [Test]
    public async Task An_answer_that_does_not_come_or_cannot_be_read_is_silence()
    {
        foreach (Exception silent in new Exception[] { new HttpRequestException("refused"), new XmlException("Root element is missing."), new TimeoutException(), new AmazonClientException("no", new HttpRequestException("reset")) })
        {
            PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => Call(new AwsCalls(TimeProvider.System, opening: true), () => throw silent)))!;
            Assert.That(fault.Message, Does.Contain("does not answer"));
        }
    }

    [Test]
    public void The_encoded_part_of_a_refusal_is_not_told()
    {
        // You are not authorized to perform this operation. User: … Encoded authorization failure message: Zm9v…
        KolaException fault = AwsFault.Of("do it", Error("UnauthorizedOperation", "You may not. Encoded authorization failure message: " + new string('x', 3000)), Signal.Emulator, opening: false);
        Assert.That(fault.Message, Does.Contain("You may not.").And.Not.Contain("xxx"));
    }

    [Test]
    public void A_place_that_had_no_capacity_comes_last_until_that_is_forgotten()
    {
        var clock = new FakeTimeProvider();
        var placement = new Kola.Aws.Placement([new Subnet { SubnetId = "a" }, new Subnet { SubnetId = "b" }], clock);
        InstanceSize[] sizes = [new("t3.micro", 1024, 2, Uefi: true), new("t3a.micro", 1024, 2, Uefi: true)];
        string[] Order() => [.. placement.For(sizes).Select(p => $"{p.Size.Name} {p.Subnet.SubnetId}")];
        Assert.That(Order(), Is.EqualTo(new[] { "t3.micro a", "t3.micro b", "t3a.micro a", "t3a.micro b" }));
        placement.MarkFull(placement.For(sizes)[0]);
        Assert.That(Order(), Is.EqualTo(new[] { "t3.micro b", "t3a.micro a", "t3a.micro b", "t3.micro a" }));
        clock.Advance(TimeSpan.FromMinutes(11));
        Assert.That(Order()[0], Is.EqualTo("t3.micro a"));
    }

    [Test]
    public async Task Blocks_of_zeros_are_left_out_and_the_last_one_is_filled_up()
    {
        using var scratch = new Scratch();
        string file = scratch.File("disk.img");
        byte[] disk = new byte[2 * EbsDirect.BlockBytes + 3];
        disk[EbsDirect.BlockBytes - 1] = 1;
        disk[^1] = 2;
        await File.WriteAllBytesAsync(file, disk);
        using DiskBlocks blocks = await DiskBlocks.OpenAsync(new Image { File = file, Format = "raw", Digest = "sha256:0", Name = "disk" }, scratch.Path, CancellationToken.None);
        (int Index, byte[] Block)[] read = [.. blocks.Read()];
        Assert.That(read.Select(b => b.Index), Is.EqualTo(new[] { 0, 2 }));
        Assert.That(read.Select(b => b.Block.Length), Is.All.EqualTo(EbsDirect.BlockBytes));
        Assert.That(read[1].Block[2], Is.EqualTo(2));
        Assert.That(read[1].Block[3..].Any(b => b != 0), Is.False);
        Assert.That(blocks.Gibibytes, Is.EqualTo(1));
    }

    [Test]
    public async Task An_image_that_cannot_be_read_is_the_image_stores_fault_and_leaves_no_file()
    {
        using var scratch = new Scratch();
        string file = scratch.File("disk.qcow2");
        await File.WriteAllTextAsync(file, "no qcow2");
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => DiskBlocks.OpenAsync(new Image { File = file, Format = "qcow2", Digest = "sha256:0", Name = "disk" }, scratch.Path, CancellationToken.None)))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.ImageStore));
        Assert.That(Directory.GetFiles(scratch.Path), Is.EqualTo(new[] { file }));
    }

    [Test]
    public void An_instances_end_without_a_reason_is_the_platforms_fault()
    {
        Machines.InstanceExit exit = InstanceLook.StateOf(new Instance { State = new Amazon.EC2.Model.InstanceState { Name = InstanceStateName.Terminated } }).ToExit();
        Assert.That(exit, Is.EqualTo(new Machines.InstanceExit(PlatformFault: true, "the instance is terminated")));
    }

    private static Task<int> Call(AwsCalls calls, Func<int> answer) => calls.RunAsync("do it", Signal.ImageStore, async _ =>
    {
        await Task.Yield();
        return answer();
    }, CancellationToken.None);

    private static AmazonEC2Exception Error(string code, string message = "so the test wants it") => new(message, ErrorType.Unknown, code, "1", System.Net.HttpStatusCode.BadRequest);

    private static async Task AdvanceAsync(FakeTimeProvider clock, Task until)
    {
        while (!until.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}
