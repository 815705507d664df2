using System.Text;
using Kola.Checks;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Running;

/// <summary>
/// Follows a machine's journal over its one connection: writes it as text and as the raw export, secrets masked, and holds every line against the checks.
/// After a reboot it goes on behind the last entry it has.
/// </summary>
internal sealed class JournalTail
{
    private readonly FileStream _text;
    private readonly FileStream _raw;
    private readonly Scanner _scanner = new("journal");
    private readonly Masking _masking;
    private readonly Action<Finding> _found;
    private readonly Action<PlatformException> _lost;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _over = new();
    private readonly List<Task> _following = [];
    private string _cursor = "";
    private string? _awaited;
    private bool _full;
    private TaskCompletionSource? _seen;

    internal JournalTail(string directory, Masking masking, Action<Finding> found, Action<PlatformException> lost, TimeProvider time)
    {
        _text = Create(Path.Combine(directory, RunDirectory.JournalFile));
        _raw = Create(Path.Combine(directory, RunDirectory.JournalExportFile));
        _masking = masking;
        _found = found;
        _lost = lost;
        _time = time;
    }

    /// <summary>True once there was a connection to follow over.</summary>
    internal bool HasBegun { get; private set; }

    /// <summary>Begins to follow over a new connection. The one before it has ended by then, or ends without further entries.</summary>
    internal void Follow(IShell shell)
    {
        string from = _cursor.Length == 0 ? "--boot --lines=all" : $"--after-cursor={Machine.Quote(_cursor)} --lines=all";
        var sink = new Sink(this);
        HasBegun = true;
        _following.RemoveAll(f => f.IsCompleted);
        _following.Add(Task.Run(async () =>
        {
            try
            {
                await shell.ExecuteAsync($"exec sudo journalctl --output=export --follow --quiet {from}", null, sink, Stream.Null, _over.Token);
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }));
    }

    /// <summary>Follows over the guest channel, reboots included, until this is ended or <paramref name="until"/>.</summary>
    internal void Follow(IGuestChannel channel, CancellationToken until)
    {
        CancellationToken over = CancellationTokenSource.CreateLinkedTokenSource(_over.Token, until).Token;
        _following.Add(channel.FollowJournalAsync(
            () =>
            {
                lock (_gate)
                    return _cursor;
            },
            () =>
            {
                HasBegun = true;
                return new Sink(this);
            },
            over));
    }

    /// <summary>Writes a mark into the journal and waits until it has come through, so that nothing before it is missing.</summary>
    /// <returns>False when it did not come within the limit.</returns>
    internal async Task<bool> CatchUpAsync(Machine machine, TimeSpan within, CancellationToken cancel)
    {
        string mark = $"end of test {Guid.NewGuid():N}";
        Task seen;
        lock (_gate)
        {
            _awaited = mark;
            _seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            seen = _seen.Task;
        }

        if (!await machine.TryMarkAsync(mark, within, cancel))
            return false;
        await Task.WhenAny(seen, Task.Delay(within, _time, cancel));
        return seen.IsCompleted;
    }

    /// <summary>Stops following and closes the files.</summary>
    internal async Task EndAsync()
    {
        await _over.CancelAsync();
        // Each ends by its cancellation; a test's end is not left to that.
        await Task.WhenAny(Task.WhenAll(_following), Wait.PauseAsync(TimeSpan.FromSeconds(5), TimeProvider.System, CancellationToken.None));
        lock (_gate)
        {
            Tell(_scanner.Complete());
            Keeping(_text.Dispose);
            Keeping(_raw.Dispose);
        }

        _over.Dispose();
    }

    // Caught here and not by the shell, which would take a full disk for a lost connection.
    private void Keeping(Action write)
    {
        try
        {
            write();
        }
        catch (IOException full)
        {
            _full = true;
            _lost(new PlatformException(Signal.HostStorage, $"{_text.Name} cannot be written: {full.Message}\n  wanted:  room for the evidence of the run", full));
        }
    }

    private static FileStream Create(string file) => new(file, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 4096);

    private void Take(JournalEntry entry)
    {
        _cursor = entry.Cursor;
        byte[] line = Encoding.UTF8.GetBytes(entry.Text + "\n");
        _text.Write(line);
        Tell(_scanner.Feed(line));
        if (_awaited is not null && entry.Text.EndsWith(_awaited, StringComparison.Ordinal))
            _seen?.TrySetResult();
    }

    private void Tell(IReadOnlyList<Finding> findings)
    {
        foreach (Finding finding in findings)
            _found(finding);
    }

    /// <summary>Takes one connection's bytes. A torn entry at the end of a lost connection comes again, whole, with the next.</summary>
    private sealed class Sink : Stream
    {
        private readonly JournalTail _tail;
        private readonly JournalStream _entries;

        internal Sink(JournalTail tail)
        {
            _tail = tail;
            _entries = new JournalStream(tail.Take, tail._masking, tail._raw);
        }

        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count)
        {
            lock (_tail._gate)
            {
                if (!_tail._text.CanWrite || _tail._full)
                    return;
                _tail.Keeping(() =>
                {
                    _entries.Feed(buffer.AsSpan(offset, count));
                    _tail._text.Flush();
                    _tail._raw.Flush();
                });
            }
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
