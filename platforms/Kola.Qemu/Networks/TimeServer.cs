using System.Buffers.Binary;
using System.Net.Sockets;

namespace Kola.Qemu;

/// <summary>
/// Tells the time, by NTP (RFC 5905), to whoever asks at a unix socket, a connection a question: what is in a test's network leads there. It may tell a wrong one.
/// </summary>
internal sealed class TimeServer : IAsyncDisposable
{
    private const int PacketBytes = 48;
    private static readonly DateTimeOffset s_epoch = new(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _over = new();
    private readonly TimeProvider _clock;
    private readonly Task _work;

    /// <param name="path">Where it is asked.</param>
    /// <param name="clock">The time.</param>
    public TimeServer(string path, TimeProvider clock)
    {
        (Path, _clock) = (path, clock);
        _socket.Bind(new UnixDomainSocketEndPoint(path));
        _socket.Listen();
        _work = ServeAsync(_over.Token);
    }

    /// <summary>Where it is asked.</summary>
    public string Path { get; }

    /// <summary>By what the time it tells is later than it is.</summary>
    public TimeSpan Offset { get; set; }

    /// <summary>Whether it answers.</summary>
    public bool Answers { get; set; } = true;

    /// <summary>The answer to a request; null to what is none.</summary>
    internal static byte[]? Answer(ReadOnlySpan<byte> request, DateTimeOffset now)
    {
        const int client = 3;
        const byte server = 4;
        if (request.Length < PacketBytes || (request[0] & 7) != client)
            return null;
        byte[] answer = new byte[PacketBytes];
        // No leap second, the client's version; a clock that hangs on a reference clock, exact to a microsecond.
        answer[0] = (byte)(request[0] & 0b00_111_000 | server);
        answer[1] = 1;
        answer[2] = request[2];
        answer[3] = unchecked((byte)-20);
        BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(8), 1 << 6);
        "KOLA"u8.CopyTo(answer.AsSpan(12));
        ulong time = Stamp(now);
        BinaryPrimitives.WriteUInt64BigEndian(answer.AsSpan(16), time);
        request.Slice(40, 8).CopyTo(answer.AsSpan(24));
        BinaryPrimitives.WriteUInt64BigEndian(answer.AsSpan(32), time);
        BinaryPrimitives.WriteUInt64BigEndian(answer.AsSpan(40), time);
        return answer;
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _work;
        _socket.Dispose();
        File.Delete(Path);
        _over.Dispose();
    }

    // Seconds since 1900 and their 2^32nds.
    private static ulong Stamp(DateTimeOffset time)
    {
        long ticks = (time - s_epoch).Ticks;
        return (ulong)(ticks / TimeSpan.TicksPerSecond) << 32 | (ulong)((ticks % TimeSpan.TicksPerSecond << 32) / TimeSpan.TicksPerSecond);
    }

    private async Task ServeAsync(CancellationToken over)
    {
        while (true)
        {
            try
            {
                Socket asking = await _socket.AcceptAsync(over);
                _ = AnswerAsync(asking, over);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(Socket asking, CancellationToken over)
    {
        using Socket _ = asking;
        byte[] request = new byte[PacketBytes];
        try
        {
            // One question is one packet, and comes as a whole.
            int length = await asking.ReceiveAsync(request, SocketFlags.None, over);
            if (Answers && Answer(request.AsSpan(0, length), _clock.GetUtcNow() + Offset) is { } answer)
                await asking.SendAsync(answer, SocketFlags.None, over);
            // Who goes at once takes the answer with it.
            await asking.ReceiveAsync(request, SocketFlags.None, over);
        }
        catch (Exception gone) when (gone is OperationCanceledException or SocketException)
        {
            // Nobody waits for it any more.
        }
    }
}
