using System.Globalization;
using System.Text;

namespace Kola.Machines;

/// <summary>
/// The host's end of the channel, over whatever streams a platform has to its guest. It outlives reboots, and power cycles by being
/// connected again.
/// </summary>
public sealed class GuestChannel : IGuestChannel, IDisposable
{
    private readonly SemaphoreSlim _asking = new(1, 1);
    private readonly Lock _gate = new();
    private readonly StringBuilder _answer = new();
    private readonly JournalPort _journal = new();
    private TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<(int, string)?>? _asked;
    private Stream? _control;
    private string _nonce = "";
    private int _asks;

    /// <inheritdoc/>
    public bool IsUp => _up.Task.IsCompletedSuccessfully;

    /// <summary>Waits until the journal's stream has ended: the guest is off and all it wrote has been taken. Never faults.</summary>
    public Task DrainJournalAsync()
    {
        _journal.Abandon();
        return _journal.Ended;
    }

    /// <summary>Takes every byte that comes over the journal's port; null for none. Not disposed.</summary>
    public Stream? JournalCopy { get => _journal.Copy; set => _journal.Copy = value; }

    /// <summary>Takes a guest that is switched on.</summary>
    /// <param name="control">To its control port. Disposed by the next call, and with this.</param>
    /// <param name="journal">To its journal port, likewise.</param>
    public void Connect(Stream control, Stream journal) => Connect(control, journal, null);

    /// <summary>Takes a guest that is switched on with an older disk: its journal is taken from its boot's begin, since the entry it was last read to may never have been written.</summary>
    /// <inheritdoc cref="Connect(Stream, Stream)" path="/param"/>
    public void ConnectAnew(Stream control, Stream journal)
    {
        _journal.ForgetCursor();
        Connect(control, journal, null);
    }

    /// <summary>Takes a copy of a guest that had been connected, in whose boot the guest program is up.</summary>
    /// <param name="control">To its control port.</param>
    /// <param name="journal">To its journal port.</param>
    /// <param name="before">All that had come over the journal's port until then.</param>
    public void Resume(Stream control, Stream journal, Stream before)
    {
        Connect(control, journal, before);
        _up.TrySetResult();
    }

    /// <inheritdoc/>
    public Task WhenUpAsync(CancellationToken cancel) => _up.Task.WaitAsync(cancel);

    /// <inheritdoc/>
    public async Task<(int ExitCode, string Text)?> AskAsync(string command, CancellationToken cancel)
    {
        await _asking.WaitAsync(cancel);
        try
        {
            Stream? control;
            Task<(int, string)?> answered;
            byte[] request;
            lock (_gate)
            {
                control = _control;
                _nonce = (++_asks).ToString(CultureInfo.InvariantCulture);
                _asked = new TaskCompletionSource<(int, string)?>(TaskCreationOptions.RunContinuationsAsynchronously);
                answered = _asked.Task;
                request = Encoding.UTF8.GetBytes($"{_nonce}\n{command}{GuestProgram.EndOfCommand}");
            }

            if (control is null)
                return null;
            try
            {
                await control.WriteAsync(request, cancel);
            }
            catch (Exception gone) when (gone is IOException or ObjectDisposedException)
            {
                return null;
            }

            return await answered.WaitAsync(cancel);
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <inheritdoc/>
    public Task FollowJournalAsync(Func<string> cursor, Func<Stream> sink, CancellationToken over) => _journal.FollowAsync(cursor, sink, over);

    /// <summary>Closes both streams; whoever waits for an answer gets none.</summary>
    public void Dispose()
    {
        Disconnect();
        _journal.Abandon();
    }

    private void Connect(Stream control, Stream journal, Stream? before)
    {
        Disconnect();
        lock (_gate)
        {
            _control = control;
            _up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        _ = Task.Run(() => ReadControlAsync(control));
        _journal.Connect(journal, before);
    }

    private void Disconnect()
    {
        Stream? control;
        lock (_gate)
        {
            control = _control;
            _control = null;
        }

        control?.Dispose();
        _journal.Disconnect();
        Abandon();
    }

    private async Task ReadControlAsync(Stream control)
    {
        using var reader = new StreamReader(control, Encoding.UTF8);
        try
        {
            while (await reader.ReadLineAsync() is { } line)
                Take(line);
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // The machine was switched off.
        }

        Abandon();
    }

    // ␞up 5f0e…        the guest program of a boot is there
    // any text
    // ␞7 0             the end of the answer to command 7, exit code 0
    private void Take(string line)
    {
        if (!line.StartsWith(GuestProgram.EndOfAnswer))
        {
            lock (_gate)
                _answer.Append(line).Append('\n');
            return;
        }

        string[] words = line[1..].Split(' ');
        if (words[0] == "up")
        {
            Abandon();
            _up.TrySetResult();
            return;
        }

        lock (_gate)
        {
            // The newline before the mark is the program's own.
            string text = _answer.ToString().TrimEnd('\n');
            _answer.Clear();
            if (words.Length == 2 && words[0] == _nonce && int.TryParse(words[1], CultureInfo.InvariantCulture, out int exitCode))
                _asked?.TrySetResult((exitCode, text));
        }
    }

    private void Abandon()
    {
        lock (_gate)
        {
            _answer.Clear();
            _asked?.TrySetResult(null);
        }
    }
}
