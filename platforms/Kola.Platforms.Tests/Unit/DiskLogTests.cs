using Kola.Qemu;
using Microsoft.Win32.SafeHandles;

namespace Kola.Platforms.Tests.Unit;

public sealed class DiskLogTests
{
    private Scratch _scratch = null!;
    private Scribe _scribe = null!;
    private SafeFileHandle _file = null!;

    [SetUp]
    public void HaveALog()
    {
        _scratch = new Scratch();
        _scribe = new Scribe(_scratch.File("log"));
        _file = File.OpenHandle(_scratch.File("log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    [TearDown]
    public void CleanUp()
    {
        _file.Dispose();
        _scribe.Dispose();
        _scratch.Dispose();
    }

    [Test]
    public void Every_kind_of_entry_is_read_with_the_place_of_its_data()
    {
        _scribe.Write(8, new byte[1024]);
        _scribe.Flush();
        _scribe.Discard(128, 256);
        _scribe.Write(16, new byte[512], flags: 2);
        var log = new DiskLog(_file);
        log.ReadOn();
        Assert.That(log.Writes, Is.EqualTo(new[]
        {
            new DiskWrite(DiskWriteKind.Write, 8, 2),
            new DiskWrite(DiskWriteKind.Flush, 0, 0),
            new DiskWrite(DiskWriteKind.Discard, 128, 256),
            new DiskWrite(DiskWriteKind.Write, 16, 1) { Durable = true },
        }));
        Assert.That((log.DataAt(0), log.DataAt(3)), Is.EqualTo((1024, 512 + 512 + 1024 + 512 + 512 + 512)));
    }

    [Test]
    public void An_entry_counts_when_all_of_it_is_there()
    {
        var log = new DiskLog(_file);
        log.ReadOn();
        Assert.That(log.Writes, Is.Empty);
        _scribe.Header(0, 4, 0);
        log.ReadOn();
        Assert.That(log.Writes, Is.Empty, "its data is missing");
        _scribe.Skip(4 * 512);
        _scribe.Flush();
        log.ReadOn();
        Assert.That(log.Writes, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_hole_is_an_entry_that_is_still_being_written()
    {
        _scribe.Skip(1024);
        _scribe.Flush();
        var log = new DiskLog(_file);
        log.ReadOn();
        Assert.That(log.Writes, Is.Empty);
        _scribe.Skip(-1536);
        _scribe.Write(3, new byte[512]);
        log.ReadOn();
        Assert.That(log.Writes.Select(w => w.Kind), Is.EqualTo(new[] { DiskWriteKind.Write, DiskWriteKind.Flush }));
    }

    [Test]
    public void The_flush_of_the_end_is_dropped_and_no_other()
    {
        _scribe.Flush();
        var log = new DiskLog(_file);
        log.ReadOn();
        log.DropLastFlush(kept: 1);
        Assert.That(log.Writes, Has.Count.EqualTo(1));
        _scribe.Flush();
        log.ReadOn();
        log.DropLastFlush(kept: 1);
        Assert.That(log.Writes, Has.Count.EqualTo(1));
    }

    [Test]
    public void What_is_no_log_is_told_so()
    {
        _scribe.Write(0, new byte[512]);
        _scribe.Header(-1, 5, 0xFFFF);
        Assert.That(() => new DiskLog(_file).ReadOn(), Throws.TypeOf<PlatformException>().With.Message.Contains("cannot be read"));
    }
}
