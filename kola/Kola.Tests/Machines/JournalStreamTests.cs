using CsCheck;
using Kola.Machines;

namespace Kola.Tests.Machines;

public sealed class JournalStreamTests
{
    // As journalctl -o export writes it: a text entry, and one with a binary message.
    private static readonly byte[] s_export =
    [
        .. "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1763835300123456\nSYSLOG_IDENTIFIER=sshd\n_PID=77\nMESSAGE=Accepted publickey for core\n\n"u8,
        .. "__CURSOR=s=1;i=3\n__REALTIME_TIMESTAMP=1763835301000000\n_COMM=app\nMESSAGE\n"u8,
        .. BitConverter.GetBytes(11L),
        .. "two\nlines=1\n\n"u8,
    ];

    [Test]
    public void Entries_become_lines() => Assert.That(Read(s_export, s_export.Length), Is.EqualTo(new[]
    {
        "Nov 22 18:15:00.123456 sshd[77]: Accepted publickey for core",
        "Nov 22 18:15:01.000000 app: two\n    lines=1",
    }));

    [Test]
    public void Bytes_may_be_cut_anywhere() =>
        Gen.Int[1, s_export.Length].Sample(size => Read(s_export, size).SequenceEqual(Read(s_export, s_export.Length)), iter: 200);

    [Test]
    public void The_cursor_of_each_entry_is_kept()
    {
        var cursors = new List<string>();
        new JournalStream(entry => cursors.Add(entry.Cursor), Masking.Shapes, Stream.Null).Feed(s_export);
        Assert.That(cursors, Is.EqualTo(new[] { "s=1;i=2", "s=1;i=3" }));
    }

    [Test]
    public void A_torn_entry_is_not_an_entry() => Assert.That(Read(s_export[..60], 60), Is.Empty);

    [Test]
    public void No_bytes_make_it_throw() =>
        Gen.Byte.Array[0, 400].Sample(bytes => Read(bytes, 400).All(line => line.Length > 0), iter: 2000);

    private static List<string> Read(byte[] bytes, int chunk)
    {
        var lines = new List<string>();
        var stream = new JournalStream(entry => lines.Add(entry.Text), Masking.Shapes, Stream.Null);
        foreach (byte[] part in bytes.Chunk(Math.Max(1, chunk)))
            stream.Feed(part);
        return lines;
    }
}
