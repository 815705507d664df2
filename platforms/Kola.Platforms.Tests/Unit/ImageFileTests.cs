using System.IO.Compression;
using CliWrap;
using ICSharpCode.SharpZipLib.BZip2;
using Kola.Qemu;
using ZstdSharp;

namespace Kola.Platforms.Tests.Unit;

[Category("unit")]
public sealed class ImageFileTests
{
    private Scratch _scratch = null!;

    [SetUp]
    public void HaveADirectory()
    {
        _scratch = new Scratch();
        if (HostTool.TryRunAsync("qemu-img", ["--version"], CancellationToken.None).GetAwaiter().GetResult() is null)
            Assert.Ignore("this host has no qemu-img: apt-get install qemu-utils");
    }

    [TearDown]
    public void CleanUp() => _scratch.Dispose();

    [Test]
    public async Task A_raw_image_is_described_by_its_sidecar()
    {
        TinyGuest.Write(_scratch.File("flatcar.img"));
        await File.WriteAllTextAsync(_scratch.File("vmlinuz"), "kernel");
        await File.WriteAllTextAsync(_scratch.File("initrd"), "initrd");
        await File.WriteAllTextAsync(_scratch.File("flatcar.json"), """
            {
              "schema": "kola.image/1", "version": "4459.0.0+reference", "variant": "reference", "channel": "developer", "architecture": "amd64",
              "ignitionMaximum": "3.3.0", "direct": { "kernel": "vmlinuz", "initrd": "initrd", "commandLine": "quiet" },
              "firmware": ["direct", "bios", "secure-boot"], "lacks": ["update-engine", "selinux"]
            }
            """);
        Image image = await PrepareAsync("flatcar.img");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(image.Format, Is.EqualTo("raw"));
            Assert.That(image.Digest, Does.Match("^sha256:[0-9a-f]{64}$"));
            Assert.That(image.Version, Is.EqualTo("4459.0.0+reference"));
            Assert.That(image.Name, Is.EqualTo("reference"));
            Assert.That(image.IgnitionMaximum, Is.EqualTo("3.3.0"));
            Assert.That(image.SignedForTests, Is.True);
            Assert.That(image.Direct!.Kernel, Is.EqualTo(_scratch.File("vmlinuz")));
            Assert.That(image.Lacks, Is.EqualTo(new[] { Feature.UpdateEngine, Feature.Selinux }));
        }
    }

    [Test]
    public async Task A_digest_is_that_of_sha256sum_holes_included_and_follows_a_change()
    {
        Image before = TinyGuest.Write(_scratch.File("a.img"));
        await using (FileStream hole = File.OpenWrite(before.File))
            hole.SetLength((3 << 20) + 512);
        string expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(before.File)));
        Assert.That((await PrepareAsync("a.img")).Digest, Is.EqualTo("sha256:" + expected));
        Assert.That((await PrepareAsync("a.img")).Digest, Is.EqualTo("sha256:" + expected), "from the cache");

        TinyGuest.Write(_scratch.File("a.img"), powersOff: true);
        Assert.That((await PrepareAsync("a.img")).Digest, Is.Not.EqualTo("sha256:" + expected));
    }

    [TestCase("bz2")]
    [TestCase("gz")]
    [TestCase("zst")]
    [TestCase("xz")]
    public async Task A_compressed_image_is_unpacked_once(string extension)
    {
        byte[] original = await File.ReadAllBytesAsync(TinyGuest.Write(_scratch.File("plain.img")).File);
        await PackAsync(original, extension);
        Image image = await PrepareAsync($"packed.img.{extension}");
        Assert.That(await File.ReadAllBytesAsync(image.File), Is.EqualTo(original));
        Assert.That(image.File, Does.StartWith(_scratch.File("cache")));
        DateTime written = File.GetLastWriteTimeUtc(image.File);
        Assert.That(File.GetLastWriteTimeUtc((await PrepareAsync($"packed.img.{extension}")).File), Is.EqualTo(written));
    }

    [TestCase("bz2")]
    [TestCase("gz")]
    [TestCase("zst")]
    [TestCase("xz")]
    public async Task A_compressed_image_that_is_cut_off_is_refused_and_leaves_nothing(string extension)
    {
        byte[] noise = new byte[1 << 20];
        new Random(1).NextBytes(noise);
        await PackAsync(noise, extension);
        await using (FileStream cut = File.OpenWrite(_scratch.File($"packed.img.{extension}")))
            cut.SetLength(cut.Length / 2);
        await RefusedAsync($"packed.img.{extension}", "download it again");
        Assert.That(Directory.GetFiles(_scratch.File("cache/images")), Is.Empty);
    }

    [Test]
    public async Task A_qcow2_is_taken_and_a_cut_off_one_is_refused()
    {
        TinyGuest.Write(_scratch.File("a.img"));
        await HostTool.RunAsync("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", _scratch.File("a.img"), _scratch.File("a.qcow2")], CancellationToken.None);
        Assert.That((await PrepareAsync("a.qcow2")).Format, Is.EqualTo("qcow2"));
        await using (FileStream cut = File.OpenWrite(_scratch.File("a.qcow2")))
            cut.SetLength(cut.Length - (80 << 10));
        await RefusedAsync("a.qcow2", "a qcow2 without errors");
    }

    [Test]
    public async Task What_is_no_image_is_refused_with_what_it_is()
    {
        await RefusedAsync("missing.img", "no such file");
        _scratch.New("directory.img");
        await RefusedAsync("directory.img", "a directory");
        await File.WriteAllTextAsync(_scratch.File("empty.img"), "");
        await RefusedAsync("empty.img", "an empty file");
        await File.WriteAllTextAsync(_scratch.File("text.img"), new string('x', 4096));
        await RefusedAsync("text.img", "neither a GPT nor a boot sector");
        await HostTool.RunAsync("qemu-img", ["create", "-f", "vmdk", _scratch.File("a.vmdk"), "1M"], CancellationToken.None);
        await RefusedAsync("a.vmdk", "format \"vmdk\"");
    }

    [Test]
    public void A_raw_image_shorter_than_its_partition_table_says_is_cut_off()
    {
        byte[] start = new byte[1024];
        "EFI PART"u8.CopyTo(start.AsSpan(512));
        BitConverter.GetBytes(2047L).CopyTo(start, 512 + 32);
        Assert.That(ImageFile.WhatIsWrong(start, 1 << 20), Is.Null);
        Assert.That(ImageFile.WhatIsWrong(start, (1 << 20) - 512), Does.Contain("cut off"));
    }

    [TestCase("nonsense", "does not parse")]
    [TestCase("{\"schema\":\"kola.image/2\"}", "got:     kola.image/2")]
    [TestCase("{\"schema\":\"kola.image/1\",\"lacks\":[\"wings\"]}", "got:     wings")]
    [TestCase("{\"schema\":\"kola.image/1\",\"architecture\":\"vax\"}", "got:     vax")]
    [TestCase("{\"schema\":\"kola.image/1\",\"direct\":{\"kernel\":\"none\",\"initrd\":\"none\",\"commandLine\":\"\"}}", "no such file")]
    [TestCase("{\"schema\":\"kola.image/1\",\"direct\":{}}", "names no kernel")]
    public async Task A_wrong_description_is_refused(string sidecar, string complaint)
    {
        TinyGuest.Write(_scratch.File("a.img"));
        await File.WriteAllTextAsync(_scratch.File("a.json"), sidecar);
        await RefusedAsync("a.img", complaint);
    }

    private Task<Image> PrepareAsync(string name) => ImageFile.PrepareAsync(_scratch.File(name), _scratch.File("cache"), null, CancellationToken.None);

    private async Task RefusedAsync(string name, string complaint)
    {
        UsageException problem = (await Assert.ThrowsAsync<UsageException>(() => PrepareAsync(name)))!;
        Assert.That(problem.Message, Does.Contain(complaint).And.Contain("next:"));
    }

    private async Task PackAsync(byte[] content, string extension)
    {
        await using FileStream file = File.Create(_scratch.File($"packed.img.{extension}"));
        if (extension == "xz")
        {
            await Cli.Wrap("xz").WithArguments("-c").WithStandardInputPipe(PipeSource.FromBytes(content)).WithStandardOutputPipe(PipeTarget.ToStream(file)).ExecuteAsync();
            return;
        }

        await using Stream packer = extension switch
        {
            "bz2" => new BZip2OutputStream(file),
            "gz" => new GZipStream(file, CompressionLevel.Fastest),
            _ => new CompressionStream(file),
        };
        packer.Write(content);
    }
}
