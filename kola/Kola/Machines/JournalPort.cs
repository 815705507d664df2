using System.Text;

namespace Kola.Machines;

/// <summary>
/// Reads the journal's port: at each boot it says that a journal begins, is told behind which entry, and then sends journalctl's export.
/// </summary>
internal sealed class JournalPort
{
    private readonly TaskCompletionSource _followed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Func<string> _cursor = () => "";
    private Func<Stream> _newSink = () => Stream.Null;
    private Stream? _journal;
    private Stream? _sink;
    private int _matched;
    private bool _forgets;

    internal Task Ended { get; private set; } = Task.CompletedTask;

    internal Stream? Copy { get; set; }

    internal void Connect(Stream journal, Stream? before)
    {
        _journal = journal;
        _matched = 0;
        Ended = Task.Run(() => ReadAsync(journal, before));
    }

    /// <summary>The next journal is not told where to go on.</summary>
    internal void ForgetCursor() => _forgets = true;

    internal void Disconnect() => _journal?.Dispose();

    /// <summary>Whoever has not followed by now will not: what comes goes to nobody.</summary>
    internal void Abandon() => _followed.TrySetResult();

    internal async Task FollowAsync(Func<string> cursor, Func<Stream> sink, CancellationToken over)
    {
        (_cursor, _newSink) = (cursor, sink);
        _followed.TrySetResult();
        await Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, over));
        // The port is read on: a guest whose writes are not taken would stand still.
        (_cursor, _newSink, _sink) = (() => "", () => Stream.Null, null);
    }

    private async Task ReadAsync(Stream journal, Stream? before)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            await _followed.Task;
            if (before is not null)
            {
                for (int got = await before.ReadAsync(buffer); got > 0; got = await before.ReadAsync(buffer))
                    await TakeAsync(buffer.AsMemory(0, got), null);
            }

            for (int got = await journal.ReadAsync(buffer); got > 0; got = await journal.ReadAsync(buffer))
                await TakeAsync(buffer.AsMemory(0, got), journal);
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // The machine was switched off.
        }
    }

    // Bytes go to the sink of the boot they belong to; the mark between two boots may be split over reads.
    private async Task TakeAsync(ReadOnlyMemory<byte> bytes, Stream? answerTo)
    {
        if (Copy is { } copy)
            await copy.WriteAsync(bytes);
        int start = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte next = bytes.Span[i];
            if (next == GuestProgram.JournalBegins[_matched])
            {
                if (++_matched < GuestProgram.JournalBegins.Length)
                    continue;
                _matched = 0;
                int end = Math.Max(start, i + 1 - GuestProgram.JournalBegins.Length);
                Give(bytes[start..end]);
                start = i + 1;
                _sink = _newSink();
                if (answerTo is not null)
                {
                    await answerTo.WriteAsync(Encoding.UTF8.GetBytes((_forgets ? "" : _cursor()) + "\n"));
                    _forgets = false;
                }
            }
            else if (_matched > 0)
            {
                // The mark begins with NUL and has no other before its end: only this byte can begin another.
                int began = i - _matched;
                if (began < 0)
                    Give(GuestProgram.JournalBegins[..-began].ToArray());
                _matched = next == GuestProgram.JournalBegins[0] ? 1 : 0;
            }
        }

        int held = Math.Min(_matched, bytes.Length - start);
        Give(bytes[start..^held]);
    }

    private void Give(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > 0)
            _sink?.Write(bytes.ToArray(), 0, bytes.Length);
    }
}
