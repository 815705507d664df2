using Kola.Machines;

namespace Kola.Cli.Bench;

/// <summary>A machine that is measured: itself, and what it has cost so far.</summary>
internal sealed class BenchMachine : IAsyncDisposable
{
    private readonly TimedInstance _instance;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly CancellationTokenSource _over;
    private readonly FileStream _journal;
    private readonly Task _following;

    /// <param name="instance">The running machine.</param>
    /// <param name="terms">What it is given.</param>
    /// <param name="start">When it was asked for.</param>
    /// <param name="over">Ends all that is asked of it. Cancelled and disposed with this.</param>
    internal BenchMachine(TimedInstance instance, MachineTerms terms, long start, CancellationTokenSource over)
    {
        (_instance, _time, _start, _over) = (instance, terms.Time, start, over);
        Running = Now;
        Machine = new Machine(instance.Spec.Machine, instance, terms, null);
        Identity = terms.Identity;
        // As in a run: the journal comes all the while, and costs what it costs.
        _journal = File.Create(Path.Combine(instance.Spec.Directory, "journal.export"));
        _following = instance.Channel.FollowJournalAsync(() => "", () => _journal, over.Token);
    }

    internal Machine Machine { get; }

    internal TimedInstance Instance => _instance;

    internal SshIdentity Identity { get; }

    /// <summary>What it had cost when it ran.</summary>
    internal Cost Running { get; }

    /// <summary>What it has cost since it was asked for.</summary>
    internal Cost Now => new(_instance.ProcessorTime ?? TimeSpan.Zero, _time.GetElapsedTime(_start));

    /// <summary>What it had cost when the guest program gave its first answer.</summary>
    internal async Task<Cost> FirstAnswerAsync()
    {
        await _instance.Channel.WhenUpAsync(_over.Token);
        return await _instance.Channel.AskAsync(":", _over.Token) is { ExitCode: 0 }
            ? Now
            : throw new PlatformException(Signal.Template, $"{_instance.Id}: the guest program did not answer");
    }

    /// <summary>Pauses, so that what a machine does after it is ready is over.</summary>
    internal Task RestAsync(TimeSpan time) => Wait.PauseAsync(time, _time, _over.Token);

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await Machine.DisconnectAsync();
        await _instance.DisposeAsync();
        await _following;
        await _journal.DisposeAsync();
        _over.Dispose();
    }
}
