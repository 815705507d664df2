using System.Collections.Concurrent;
using Kola.Machines;

namespace Kola.Cli.Bench;

/// <summary>A machine of a platform, with a stopwatch at its ways in.</summary>
internal sealed class TimedInstance(IInstance inner, InstanceSpec spec, TimeProvider time) : IInstance
{
    private readonly ConcurrentQueue<TimeSpan> _logins = new();

    public string Id => inner.Id;

    public string? ConsoleFile => inner.ConsoleFile;

    public string Address => inner.Address;

    public TimeSpan? ProcessorTime => inner.ProcessorTime;

    public int? MemoryMiB => inner.MemoryMiB;

    public Task<InstanceExit> Exited => inner.Exited;

    /// <summary>The platform's own.</summary>
    internal IInstance Inner => inner;

    /// <summary>What it was started with.</summary>
    internal InstanceSpec Spec => spec;

    /// <summary>How long each login took that succeeded: connection, key exchange, authentication.</summary>
    internal IReadOnlyCollection<TimeSpan> Logins => _logins;

    /// <summary>How long each question over the guest channel took, from its turn to its answer.</summary>
    internal TimedChannel Channel { get; } = new(inner.Channel ?? throw new PlatformException(Signal.Template, $"{inner.Id}: it has no guest channel"), time);

    IGuestChannel? IInstance.Channel => Channel;

    public async Task<IShell> ConnectAsync(SshIdentity identity, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        IShell shell = await inner.ConnectAsync(identity, cancel);
        _logins.Enqueue(time.GetElapsedTime(start));
        return shell;
    }

    public Task ResetAsync(CancellationToken cancel) => inner.ResetAsync(cancel);

    public Task PowerCycleAsync(CancellationToken cancel) => inner.PowerCycleAsync(cancel);

    public IDiskRecording? Recording => inner.Recording;

    public Task PowerCutAsync(CutPoint point, CancellationToken cancel) => inner.PowerCutAsync(point, cancel);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>A guest channel with a stopwatch.</summary>
internal sealed class TimedChannel(IGuestChannel inner, TimeProvider time) : IGuestChannel
{
    private readonly ConcurrentQueue<TimeSpan> _asked = new();

    public bool IsUp => inner.IsUp;

    /// <summary>How long each question took.</summary>
    internal IReadOnlyCollection<TimeSpan> Asked => _asked;

    public Task WhenUpAsync(CancellationToken cancel) => inner.WhenUpAsync(cancel);

    public async Task<(int ExitCode, string Text)?> AskAsync(string command, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        (int ExitCode, string Text)? answer = await inner.AskAsync(command, cancel);
        _asked.Enqueue(time.GetElapsedTime(start));
        return answer;
    }

    public Task FollowJournalAsync(Func<string> cursor, Func<Stream> sink, CancellationToken over) => inner.FollowJournalAsync(cursor, sink, over);
}
