using CliWrap.Buffered;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Unit;

/// <summary>Disks after power cuts, as QEMU's own tools read them.</summary>
public sealed class RecordedDiskTests
{
    // No whole number of clusters or second tables, and larger than the image underneath.
    private const int DiskBytes = (20 << 20) + 4096 + 512;
    private const int ImageBytes = 9 << 20;

    private Scratch _scratch = null!;

    [SetUp]
    public void HaveQemu()
    {
        if (new QemuBackend().WhyNot is { } reason)
            Assert.Ignore(reason);
        _scratch = new Scratch();
    }

    [TearDown]
    public void CleanUp() => _scratch?.Dispose();

    [Test]
    public async Task A_disk_is_what_was_flushed_and_what_was_not_lost_wherever_it_is_cut([Range(1, 6)] int seed)
    {
        var random = new Random(seed);
        byte[] start = new byte[DiskBytes];
        random.NextBytes(start.AsSpan(0, ImageBytes));
        await File.WriteAllBytesAsync(_scratch.File("image"), start[..ImageBytes]);
        using var disk = RecordedDisk.Create(_scratch.Path, keep: true, (_scratch.File("image"), "raw", DiskBytes));
        var given = new List<(DiskWrite Write, byte[] Data)>();
        using (var scribe = new Scribe(disk.LogFile))
        {
            for (int i = 0; i < 120; i++)
                given.Add(Give(scribe, random));
        }

        disk.End(before: given.Count);
        Assert.That(disk.Writes, Is.EqualTo(given.Select(g => g.Write)));

        // Forwards, where what was flushed grows, then backwards, then at both ends.
        int[] entries = [.. Enumerable.Range(0, 5).Select(_ => random.Next(given.Count)).Order(), random.Next(20), 0, given.Count];
        foreach (int entry in entries)
        {
            LostWrites lost = (entry % 3) switch { 0 => LostWrites.None, 1 => LostWrites.All, _ => LostWrites.Random(entry) };
            var point = new CutPoint { Entry = entry, Lost = lost };
            string file = disk.Rebuild(point, CancellationToken.None);
            BufferedCommandResult check = await HostTool.RunAsync("qemu-img", ["check", file], CancellationToken.None);
            Assert.That((check.ExitCode, check.StandardError), Is.EqualTo((0, "")), check.StandardOutput);
            await HostTool.RunAsync("qemu-img", ["convert", "-O", "raw", file, _scratch.File("raw")], CancellationToken.None);
            byte[] wanted = Replayed(start, given, point);
            byte[] got = await File.ReadAllBytesAsync(_scratch.File("raw"));
            Assert.That(got.AsSpan().SequenceEqual(wanted), Is.True, $"{point}: differs from byte {got.AsSpan().CommonPrefixLength(wanted)} on");
        }
    }

    [Test]
    public void A_point_behind_the_recording_is_the_callers_mistake()
    {
        using var disk = RecordedDisk.Create(_scratch.Path, keep: false, ("none", "raw", DiskBytes));
        disk.End(before: 0);
        UsageException mistake = Assert.Throws<UsageException>(() => disk.Rebuild(new CutPoint { Entry = 1 }, CancellationToken.None))!;
        Assert.That(mistake.Message, Does.Contain("wanted:  0 to 0"));
    }

    [Test]
    public void Nothing_of_it_has_a_name()
    {
        File.WriteAllBytes(_scratch.File("image"), new byte[512]);
        string files = _scratch.New("files");
        using var disk = RecordedDisk.Create(files, keep: false, (_scratch.File("image"), "raw", DiskBytes));
        disk.End(before: 0);
        disk.Rebuild(new CutPoint { Entry = 0 }, CancellationToken.None);
        Assert.That(Directory.GetFileSystemEntries(files), Is.Empty);
    }

    private static (DiskWrite, byte[]) Give(Scribe scribe, Random random)
    {
        long sector = random.Next(DiskBytes / 512);
        // Crowded at the front, so that writes cover each other.
        if (random.Next(3) > 0)
            sector %= 2000;
        int sectors = (int)Math.Min(random.Next(5) == 0 ? random.Next(1, 3000) : random.Next(1, 40), DiskBytes / 512 - sector);
        switch (random.Next(12))
        {
            case 0:
                scribe.Flush();
                return (new DiskWrite(DiskWriteKind.Flush, 0, 0), []);
            case 1:
                scribe.Discard(sector, sectors);
                return (new DiskWrite(DiskWriteKind.Discard, sector, sectors), new byte[sectors * 512]);
            case 2:
                byte[] durable = Bytes(random, sectors);
                scribe.Write(sector, durable, flags: 2);
                return (new DiskWrite(DiskWriteKind.Write, sector, sectors) { Durable = true }, durable);
            default:
                byte[] data = Bytes(random, sectors);
                scribe.Write(sector, data);
                return (new DiskWrite(DiskWriteKind.Write, sector, sectors), data);
        }
    }

    private static byte[] Bytes(Random random, int sectors)
    {
        byte[] data = new byte[sectors * 512];
        random.NextBytes(data);
        return data;
    }

    // The rule itself, sector by sector, and not by way of what is tested.
    private static byte[] Replayed(byte[] start, List<(DiskWrite Write, byte[] Data)> given, CutPoint point)
    {
        byte[] disk = [.. start];
        int durable = given.FindLastIndex(Math.Max(0, point.Entry - 1), Math.Max(0, point.Entry), g => g.Write.Kind == DiskWriteKind.Flush) + 1;
        for (int entry = 0; entry < point.Entry; entry++)
        {
            (DiskWrite write, byte[] data) = given[entry];
            for (int i = 0; i < write.Sectors; i++)
            {
                long sector = write.Sector + i;
                if (entry < durable || write.Durable || !point.Lost.Takes(entry, sector / 8))
                    data.AsSpan(i * 512, 512).CopyTo(disk.AsSpan((int)(sector * 512)));
            }
        }

        return disk;
    }
}
