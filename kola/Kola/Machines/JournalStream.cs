using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Kola.Machines;

/// <summary>
/// Reads <c>journalctl -o export</c> as it comes and renders one line an entry. The export itself is kept as well, secrets masked, whole entry by
/// whole entry: it is the evidence.
/// </summary>
/// <remarks>
/// An entry is lines <c>FIELD=value</c>, or for binary values <c>FIELD</c>, a little-endian 64-bit length, the bytes and a newline; an empty
/// line ends it (systemd's JOURNAL_EXPORT_FORMATS).
/// </remarks>
internal sealed class JournalStream(Masking masking, Stream kept, Action<IReadOnlyDictionary<string, string>> entry)
{
    /// <summary>Reads what was recorded, which holds no secrets any more. The fields are the entry's only while it is handed on.</summary>
    internal JournalStream(Action<IReadOnlyDictionary<string, string>> entry)
        : this(Masking.Shapes, Stream.Null, entry)
    {
    }

    internal JournalStream(Action<JournalEntry> entry, Masking masking, Stream kept)
        : this(masking, kept, fields => entry(JournalEntry.Of(fields)))
    {
    }

    // Longer fields (a core dump in the journal) are cut off, not held in memory.
    private const int MostBytes = 1 << 20;

    private readonly MemoryStream _line = new();
    private readonly MemoryStream _raw = new();
    private readonly LineMasking _messages = new(masking);
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
        ReadOnlySpan<byte> bytes = _line.GetBuffer().AsSpan(0, (int)_line.Length);
        string line = Encoding.UTF8.GetString(bytes);
        _line.SetLength(0);
        if (line.Length == 0)
        {
            EndEntry();
            return;
        }

        int equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals >= 0)
        {
            string value = line[(equals + 1)..];
            string masked = equals == 7 && line.StartsWith("MESSAGE", StringComparison.Ordinal) ? _messages.Mask(value) : masking.Mask(value);
            Keep(ReferenceEquals(masked, value) ? bytes : Encoding.UTF8.GetBytes($"{line[..equals]}={masked}"));
            _fields[line[..equals]] = masked;
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
            EndBinary(_binaryName!);
            _binaryName = null;
        }
    }

    private void EndBinary(string name)
    {
        ReadOnlySpan<byte> bytes = _binary.GetBuffer().AsSpan(0, (int)_binary.Length);
        string value = Encoding.UTF8.GetString(bytes);
        string masked = masking.Mask(value);
        if (!ReferenceEquals(masked, value))
            bytes = Encoding.UTF8.GetBytes(masked);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
        Keep(Encoding.UTF8.GetBytes(name));
        _raw.Write(length);
        Keep(bytes);
        _fields[name] = masked;
    }

    private void Keep(ReadOnlySpan<byte> line)
    {
        _raw.Write(line);
        _raw.WriteByte((byte)'\n');
    }

    private void EndEntry()
    {
        if (_fields.Count > 0)
        {
            _raw.WriteByte((byte)'\n');
            _raw.WriteTo(kept);
            entry(_fields);
        }

        _raw.SetLength(0);
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
