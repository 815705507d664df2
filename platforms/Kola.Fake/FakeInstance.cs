using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using Kola.Machines;

namespace Kola.Fake;

/// <summary>A machine that is only a script. It keeps the promises of <see cref="IInstance"/>, and lets a test make it misbehave.</summary>
public sealed partial class FakeInstance : IInstance
{
    private readonly FakePlatform _platform;
    private readonly InstanceSpec _spec;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly Dictionary<FakeAnswer, int> _given = [];
    private readonly ConcurrentQueue<string> _commands = new();
    private readonly TaskCompletionSource<InstanceExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _boot = new();
    private Task _booting = Task.CompletedTask;
    private long _poweredOn;
    private bool _over;

    internal FakeInstance(FakePlatform platform, InstanceSpec spec, FakeGuest guest, TimeProvider clock, int number, FakeState? copied)
    {
        _platform = platform;
        _spec = spec;
        _clock = clock;
        Links = [.. spec.Links.Select(link => new FakeLink(link.Segment))];
        Guest = guest;
        Address = $"fake-{number}:22";
        HostKey = $"SHA256:fake-{number}";
        Journal = new FakeJournal(clock, copied?.Journal ?? []);
        Channel = new FakeChannel(this, clock, answers: copied is null || !guest.NeverWakes);
        ConsoleFile = Path.Combine(spec.Directory, "console.txt");
        File.WriteAllText(ConsoleFile, "");
        foreach ((string path, byte[] content) in copied?.Files ?? new Dictionary<string, byte[]>())
            Files[path] = content;
        if (spec.Machine.RecordsWrites && platform.Features.Contains(Feature.WriteRecording))
            Recorded = new FakeRecording(new Dictionary<string, byte[]>(Files));
        foreach (Match address in ConfiguredAddress().Matches(FilesIn(spec.Ignition ?? "")))
            Addresses.Add(address.Groups["address"].Value);
        if (copied is null)
            Boot();
        else
            GoOn(copied);
    }

    /// <inheritdoc/>
    public string Id => _spec.Id;

    /// <summary>What it was started with.</summary>
    public InstanceSpec Spec => _spec;

    /// <summary>Its script.</summary>
    public FakeGuest Guest { get; }

    /// <inheritdoc/>
    public string ConsoleFile { get; }

    /// <inheritdoc/>
    public string Address { get; }

    /// <inheritdoc/>
    public TimeSpan? ProcessorTime => TimeSpan.Zero;

    /// <inheritdoc/>
    public int? MemoryMiB => _spec.Machine.MemoryMiB;

    /// <inheritdoc/>
    public IGuestChannel? Channel { get; }

    /// <inheritdoc/>
    public Task<InstanceExit> Exited => _exited.Task;

    /// <inheritdoc/>
    public IReadOnlyList<ILink> Links { get; }

    /// <inheritdoc/>
    public ILink? Management { get; } = new FakeLink("management");

    /// <summary>Changes with every boot.</summary>
    public string BootId { get; private set; } = "";

    /// <summary>Boots so far, the first included.</summary>
    public int Boots { get; private set; }

    /// <summary>os-release VERSION.</summary>
    public string Version => Guest.Version ?? _spec.Image.Version ?? "0.0.0";

    /// <summary>SSH host key; may be changed, as an impostor's would.</summary>
    public string HostKey { get; set; }

    /// <summary>Files written to it; they survive a reset.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    /// <summary>Addresses on its private segment.</summary>
    public ConcurrentBag<string> Addresses { get; } = [];

    /// <summary>Every command it was given, oldest first.</summary>
    public IReadOnlyList<string> Commands => [.. _commands];

    /// <summary>Whether it is gone or was disposed.</summary>
    public bool IsOver
    {
        get
        {
            lock (_gate)
                return _over;
        }
    }

    /// <summary>Whether SSH has stopped answering.</summary>
    internal bool IsDeaf { get; set; }

    internal FakeJournal Journal { get; }

    internal FakeRecording? Recorded { get; }

    /// <summary>Cancelled when the present boot is over.</summary>
    internal CancellationToken BootOver
    {
        get
        {
            lock (_gate)
                return _boot.Token;
        }
    }

    /// <summary>Journal entries there were before the present boot.</summary>
    internal int BootEntry { get; private set; }

    /// <inheritdoc/>
    public Task<IShell> ConnectAsync(SshIdentity identity, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_over || IsDeaf || Guest.AnswersAfter is not { } answersAfter || _clock.GetElapsedTime(_poweredOn) < answersAfter)
                throw new MachineException($"{Address} did not answer as an SSH server: connection refused");
            if (Guest.RefusesLogin)
                throw new LoginRefusedException($"{Address} refused the login of \"{identity.User}\"");
            return Task.FromResult<IShell>(new FakeShell(this, _clock, _boot.Token));
        }
    }

    /// <inheritdoc/>
    public Task ResetAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (IsOver)
            throw new PlatformException(Signal.MachineLost, $"{Id}: reset of a machine that is gone");
        Boot();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task PowerCycleAsync(CancellationToken cancel)
    {
        Recorded?.End();
        return ResetAsync(cancel);
    }

    /// <inheritdoc/>
    public IDiskRecording? Recording => Recorded;

    /// <inheritdoc/>
    public async Task PowerCutAsync(CutPoint point, CancellationToken cancel)
    {
        FakeRecording recorded = Recorded ?? throw NotRecorded.Of(Id);
        IReadOnlyDictionary<string, byte[]> left = recorded.FilesAt(point);
        await PowerCycleAsync(cancel);
        Files.Clear();
        foreach ((string path, byte[] content) in left)
            Files[path] = content;
    }

    /// <summary>Writes a line on the console.</summary>
    public void Write(string line)
    {
        lock (_gate)
            File.AppendAllText(ConsoleFile, line + "\n");
    }

    /// <summary>Writes a line in the journal, <c>unit[pid]: message</c>.</summary>
    public void Log(string line) => Journal.Add(line);

    /// <summary>Ends the machine, as a crash of the emulator or a guest that powers off would.</summary>
    public void End(InstanceExit exit)
    {
        Stop();
        _exited.TrySetResult(exit);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Stop();
        await _booting;
        _platform.Forget(this);
    }

    /// <summary>Whether a machine on the same segment, or this one, has an address.</summary>
    internal bool Reaches(string address) => Addresses.Contains(address)
        || _platform.Instances.Any(i => !i.IsOver && i.Addresses.Contains(address) && CardsOnOneSegmentWith(i).Any(pair => FakeLink.Carries(pair.Own, pair.Other) && FakeLink.Carries(pair.Other, pair.Own)));

    private IEnumerable<(FakeLink Own, FakeLink Other)> CardsOnOneSegmentWith(FakeInstance other) =>
        from own in _spec.Links.Zip(Links.OfType<FakeLink>())
        from far in other._spec.Links.Zip(other.Links.OfType<FakeLink>())
        where (own.First.Network, own.First.Segment) == (far.First.Network, far.First.Segment)
        select (own.Second, far.Second);

    /// <summary>The first answer that matches and is not used up.</summary>
    internal (FakeAnswer Answer, FakeReply Reply) AnswerTo(string command, byte[] input)
    {
        _commands.Enqueue(command);
        foreach (FakeAnswer answer in Guest.Answers.Concat(FakeAnswers.Default))
        {
            Match match = answer.Command.Match(command);
            if (match.Success && TakeTurn(answer))
                return (answer, answer.Make?.Invoke(new FakeCall(this, command, match, input)) ?? answer.Reply);
        }

        var nobody = new FakeReply("", 127, $"fake guest: no answer for `{command}`\n");
        return (new FakeAnswer { Command = Anything() }, nobody);
    }

    private bool TakeTurn(FakeAnswer answer)
    {
        lock (_gate)
        {
            int given = _given.GetValueOrDefault(answer);
            if (given >= answer.Times)
                return false;
            _given[answer] = given + 1;
            return true;
        }
    }

    private static string FilesIn(string ignition) => string.Concat(
        EmbeddedFile().Matches(ignition).Select(file => Encoding.UTF8.GetString(Convert.FromBase64String(file.Groups["content"].Value)) + "\n"));

    private void Boot()
    {
        // Whoever holds a connection goes on from here, so it must not be under the lock.
        _boot.Cancel();
        lock (_gate)
        {
            _boot = new CancellationTokenSource();
            BootId = Guid.NewGuid().ToString();
            Boots++;
            BootEntry = Journal.Count;
            _poweredOn = _clock.GetTimestamp();
            _booting = Task.WhenAll(_booting, PlayAsync(_boot.Token));
        }
    }

    /// <summary>All there is of it but its script.</summary>
    internal FakeState Freeze() => new(BootId, Boots, BootEntry, new Dictionary<string, byte[]>(Files), Journal.Entries);

    private void GoOn(FakeState from)
    {
        lock (_gate)
        {
            BootId = from.BootId;
            Boots = from.Boots;
            BootEntry = from.BootEntry;
            _poweredOn = _clock.GetTimestamp();
            _booting = PlayAsync(_boot.Token);
        }
    }

    private void Stop()
    {
        lock (_gate)
            _over = true;
        _boot.Cancel();
    }

    private async Task PlayAsync(CancellationToken over)
    {
        var play = Guest.Console.Select(line => (line.After, Act: (Action)(() => Write(line.Text))))
            .Concat(Guest.Journal.Select(line => (line.After, Act: (Action)(() => Log(line.Text)))));
        if (Guest.End is { } end)
            play = play.Append((end.After, () => End(end.Exit)));
        try
        {
            TimeSpan now = TimeSpan.Zero;
            foreach ((TimeSpan after, Action act) in play.OrderBy(p => p.After))
            {
                if (after > now)
                    await Task.Delay(after - now, _clock, over);
                now = after > now ? after : now;
                over.ThrowIfCancellationRequested();
                act();
            }
        }
        catch (OperationCanceledException)
        {
            // Reset, or gone.
        }
    }

    // Address=10.0.0.1/24, in a networkd file within the Ignition config
    [GeneratedRegex(@"Address=(?<address>\d+\.\d+\.\d+\.\d+)/\d+")]
    private static partial Regex ConfiguredAddress();

    // "source": "data:;base64,SGVsbG8K"
    [GeneratedRegex("data:[^\",]*;base64,(?<content>[A-Za-z0-9+/=]+)")]
    private static partial Regex EmbeddedFile();

    [GeneratedRegex("")]
    private static partial Regex Anything();
}
