using System.Globalization;
using System.Text;

namespace Kola.Fake;

/// <summary>A guest's journal: kept over a reboot, and followed by whoever asks, as <c>journalctl --output=export --follow</c>.</summary>
internal sealed class FakeJournal(TimeProvider clock, IReadOnlyList<byte[]> before)
{
    private readonly Lock _gate = new();
    private readonly List<byte[]> _entries = [.. before];
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Appends <c>unit[pid]: message</c>; without that form the unit is <c>fake</c>.</summary>
    public void Add(string text)
    {
        int colon = text.IndexOf("]: ", StringComparison.Ordinal);
        int bracket = colon < 0 ? -1 : text.LastIndexOf('[', colon);
        (string who, string pid, string message) = bracket <= 0 ? ("fake", "1", text) : (text[..bracket], text[(bracket + 1)..colon], text[(colon + 3)..]);
        lock (_gate)
        {
            long microseconds = (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
            string entry = string.Create(CultureInfo.InvariantCulture, $"__CURSOR=c{_entries.Count + 1}\n__REALTIME_TIMESTAMP={microseconds}\nSYSLOG_IDENTIFIER={who}\n_PID={pid}\nMESSAGE={message}\n\n");
            _entries.Add(Encoding.UTF8.GetBytes(entry));
            _grown.TrySetResult();
            _grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Number of entries.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _entries.Count;
        }
    }

    /// <summary>All of them so far.</summary>
    public IReadOnlyList<byte[]> Entries
    {
        get
        {
            lock (_gate)
                return [.. _entries];
        }
    }

    /// <summary>Writes entries from one on, and further ones as they come, until cancelled.</summary>
    public async Task FollowAsync(int from, Stream output, CancellationToken cancel)
    {
        while (true)
        {
            byte[][] fresh;
            Task grown;
            lock (_gate)
            {
                fresh = [.. _entries.Skip(from)];
                grown = _grown.Task;
            }

            foreach (byte[] entry in fresh)
                await output.WriteAsync(entry, cancel);
            from += fresh.Length;
            await grown.WaitAsync(cancel);
        }
    }
}
