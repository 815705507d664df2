using System.Globalization;
using System.Text;

namespace Kola.Machines;

/// <summary>
/// Reads <c>journalctl -o export</c> as it comes and renders one line an entry. The raw bytes are kept as well: they are the evidence.
/// </summary>
/// <remarks>
/// An entry is lines <c>FIELD=value</c>, or for binary values <c>FIELD</c>, a little-endian 64-bit length, the bytes and a newline; an empty
/// line ends it (systemd's JOURNAL_EXPORT_FORMATS).
/// </remarks>
internal sealed class JournalStream(Action<JournalEntry> entry)
{
    // Longer fields (a core dump in the journal) are skipped, not held in memory.
    private const int MostBytes = 1 << 20;

    private readonly MemoryStream _line = new();
    private readonly Dictionary<string, string> _fields = new(StringComparer.Ordinal);
    private string? _binaryName;
    private long _binaryLeft = -1;
    private readonly MemoryStream _binary = new();

    /// <summary>Takes the next bytes; entries are handed on as they complete.</summary>
    internal void Feed(ReadOnlySpan<byte> bytes)
    {
        foreach (byte next in bytes)
        {
            if (_binaryName is not null)
                FeedBinary(next);
            else if (next == '\n')
                EndLine();
            else if (_line.Length < MostBytes)
                _line.WriteByte(next);
        }
    }

    private void EndLine()
    {
        string line = Encoding.UTF8.GetString(_line.GetBuffer(), 0, (int)_line.Length);
        _line.SetLength(0);
        if (line.Length == 0)
        {
            EndEntry();
            return;
        }

        int equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals >= 0)
        {
            _fields[line[..equals]] = line[(equals + 1)..];
            return;
        }

        _binaryName = line;
        _binaryLeft = -1;
        _binary.SetLength(0);
    }

    private void FeedBinary(byte next)
    {
        if (_binaryLeft < 0)
        {
            _binary.WriteByte(next);
            if (_binary.Length < 8)
                return;
            _binaryLeft = BitConverter.ToInt64(_binary.GetBuffer(), 0);
            _binary.SetLength(0);
        }
        else if (_binaryLeft > 0)
        {
            _binaryLeft--;
            if (_binary.Length < MostBytes)
                _binary.WriteByte(next);
        }
        else
        {
            // The newline behind the bytes.
            _fields[_binaryName!] = Encoding.UTF8.GetString(_binary.GetBuffer(), 0, (int)_binary.Length);
            _binaryName = null;
        }
    }

    private void EndEntry()
    {
        if (_fields.Count > 0)
            entry(JournalEntry.Of(_fields));
        _fields.Clear();
    }
}

/// <summary>One entry of a journal.</summary>
/// <param name="Cursor">Where to go on after a new connection.</param>
/// <param name="Text">Rendered: <c>Nov 22 18:15:00.123456 unit[pid]: message</c>; further lines of a message are indented.</param>
internal sealed record JournalEntry(string Cursor, string Text)
{
    internal static JournalEntry Of(IReadOnlyDictionary<string, string> fields)
    {
        string Field(string name) => fields.GetValueOrDefault(name, "");
        string who = Field("SYSLOG_IDENTIFIER") is { Length: > 0 } identifier ? identifier : Field("_COMM");
        string pid = Field("_PID") is { Length: > 0 } id ? id : Field("SYSLOG_PID");
        string at = long.TryParse(Field("__REALTIME_TIMESTAMP"), CultureInfo.InvariantCulture, out long microseconds)
            ? DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds).ToString("MMM dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture)
            : "(no time)";
        string message = Field("MESSAGE").TrimEnd('\n').Replace("\n", "\n    ", StringComparison.Ordinal);
        return new JournalEntry(Field("__CURSOR"), $"{at} {who}{(pid.Length > 0 ? $"[{pid}]" : "")}: {message}");
    }
}
