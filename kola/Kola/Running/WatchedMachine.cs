using System.Diagnostics.CodeAnalysis;
using Kola.Checks;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Running;

/// <summary>A machine with those who watch it: its console, its journal, and whether it is still there.</summary>
internal sealed class WatchedMachine
{
    // What a message shows of a console.
    private const int LinesShown = 10;

    // What a test sees of one whose boot was to fail: Ignition's last stage and what followed.
    private const int LinesOfFailure = 60;

    private readonly SessionOptions _options;
    private readonly TestCase _test;
    private readonly string _directory;
    private readonly string _shown;
    private readonly Action<MachineException> _found;
    private readonly Action<KolaException> _end;
    private readonly Sightings _sightings = new();
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenSource _byConnection = new();
    private readonly ConsoleTail? _console;
    private readonly JournalTail _journal;
    private readonly ExpectedFailure? _expected;
    private Task _watching = Task.CompletedTask;
    private volatile bool _disposing;
    private volatile bool _dead;
    private bool _left;

    internal WatchedMachine(
        Machine machine, string directory, string shown, SessionOptions options, TestCase test, Action<MachineException> found, Action<KolaException> end)
    {
        Machine = machine;
        _directory = directory;
        _shown = shown;
        _options = options;
        _test = test;
        _found = found;
        _end = end;
        _expected = machine.Spec.BootFails ? new ExpectedFailure() : null;
        _console = machine.Instance.ConsoleFile is { } file ? new ConsoleTail(file, Report, options.Time) : null;
        _journal = new JournalTail(directory, options.Masking, Report, end, options.Time);
    }

    internal Machine Machine { get; }

    /// <summary>What a machine whose boot is expected to fail has said when it has; null of any other.</summary>
    internal Task<string>? BootFailure => _expected?.Ended;

    internal void Start()
    {
        if (Machine.Instance.Channel is { } channel)
            _journal.Follow(channel, _byConnection.Token);
        Machine.Connected += FollowOver;
        _watching = Task.WhenAll(_console?.RunAsync(_over.Token) ?? Task.CompletedTask, WatchExitAsync());
    }

    /// <summary>Never throws; what cannot be collected or taken away becomes an event.</summary>
    internal async Task EndAsync(bool collect, CancellationToken kill)
    {
        if (collect)
            await CollectAsync(kill);
        bool left = _disposing;
        _disposing = true;
        InstanceExit? before = !left && Machine.Instance.Exited.IsCompletedSuccessfully ? await Machine.Instance.Exited : null;
        await SafelyAsync($"{_shown}: its connection", () => Machine.DisconnectAsync().AsTask());
        (double? seconds, int? memory) = (Machine.Instance.ProcessorTime?.TotalSeconds, Machine.Instance.MemoryMiB);
        await SafelyAsync($"{_shown}: the machine", () => Machine.Instance.DisposeAsync().AsTask());
        await StopWatchingAsync();
        // The emulator writes the console itself, so it can only be masked now.
        await SafelyAsync($"{_shown}/console.txt", () => Task.Run(() => _console?.Mask(_options.Masking)));
        Emit(new MachineEnded { At = Now, Test = _test.Id, Machine = Machine.Name, PlatformFault = before?.PlatformFault ?? false, Detail = before?.Detail ?? "disposed", ProcessorSeconds = seconds, MemoryMiB = memory });
    }

    /// <summary>Keeps the state of the machine, for whoever looks into a failure. Never throws.</summary>
    internal Task KeepStateAsync(CancellationToken kill) => _left ? Task.CompletedTask : Task.WhenAll(new StateRecord(this, _options, _test.Id, _directory).KeepAsync(kill), KeepCapturesAsync(kill));

    // eth1 and eth2 may be on one segment.
    private Task KeepCapturesAsync(CancellationToken kill) => Task.WhenAll(Machine.Instance.Links.Select((link, card) => SafelyAsync($"{_shown}: its capture", async () =>
    {
        bool second = Machine.Instance.Links.Take(card).Any(before => before.Segment == link.Segment);
        string file = Path.Combine(_directory, $"{link.Segment}{(second ? $"-{card}" : "")}{RunDirectory.CaptureEnding}");
        if (await link.SaveCaptureAsync(file, kill))
            Emit(new EvidenceKept { At = Now, Test = _test.Id, Machine = Machine.Name, What = $"the last frames on {link.Segment}", File = Path.GetRelativePath(_options.Directory, file), By = "host" });
    })));

    /// <summary>The last lines of its console so far; empty where it has none.</summary>
    internal IEnumerable<string> LastConsoleLines(int count) => _console?.LastLines(count) ?? [];

    /// <summary>The last lines of its journal as far as that has come.</summary>
    internal IEnumerable<string> LastJournalLines(int count) => File.Exists(JournalFile) ? File.ReadLines(JournalFile).TakeLast(count) : [];

    private string JournalFile => Path.Combine(_directory, RunDirectory.JournalFile);

    /// <summary>Waits until what the journal holds by now has come through, while there is a connection. Never throws.</summary>
    internal async Task CollectAsync(CancellationToken kill)
    {
        // A machine that has panicked takes no more marks; waiting for one would only hold up the verdict.
        if (!_left && _journal.HasBegun && !_dead && !Machine.Instance.Exited.IsCompleted)
            await SafelyAsync($"{_shown}/journal.txt", () => CatchUpAsync(kill));
    }

    /// <summary>Ends the watch alone and leaves the machine running, for whoever freezes it. What was found until then has been told.</summary>
    internal async Task LeaveAsync()
    {
        _disposing = true;
        await StopWatchingAsync();
    }

    private async Task StopWatchingAsync()
    {
        if (_left)
            return;
        _left = true;
        await _over.CancelAsync();
        await SafelyAsync($"{_shown}: its watch", () => _watching);
        await SafelyAsync($"{_shown}/journal.txt", _journal.EndAsync);
        _over.Dispose();
        _byConnection.Dispose();
    }

    // An image without the guest program's ports is followed over its connections.
    private void FollowOver(IShell shell)
    {
        if (Machine.Instance.Channel is { } channel && (channel.IsUp || _journal.HasBegun) && !_byConnection.IsCancellationRequested)
            return;
        _byConnection.Cancel();
        _journal.Follow(shell);
    }

    private async Task CatchUpAsync(CancellationToken kill)
    {
        if (!await _journal.CatchUpAsync(Machine, Machine.Scaled(TimeSpan.FromSeconds(5)), kill))
            throw new MachineException("the end of the journal could not be fetched");
    }

    [SuppressMessage("Design", "CA1031", Justification = "Tidying up goes on past whatever goes wrong in it, and says so.")]
    private async Task SafelyAsync(string what, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception fault)
        {
            Emit(new CleanupFailed { At = Now, Test = _test.Id, What = what, Message = fault is KolaException ? fault.Message : $"{fault.GetType().Name}: {fault.Message}" });
        }
    }

    private DateTimeOffset Now => _options.Time.GetUtcNow();

    private void Emit(RunEvent happened) => _options.Emit(happened);

    private async Task WatchExitAsync()
    {
        await Task.WhenAny(Machine.Instance.Exited, Task.Delay(Timeout.InfiniteTimeSpan, _options.Time, _over.Token));
        if (_disposing || !Machine.Instance.Exited.IsCompletedSuccessfully)
            return;
        InstanceExit exit = await Machine.Instance.Exited;
        string message = $"{Machine.Name}: {exit.Detail}\n  wanted:  a running machine\n  see:     {_shown}/console.txt{LastWords()}";
        _end(exit.PlatformFault ? new PlatformException(exit.Signal, message) { Evidence = At(exit.Signal.Word()) } : new MachineException(message) { Evidence = At("machine") });
    }

    private Evidence At(string sign) => new()
    {
        Sign = sign,
        Machine = Machine.Name,
        File = Path.Combine(Path.GetRelativePath(_options.Directory, _directory), RunDirectory.ConsoleFile),
    };

    private void Report(Finding finding)
    {
        if (!_sightings.IsFirst(finding))
            return;
        bool expected = _expected?.Covers(finding, () => LastConsoleLines(LinesOfFailure)) ?? false;
        _dead |= finding.Check.Fatal;
        string file = finding.Source == "console" ? RunDirectory.ConsoleFile : RunDirectory.JournalFile;
        string kept = Path.Combine(Path.GetRelativePath(_options.Directory, _directory), file);
        string? tolerated = expected ? ExpectedFailure.Because : _test.Tolerates.FirstOrDefault(t => t.Check == finding.Check.Id)?.Because;
        Emit(new FindingMade
        {
            At = Now,
            Test = _test.Id,
            Machine = Machine.Name,
            Check = finding.Check.Id,
            Title = finding.Check.Title,
            Source = finding.Source,
            File = kept,
            Line = finding.Line,
            Text = finding.Text,
            Tolerated = tolerated,
        });
        if (tolerated is not null)
            return;
        string message = $"{Machine.Name}: {Continued(finding.Check.Title)}\n  wanted:  no such line ({finding.Check.Id})\n  got:     {finding.Text}\n  see:     {_shown}/{file}:{finding.Line}";
        var evidence = new Evidence { Sign = $"check:{finding.Check.Id}", Machine = Machine.Name, File = kept, Line = finding.Line };
        _found(new MachineException(message) { Evidence = evidence });
        if (finding.Check.Fatal)
            _end(new MachineException(message + LastWords()) { Evidence = evidence });
    }

    // "The kernel panicked" goes on behind the machine's name in lower case, "GRUB reported an error" as it is.
    private static string Continued(string title) =>
        title.StartsWith("The ", StringComparison.Ordinal) || title.StartsWith("A ", StringComparison.Ordinal) || title.StartsWith("An ", StringComparison.Ordinal) ? char.ToLowerInvariant(title[0]) + title[1..] : title;

    // What a person would open the console for.
    private string LastWords()
    {
        string[] lines = _console?.LastLines(LinesShown) ?? [];
        return lines.Length == 0 ? "" : $"\n  console: (last {lines.Length} lines)\n    " + string.Join("\n    ", lines);
    }
}
