using System.Buffers.Binary;

namespace Kola.Segments;

/// <summary>The last frames of a link, as many as go into 4 MiB.</summary>
internal sealed class FrameRing(TimeProvider clock)
{
    private const int Capacity = 4 << 20;

    // Nanoseconds, in the byte order of who writes: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-03.html
    private const uint Magic = 0xA1B23C4D;
    private const int Ethernet = 1;
    private const int HeaderBytes = 16;

    private readonly Lock _gate = new();
    private readonly Queue<(DateTimeOffset At, byte[] Frame)> _frames = new();
    private int _bytes;

    /// <summary>Takes a frame that is not changed any more.</summary>
    public void Add(byte[] frame)
    {
        lock (_gate)
        {
            _frames.Enqueue((clock.GetUtcNow(), frame));
            _bytes += frame.Length + HeaderBytes;
            while (_bytes > Capacity)
                _bytes -= _frames.Dequeue().Frame.Length + HeaderBytes;
        }
    }

    /// <summary>Writes them as a pcap file.</summary>
    /// <returns>False, and no file, when there is none.</returns>
    public async Task<bool> SaveAsync(string file, CancellationToken cancel)
    {
        (DateTimeOffset At, byte[] Frame)[] frames;
        lock (_gate)
            frames = [.. _frames];
        if (frames.Length == 0)
            return false;
        using var text = new MemoryStream();
        byte[] header = new byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), 4);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), 1 << 18);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(20), Ethernet);
        text.Write(header);
        byte[] record = new byte[HeaderBytes];
        foreach ((DateTimeOffset at, byte[] frame) in frames)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)at.ToUnixTimeSeconds());
            BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(4), (uint)(at.Ticks % TimeSpan.TicksPerSecond * 100));
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(8), frame.Length);
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(12), frame.Length);
            text.Write(record);
            text.Write(frame);
        }

        await File.WriteAllBytesAsync(file, text.ToArray(), cancel);
        return true;
    }
}
