using System.Security.Cryptography;
using CliWrap.Buffered;
using ICSharpCode.SharpZipLib.BZip2;
using Kola.Machines;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>A host whose disk is full is never the image's fault. Tried on a memory filesystem of a few pages, which takes root.</summary>
public sealed class FullDiskTests
{
    private Scratch _scratch = null!;

    [SetUp]
    public void HaveADirectory()
    {
        if (Environment.UserName != "root")
            Assert.Ignore("mounts a small filesystem: run it as root");
        _scratch = new Scratch();
    }

    [TearDown]
    public async Task CleanUp()
    {
        if (_scratch is null)
            return;
        await HostTool.RunAsync("umount", [_scratch.File("small")], CancellationToken.None);
        _scratch.Dispose();
    }

    [Test]
    public async Task A_guest_that_cannot_write_ends_by_the_platforms_fault()
    {
        if (new QemuBackend().WhyNot is { } reason)
            Assert.Ignore(reason);
        // Room for an empty overlay, none for the first cluster a guest writes.
        string small = await MountAsync("256k");
        Image image = TinyGuest.Write(_scratch.File("on.img"));
        QemuOptions options = QemuBackend.Options(_scratch) with { RuntimeDirectory = small };
        await using QemuPlatform platform = await QemuPlatform.CreateAsync(options, image, TimeProvider.System, CancellationToken.None);
        var spec = new InstanceSpec
        {
            Id = "test/machine",
            Machine = new MachineSpec { Name = "machine", MemoryMiB = 256 },
            Image = image,
            Directory = _scratch.New("machine"),
        };
        await using IInstance machine = await platform.StartAsync(spec, CancellationToken.None);
        InstanceExit exit = await machine.Exited.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That(exit, Is.EqualTo(new InstanceExit(PlatformFault: true, "the host could not write the machine's disk: No space left on device") { Signal = Signal.HostStorage }));
    }

    [Test]
    public async Task A_disk_after_a_power_cut_that_does_not_fit_is_the_platforms_fault_and_a_later_one_is_made()
    {
        if (new QemuBackend().WhyNot is { } reason)
            Assert.Ignore(reason);
        string small = await MountAsync("1m");
        await File.WriteAllBytesAsync(_scratch.File("on.img"), new byte[512]);
        using var disk = RecordedDisk.Create(small, keep: false, (_scratch.File("on.img"), "raw", 8 << 20));
        using (var scribe = new Unit.Scribe(disk.LogFile))
        {
            scribe.Write(0, new byte[512]);
            scribe.Write(2048, new byte[600 << 10]);
        }

        disk.End(before: 2);
        PlatformException problem = Assert.Throws<PlatformException>(() => disk.Rebuild(new CutPoint { Entry = 2 }, CancellationToken.None))!;
        Assert.That(problem.Signal, Is.EqualTo(Signal.HostStorage));
        Assert.That(problem.Message, Does.Contain("No space left"));
        Assert.DoesNotThrow(() => disk.Rebuild(new CutPoint { Entry = 1 }, CancellationToken.None));
        Assert.That(Directory.GetFiles(small), Is.Empty);
    }

    [TestCase("bz2")]
    [TestCase("xz")]
    public async Task An_image_that_does_not_fit_is_told_so_and_leaves_nothing(string extension)
    {
        string small = await MountAsync("1m");
        string packed = _scratch.File($"noise.img.{extension}");
        await File.WriteAllBytesAsync(_scratch.File("noise.img"), RandomNumberGenerator.GetBytes(4 << 20));
        if (extension == "xz")
        {
            await HostTool.RunAsync("xz", ["-0", _scratch.File("noise.img")], CancellationToken.None);
        }
        else
        {
            await using var packer = new BZip2OutputStream(File.Create(packed));
            packer.Write(await File.ReadAllBytesAsync(_scratch.File("noise.img")));
        }

        PlatformException problem = (await Assert.ThrowsAsync<PlatformException>(() => ImageFile.PrepareAsync(packed, small, null, CancellationToken.None)))!;
        Assert.That(problem.Message, Does.StartWith($"image: no room to unpack \"{packed}\""));
        Assert.That(Directory.GetFiles(Path.Combine(small, "images")), Is.Empty);
    }

    private async Task<string> MountAsync(string size)
    {
        string small = _scratch.New("small");
        BufferedCommandResult mount = await HostTool.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={size},mode=0700", "kola-test", small], CancellationToken.None);
        if (mount.ExitCode != 0)
            Assert.Ignore($"cannot mount here: {mount.StandardError.Trim()}");
        return small;
    }
}
