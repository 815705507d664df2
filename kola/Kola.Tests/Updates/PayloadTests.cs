using System.Security.Cryptography;
using CliWrap;
using CliWrap.Buffered;
using CsCheck;
using Kola.Updates;
using Kola.Updates.Payloads;

namespace Kola.Tests.Updates;

/// <summary>Payloads as the update client reads them.</summary>
public sealed class PayloadTests
{
    private const int MiB = 1 << 20;

    private RSA _key = null!;
    private RSA _other = null!;
    private string _directory = "";

    [SetUp]
    public void MakeDirectory()
    {
        _directory = Directory.CreateTempSubdirectory("kola-payload-").FullName;
        (_key, _other) = (RSA.Create(2048), RSA.Create(2048));
    }

    [TearDown]
    public void RemoveDirectory()
    {
        _key.Dispose();
        _other.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Test]
    public async Task A_whole_payload_is_laid_out_as_the_fields_own_generator_does()
    {
        string payload = await WriteAsync(Source(Bytes(2 * MiB + 4096, 1), Bytes(5000, 2)), _key);
        PayloadManifest manifest = PayloadFile.Open(payload).Manifest;
        Assert.That(manifest.PartitionOperations.Select(o => o.TargetExtents.Single()), Is.EqualTo(new Extent[] { new(0, 256), new(256, 256), new(512, 256) }), "a MiB each, the last one too");
        Assert.That(manifest.PartitionOperations.Select(o => o.Type), Has.Some.EqualTo(OperationType.Replace).Or.Some.EqualTo(OperationType.ReplaceBzip));
        Assert.That(manifest.Kernel!.Operations.Single().TargetExtents.Single(), Is.EqualTo(new Extent(0, 256)));
        Assert.That(manifest.Kernel.NewInfo!.Size, Is.EqualTo(5000));
        // What clients of before there were procedures pass over: the kernel's data, and the signatures.
        Assert.That(manifest.NoopOperations.Select(o => (o.DataOffset, o.DataLength)), Is.EqualTo(new[]
        {
            (manifest.Kernel.Operations[0].DataOffset, manifest.Kernel.Operations[0].DataLength), (manifest.SignaturesOffset, manifest.SignaturesSize!.Value),
        }));
        Assert.That(manifest.NoopOperations.Select(o => o.TargetExtents.Single().StartBlock), Is.All.EqualTo(Extent.Hole));
        Assert.That(manifest.NoopOperations[^1].DataSha256, Is.Null);
        Assert.That(manifest.SignaturesSize, Is.EqualTo(264), "one signature of RSA-2048");
    }

    // The format layer is compiled into another program too; what it writes must never change by accident.
    [Test]
    public async Task The_same_input_gives_the_same_bytes()
    {
        string payload = await WriteAsync(Source(Bytes(MiB + 8192, 3), Bytes(70_000, 4)));
        Assert.That(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(payload))), Is.EqualTo("54ee414a6c686ee277898b9084b0339c3e5908ce700a2a0e3cfd29cb649d3b03"));
        string signed = await WriteAsync(Source(Bytes(MiB + 8192, 3), Bytes(70_000, 4)), _key);
        Assert.That(await File.ReadAllBytesAsync(await WriteAsync(Source(Bytes(MiB + 8192, 3), Bytes(70_000, 4)), _key)), Is.EqualTo(await File.ReadAllBytesAsync(signed)));
    }

    [Test]
    public void What_goes_in_comes_out() => Gen.Select(Gen.Int[1, 600], Gen.Int[1, 3 * MiB], Gen.Byte).Sample(
        (blocks, kernel, seed) =>
        {
            (byte[] image, byte[] file) = (Bytes(blocks * 4096, seed), Bytes(kernel, (byte)(seed + 1)));
            string payload = WriteAsync(Source(image, file), _key).GetAwaiter().GetResult();
            (byte[] imageOut, byte[] kernelOut) = ExtractAsync(payload).GetAwaiter().GetResult();
            return imageOut.AsSpan().SequenceEqual(image) && kernelOut.AsSpan().SequenceEqual(file);
        }, iter: 12, threads: 1);

    [Test]
    public async Task What_differs_from_several_old_ones_makes_the_new_one_of_each()
    {
        byte[] image = Bytes(3 * MiB, 1);
        byte[] first = Changed(image, 4096 * 10, 4096 * 300 + 5), second = Changed(image, 0, 3 * MiB - 1);
        PayloadSource source = Source(image, Bytes(9000, 2)) with { OldImages = [Range("old1", first), Range("old2", second)], OldKernels = [Range("oldk", Changed(Bytes(9000, 2), 8999))] };
        string payload = await WriteAsync(source, _key);
        Assert.That(PayloadFile.Open(payload).Manifest.PartitionOperations.Select(o => o.TargetExtents.Single()), Is.EqualTo(new Extent[] { new(0, 1), new(10, 1), new(300, 1), new(767, 1) }));
        foreach (string old in new[] { "old1", "old2" })
            Assert.That((await ExtractAsync(payload, old, "oldk")).Image, Is.EqualTo(image));
        Assert.That(await PayloadCheck.VerifyAsync(PayloadFile.Open(payload), _key, default), Is.False, "what was there before is not known");
        Assert.That(await FaultAsync(() => ExtractAsync(payload)), Is.EqualTo(PayloadFault.Partition), "nothing was there before");
    }

    [Test]
    public async Task Nothing_that_differs_is_one_operation_all_the_same()
    {
        byte[] image = Bytes(MiB + 4096, 1);
        string payload = await WriteAsync(Source(image, Bytes(10, 1)) with { OldImages = [Range("same", image)] });
        Assert.That(PayloadFile.Open(payload).Manifest.PartitionOperations, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_payload_may_be_bound_to_what_it_was_made_from()
    {
        byte[] old = Bytes(MiB, 5);
        string payload = await WriteAsync(Source(Bytes(MiB, 1), null) with { OldImages = [Range("old", old)], BoundToOld = true });
        Assert.That(PayloadFile.Open(payload).Manifest.OldPartition!.Sha256.ToArray(), Is.EqualTo(SHA256.HashData(old)));
        Range("other", Changed(old, 7));
        Assert.That(await FaultAsync(() => ExtractAsync(payload, "other")), Is.EqualTo(PayloadFault.OldPartition));
        Assert.That((await ExtractAsync(payload, "old")).Image, Is.EqualTo(Bytes(MiB, 1)));
    }

    [TestCase(4095)]
    [TestCase(0)]
    public async Task An_image_that_is_no_whole_blocks_is_refused(int length) =>
        await Assert.ThrowsAsync<UsageException>(() => WriteAsync(Source(Bytes(length, 1), null)));

    // A release process keeps its key away from what builds.
    [Test]
    public async Task Signing_in_two_steps_gives_the_same_file_as_in_one()
    {
        PayloadSource source = Source(Bytes(MiB, 1), Bytes(5000, 2));
        string once = await WriteAsync(source, _other, _key);
        var room = PayloadFile.Open(await WriteAsync(source with { SignatureSizes = [256, 256] }));
        byte[] hash = await PayloadSummary.SignedHashAsync(room, default);
        ReadOnlyMemory<byte>[] made = [.. new[] { _other, _key }.Select(k => (ReadOnlyMemory<byte>)k.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))];
        string twice = New("twice");
        await PayloadSignatures.WriteAsync(room, [], made, twice, default);
        Assert.That(await File.ReadAllBytesAsync(twice), Is.EqualTo(await File.ReadAllBytesAsync(once)));
        Assert.That(PayloadFile.Open(twice).Signatures.Select(s => s.Version), Is.EqualTo(new[] { 1u, 2u }));
        await Assert.ThrowsAsync<UsageException>(() => PayloadSignatures.WriteAsync(room, [], made[..1], New("less"), default));
        // And put in where there was no room.
        string later = New("later");
        await PayloadSignatures.WriteAsync(PayloadFile.Open(await WriteAsync(source)), [_other, _key], [], later, default);
        Assert.That(await File.ReadAllBytesAsync(later), Is.EqualTo(await File.ReadAllBytesAsync(once)));
    }

    [Test]
    public async Task Only_the_signature_clients_look_for_counts()
    {
        var payload = PayloadFile.Open(await WriteAsync(Source(Bytes(MiB, 1), null), _other, _key));
        await PayloadCheck.VerifyAsync(payload, _key, default);
        Assert.That(await FaultAsync(() => PayloadCheck.VerifyAsync(payload, _other, default)), Is.EqualTo(PayloadFault.Signature));
        var unsigned = PayloadFile.Open(await WriteAsync(Source(Bytes(MiB, 1), null)));
        Assert.That(await FaultAsync(() => PayloadCheck.VerifyAsync(unsigned, _key, default)), Is.EqualTo(PayloadFault.SignatureMissing));
    }

    [Test]
    public async Task No_wrong_byte_and_no_missing_one_goes_unnoticed()
    {
        string file = await WriteAsync(Source(Bytes(8192, 1), Bytes(100, 2)), _key);
        byte[] good = await File.ReadAllBytesAsync(file);
        string bad = New("bad");
        for (int at = 0; at < good.Length; at++)
        {
            byte[] wrong = [.. good];
            wrong[at] ^= 0x41;
            await File.WriteAllBytesAsync(bad, wrong);
            await RefusedAsync(bad, $"byte {at} is wrong");
            await File.WriteAllBytesAsync(bad, good[..at]);
            await RefusedAsync(bad, $"it ends after {at} bytes");
        }

        await File.WriteAllBytesAsync(bad, [.. good, 0]);
        await RefusedAsync(bad, "there is a byte more");

        async Task RefusedAsync(string name, string what)
        {
            try
            {
                await PayloadCheck.VerifyAsync(PayloadFile.Open(name), _key, default);
                Assert.Fail($"{what}, and nobody noticed");
            }
            catch (PayloadException refused)
            {
                Assert.That((int)refused.Fault, Is.InRange(10, 39));
            }
        }
    }

    [Test]
    public async Task A_manifest_that_lies_about_sizes_takes_no_memory()
    {
        var huge = new PayloadManifest
        {
            PartitionOperations = [new InstallOperation { Type = OperationType.ReplaceBzip, DataOffset = 0, DataLength = 10, TargetExtents = [new Extent(0, ulong.MaxValue / 2)], DataSha256 = SHA256.HashData(new byte[10]) }],
            NewPartition = new InstallInfo(4096, new byte[32]),
        };
        string file = New("huge");
        await PayloadSigning.AssembleAsync(huge, new MemoryStream(new byte[10]), file, PayloadSigning.By([], []), default);
        Assert.That(await FaultAsync(() => PayloadCheck.VerifyAsync(PayloadFile.Open(file), null, default)), Is.EqualTo(PayloadFault.Operation));
    }

    [Test]
    public async Task Operations_without_data_move_blocks_or_are_refused()
    {
        byte[] old = Bytes(4 * 4096, 3), moved = [.. old[4096..8192], .. old[4096..]];
        var move = new InstallOperation { Type = OperationType.Move, SourceExtents = [new Extent(1, 1)], TargetExtents = [new Extent(0, 1)] };
        Range("old", old);
        Assert.That((await ExtractAsync(await MadeAsync(move, moved), "old")).Image, Is.EqualTo(moved));
        Assert.That(await FaultAsync(async () => await ExtractAsync(await MadeAsync(move with { TargetExtents = [new Extent(1UL << 50, 1)] }, moved), "old")), Is.EqualTo(PayloadFault.Operation));
        Assert.That(await FaultAsync(async () => await ExtractAsync(await MadeAsync(move with { SourceExtents = [new Extent(0, 1UL << 40)] }, moved), "old")), Is.EqualTo(PayloadFault.Operation));
        Assert.That(await FaultAsync(async () => await ExtractAsync(await MadeAsync(move with { Type = OperationType.Replace }, moved), "old")), Is.EqualTo(PayloadFault.Operation));

        async Task<string> MadeAsync(InstallOperation operation, byte[] wanted)
        {
            string file = New("made");
            var manifest = new PayloadManifest { PartitionOperations = [operation], NewPartition = new InstallInfo((ulong)wanted.Length, SHA256.HashData(wanted)) };
            await PayloadSigning.AssembleAsync(manifest, new MemoryStream(), file, PayloadSigning.By([], []), default);
            return file;
        }
    }

    [Test]
    public async Task Neither_a_device_nor_what_it_is_made_from_is_written_over()
    {
        PayloadSource source = Source(Bytes(MiB, 1), null);
        await Assert.ThrowsAsync<UsageException>(() => PayloadWriter.WriteAsync(source, "/dev/null", [], default));
        await Assert.ThrowsAsync<UsageException>(() => PayloadWriter.WriteAsync(source, source.Image.File, [], default));
        Assert.That(new FileInfo(source.Image.File).Length, Is.EqualTo(MiB));
        Assert.That(Directory.GetFiles(_directory, "*.new*"), Is.Empty);
    }

    [Test]
    public async Task OpenSsl_verifies_the_signature_and_protoc_reads_the_manifest_and_bzip2_the_data()
    {
        byte[] image = Bytes(MiB, 1);
        string file = await WriteAsync(Source(image, Bytes(5000, 2)), _key);
        var payload = PayloadFile.Open(file);
        byte[] bytes = await File.ReadAllBytesAsync(file);
        string signed = New("signed"), signature = New("signature"), key = New("key");
        await File.WriteAllBytesAsync(signed, bytes[..(int)payload.SignedLength]);
        // 0a 85 02, the one signature: 08 02, its version; 12 80 02, its 256 bytes.
        Assert.That(bytes[(int)payload.SignedLength..(int)(payload.SignedLength + 8)], Is.EqualTo(new byte[] { 0x0a, 0x85, 0x02, 0x08, 0x02, 0x12, 0x80, 0x02 }));
        await File.WriteAllBytesAsync(signature, bytes[^256..]);
        await File.WriteAllTextAsync(key, _key.ExportSubjectPublicKeyInfoPem());
        Assert.That(await RunAsync("openssl", ["dgst", "-sha256", "-verify", key, "-signature", signature, signed]), Does.Contain("Verified OK"));

        string manifest = New("manifest");
        await File.WriteAllBytesAsync(manifest, bytes[20..(int)payload.Header.MetadataSize]);
        string decoded = await RunAsync("sh", ["-c", $"protoc --decode_raw <{manifest}"]);
        Assert.That(decoded.Split('\n'), Has.Some.EqualTo("3: 4096").And.Some.EqualTo($"4: {payload.Manifest.SignaturesOffset}").And.Some.EqualTo("5: 264"));
        Assert.That(decoded, Does.Contain("9 {\n  1: 1048576\n").And.Contain("10 {\n  1: 0\n"), "the partition's size, the kernel's procedure");

        InstallOperation packed = payload.Manifest.Operations.First(o => o.Type == OperationType.ReplaceBzip);
        string data = New("data.bz2");
        await File.WriteAllBytesAsync(data, bytes[(int)(payload.Header.MetadataSize + (long)packed.DataOffset!)..][..(int)packed.DataLength]);
        Assert.That(await RunAsync("sh", ["-c", $"bzip2 -dc {data} | sha256sum"]), Does.StartWith(Convert.ToHexStringLower(SHA256.HashData(image))));
    }

    private static async Task<PayloadFault?> FaultAsync(Func<Task> step)
    {
        try
        {
            await step();
            return null;
        }
        catch (PayloadException wrong)
        {
            return wrong.Fault;
        }
    }

    private static byte[] Changed(byte[] bytes, params int[] at)
    {
        byte[] changed = [.. bytes];
        foreach (int one in at)
            changed[one] ^= 1;
        return changed;
    }

    // Half of it packs well, half of it does not; always the same.
    private static byte[] Bytes(int length, byte seed)
    {
        byte[] bytes = new byte[length];
        uint state = seed + 1u;
        for (int i = 0; i < length; i++)
        {
            state = state * 1664525 + 1013904223;
            bytes[i] = (i >> 12 & 1) == 0 ? (byte)(state >> 30) : (byte)(i / 64 + seed);
        }

        return bytes;
    }

    private string New(string name) => Path.Combine(_directory, $"{name}-{Guid.NewGuid():n}");

    private ByteRange Range(string name, byte[] bytes)
    {
        string file = Path.Combine(_directory, name);
        File.WriteAllBytes(file, bytes);
        return ByteRange.Of(file);
    }

    private PayloadSource Source(byte[] image, byte[]? kernel) =>
        new() { Image = Range($"image-{Guid.NewGuid():n}", image), Kernel = kernel is null ? null : Range($"kernel-{Guid.NewGuid():n}", kernel) };

    private async Task<string> WriteAsync(PayloadSource source, params RSA[] keys)
    {
        string file = New("payload");
        await PayloadWriter.WriteAsync(source, file, keys, default);
        return file;
    }

    private async Task<(byte[] Image, byte[] Kernel)> ExtractAsync(string payload, string? oldImage = null, string? oldKernel = null)
    {
        (string image, string kernel) = (New("image"), New("kernel"));
        ByteRange? Old(string? name) => name is null ? null : ByteRange.Of(Path.Combine(_directory, name));
        await PayloadCheck.ExtractAsync(PayloadFile.Open(payload), image, kernel, (Old(oldImage), Old(oldKernel)), default);
        return (await File.ReadAllBytesAsync(image), await File.ReadAllBytesAsync(kernel));
    }

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        BufferedCommandResult result = await CliWrap.Cli.Wrap(program).WithArguments(arguments).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
        if (result.StandardError.Contains("not found", StringComparison.Ordinal))
        {
            if (Environment.GetEnvironmentVariable("CI") == "true")
                Assert.Fail($"{result.StandardError.Trim()}\n  next:    apt-get install protobuf-compiler openssl bzip2");
            Assert.Ignore($"{result.StandardError.Trim()}: apt-get install protobuf-compiler openssl bzip2");
        }

        Assert.That(result.ExitCode, Is.Zero, result.StandardError);
        return result.StandardOutput;
    }
}
