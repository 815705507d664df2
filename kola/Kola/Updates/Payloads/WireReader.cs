namespace Kola.Updates.Payloads;

/// <summary>Reads a message of protocol buffers, field by field. What is not well-formed is a <see cref="PayloadException"/>.</summary>
internal ref struct WireReader(ReadOnlyMemory<byte> message, long offset)
{
    private const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;

    private readonly ReadOnlyMemory<byte> _message = message;
    private int _at = 0;
    private int _wire = 0;

    /// <summary>Number of the present field.</summary>
    public int Field { get; private set; } = 0;

    /// <summary>Byte of the file at which the present field's value begins.</summary>
    public readonly long Offset => offset + _at;

    /// <summary>Goes to the next field; false at the end.</summary>
    public bool Next()
    {
        if (_at == _message.Length)
            return false;
        ulong key = Raw();
        (Field, _wire) = ((int)Math.Min(key >> 3, int.MaxValue), (int)(key & 7));
        return Field > 0 ? true : throw Wrong("a field has no number");
    }

    /// <summary>The present field's number.</summary>
    public ulong Number() => _wire == Varint ? Raw() : throw Wrong($"field {Field} is no number");

    /// <summary>The present field's bytes: a string, or a message within this one.</summary>
    public ReadOnlyMemory<byte> Data()
    {
        if (_wire != Bytes)
            throw Wrong($"field {Field} is not of bytes");
        ulong length = Raw();
        if (length > (ulong)(_message.Length - _at))
            throw Wrong($"field {Field} is {length} bytes long, {_message.Length - _at} are left");
        ReadOnlyMemory<byte> data = _message.Slice(_at, (int)length);
        _at += (int)length;
        return data;
    }

    /// <summary>A message within this one.</summary>
    public WireReader Message()
    {
        ReadOnlyMemory<byte> data = Data();
        return new WireReader(data, Offset - data.Length);
    }

    /// <summary>Passes over a field nobody here knows.</summary>
    public void Skip()
    {
        switch (_wire)
        {
            case Varint:
                Raw();
                break;
            case Bytes:
                Data();
                break;
            case Fixed64 or Fixed32:
                int length = _wire == Fixed64 ? 8 : 4;
                _at = _message.Length - _at >= length ? _at + length : throw Wrong($"field {Field} is cut off");
                break;
            default:
                throw Wrong($"field {Field} is of a kind that there is not ({_wire})");
        }
    }

    /// <summary>A complaint about the present place.</summary>
    public readonly PayloadException Wrong(string what) => new(PayloadFault.Manifest, what, Offset);

    private ulong Raw()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (_at == _message.Length)
                throw Wrong("a number is cut off");
            byte part = _message.Span[_at++];
            if (shift == 63 && part > 1)
                throw Wrong("a number has more than 64 bits");
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }

        throw Wrong("a number has more than 64 bits");
    }
}

/// <summary>Writes a message of protocol buffers, in the order of the calls.</summary>
internal sealed class WireWriter
{
    private readonly MemoryStream _message = new();

    public void Number(int field, ulong value)
    {
        Raw((ulong)field << 3);
        Raw(value);
    }

    public void Number(int field, ulong? value)
    {
        if (value is { } there)
            Number(field, there);
    }

    public void Data(int field, ReadOnlySpan<byte> data)
    {
        Raw((ulong)field << 3 | 2);
        Raw((ulong)data.Length);
        _message.Write(data);
    }

    public void Message(int field, Action<WireWriter> write)
    {
        var within = new WireWriter();
        write(within);
        Data(field, within.ToBytes());
    }

    public byte[] ToBytes() => _message.ToArray();

    private void Raw(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            _message.WriteByte((byte)(value | 0x80));
        _message.WriteByte((byte)value);
    }
}
