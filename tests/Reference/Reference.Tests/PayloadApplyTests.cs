using Flatcar.Reference.UpdateEngine;
using Kola.Updates.Payloads;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

/// <summary>A payload is put on a slot, interrupted anywhere.</summary>
public sealed class PayloadApplyTests
{
    private const int Block = 4096;

    private string root = "";

    private string Target => Path.Combine(root, "target");

    private string Kernel => Path.Combine(root, "vmlinuz-b");

    private Prefs Prefs => new(Path.Combine(root, "prefs"));

    private static byte[] Old => [.. Enumerable.Repeat((byte)1, 4 * Block)];

    [SetUp]
    public void MakeRoot()
    {
        root = Directory.CreateTempSubdirectory("payload-apply-").FullName;
        File.WriteAllBytes(Target, Old);
        File.WriteAllBytes(Kernel, new byte[3 * Block]);
    }

    [TearDown]
    public void RemoveRoot() => Directory.Delete(root, recursive: true);

    [Test]
    public void What_is_interrupted_after_any_byte_goes_on_and_comes_out_right()
    {
        var (payload, metadata, wanted, kernel) = Payload();
        for (var cut = 1; cut < payload.Length; cut += 97)
        {
            MakeAnew();
            using (var first = Apply(null))
            {
                first.Write(payload.AsSpan(0, cut));
                first.Note();
            }
            var resume = Resume.Plan(Prefs, Offer(payload));
            using var second = Apply(resume);
            second.Write(payload.AsSpan(0, resume is null ? payload.Length : metadata));
            if (resume is not null)
                second.Write(payload.AsSpan(metadata + (int)resume.DataOffset));
            second.Finish(Offer(payload), keyFile: null);
            second.Verify(CancellationToken.None);
            Assert.That(File.ReadAllBytes(Target), Is.EqualTo(wanted), $"cut after {cut}");
            Assert.That(File.ReadAllBytes(Kernel), Is.EqualTo(kernel), $"cut after {cut}");
        }
    }

    [Test]
    public void All_operations_applied_and_noted_leaves_the_rest_to_do()
    {
        var (payload, metadata, _, kernel) = Payload();
        using (var first = Apply(null))
        {
            first.Write(payload);
            first.Note();
        }
        var resume = Resume.Plan(Prefs, Offer(payload))!;
        Assert.That(metadata + resume.DataOffset, Is.EqualTo(payload.Length), "nothing is left to be asked for");
        using var second = Apply(resume);
        second.Write(payload.AsSpan(0, metadata));
        second.Finish(Offer(payload), keyFile: null);
        Assert.That(new FileInfo(Kernel).Length, Is.EqualTo(kernel.Length), "the kernel is cut to its size by whoever comes last");
    }

    // It happened when the power was cut between the end of the download and the change of the bits.
    [Test]
    public void What_ends_with_signatures_is_gone_on_with_before_them()
    {
        var (payload, metadata, wanted, _) = Payload(signed: true);
        using (var first = Apply(null, payload))
        {
            first.Write(payload.AsSpan(0, payload.Length - 8));
            first.Note();
            first.Write(payload.AsSpan(payload.Length - 8));
            first.Note();
        }
        var resume = Resume.Plan(Prefs, Offer(payload))!;
        Assert.That(metadata + resume.DataOffset, Is.EqualTo(payload.Length - 8));
        using var second = Apply(resume, payload);
        second.Write(payload.AsSpan(0, metadata));
        second.Write(payload.AsSpan(metadata + (int)resume.DataOffset));
        second.Finish(Offer(payload), keyFile: null);
        Assert.That(File.ReadAllBytes(Target), Is.EqualTo(wanted));
    }

    // Its hash would go on from a manifest it has not seen.
    [Test]
    public void Another_manifest_of_the_same_length_is_not_gone_on_with()
    {
        var (payload, metadata, _, _) = Payload();
        using (var first = Apply(null))
        {
            first.Write(payload.AsSpan(0, payload.Length - 10));
            first.Note();
        }
        using var second = Apply(Resume.Plan(Prefs, Offer(payload)));
        var other = payload.AsSpan(0, metadata).ToArray();
        other[^1] ^= 1;
        Assert.That(Assert.Throws<UpdateException>(() => second.Write(other))!.Code, Is.EqualTo(ErrorCode.StateInitialization));
    }

    [Test]
    public void Nothing_is_noted_before_the_first_operation_and_nothing_twice()
    {
        var (payload, metadata, _, _) = Payload();
        using var apply = Apply(null);
        apply.Write(payload.AsSpan(0, metadata + 1));
        apply.Note();
        Assert.That(Resume.Plan(Prefs, Offer(payload)), Is.Null);
        apply.Write(payload.AsSpan(metadata + 1));
        apply.Note();
        var noted = File.GetLastWriteTimeUtc(Path.Combine(root, "prefs", Prefs.NextOperation));
        apply.Note();
        Assert.That(File.GetLastWriteTimeUtc(Path.Combine(root, "prefs", Prefs.NextOperation)), Is.EqualTo(noted));
    }

    private void MakeAnew()
    {
        File.WriteAllBytes(Target, Old);
        File.WriteAllBytes(Kernel, new byte[3 * Block]);
        Resume.Forget(Prefs);
    }

    private PayloadApply Apply(Resume? resume, byte[]? payload = null)
    {
        Prefs.Set(Prefs.ResponseHash, HashOf(payload ?? Payload().Payload));
        return new(Target, Kernel, Prefs, TimeProvider.System, resume, _ => true);
    }

    private static string HashOf(byte[] payload) => Convert.ToBase64String(Sha256.Of(payload));

    private static OmahaOffer Offer(byte[] payload) => OmahaResponse.Parse("""
        <response protocol="3.0"><app><updatecheck status="ok"><urls><url codebase="http://a/"/></urls><manifest version="2.0.0"><packages><package name="p" size="1"/></packages>
        <actions><action event="postinstall" sha256="s"/></actions></manifest></updatecheck></app></response>
        """).Offer! with { Size = payload.Length, Sha256 = HashOf(payload) };

    private static (byte[] Payload, int Metadata, byte[] Wanted, byte[] Kernel) Payload(bool signed = false)
    {
        byte[] a = [.. Enumerable.Range(0, Block).Select(i => (byte)(i * 7))], b = [.. Enumerable.Range(0, Block).Select(i => (byte)(i * 11))], kernel = [.. Enumerable.Range(0, 500).Select(i => (byte)(i * 13))];
        byte[] wanted = [.. a, .. Old[Block..(2 * Block)], .. b, .. Old[(3 * Block)..]];
        var manifest = new PayloadManifest
        {
            PartitionOperations = [Operation(a, 0, 0), Operation(b, Block, 2)],
            NewPartition = new InstallInfo((ulong)wanted.Length, Sha256.Of(wanted)),
            Procedures = [new InstallProcedure { Operations = [Operation(kernel, 2 * Block, 0)], NewInfo = new InstallInfo(500, Sha256.Of(kernel)) }],
        };
        byte[] signatures = signed ? new byte[8] : [];
        if (signed)
            manifest = manifest with { SignaturesOffset = (ulong)(2 * Block + kernel.Length), SignaturesSize = 8 };
        var message = manifest.ToBytes();
        byte[] head = [.. new PayloadHeader(1, message.Length).ToBytes(), .. message];
        return ([.. head, .. a, .. b, .. kernel, .. signatures], head.Length, wanted, kernel);
    }

    private static InstallOperation Operation(byte[] data, int offset, ulong block) => new()
    {
        Type = OperationType.Replace,
        DataOffset = (ulong)offset,
        DataLength = (ulong)data.Length,
        TargetExtents = [new Extent(block, 1)],
        DataSha256 = Sha256.Of(data),
    };
}
