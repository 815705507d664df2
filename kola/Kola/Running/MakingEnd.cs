using Kola.Machines;

namespace Kola.Running;

/// <summary>Why the making of templates ends before it is done: its time, the run's stop, or what was found of its machines. The first reason counts.</summary>
internal sealed class MakingEnd : IAsyncDisposable
{
    // In unscaled time; a boot takes a minute where all is emulated, and a cluster comes up in five.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(20);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _deadline = new();
    private readonly ITimer _timer;
    private readonly CancellationTokenRegistration _stop;
    private KolaException? _why;
    private string? _finding;

    /// <param name="name">What it is called in messages.</param>
    /// <param name="shown">Directory of what its machines leave.</param>
    /// <param name="options">The run.</param>
    /// <param name="stop">Ends it.</param>
    internal MakingEnd(string name, string shown, SessionOptions options, CancellationToken stop)
    {
        TimeSpan limit = s_limit * options.Platform.Slowness;
        _timer = options.Time.CreateTimer(
            _ => End(new PlatformException(Signal.Template, $"{name}: not frozen {limit.TotalSeconds:0} s after its start\n  see:     {shown}")), null, limit, Timeout.InfiniteTimeSpan);
        _stop = stop.Register(() => End(new PlatformException(Signal.Interrupted, $"{name}: the run was stopped before it was made")));
    }

    /// <summary>Cancelled when it ends.</summary>
    internal CancellationToken Deadline => _deadline.Token;

    /// <summary>Why; null while it goes on.</summary>
    internal KolaException? Why
    {
        get
        {
            lock (_gate)
                return _why;
        }
    }

    internal void Found(MachineException finding)
    {
        lock (_gate)
            _finding ??= finding.Message;
    }

    internal void End(KolaException why)
    {
        lock (_gate)
        {
            if (_why is not null)
                return;
            _why = why;
        }

        _deadline.Cancel();
    }

    /// <exception cref="KolaException">A machine is not well: it does not become a template.</exception>
    internal void ThrowIfUnwell()
    {
        lock (_gate)
        {
            if (_why is not null)
                throw _why;
            if (_finding is not null)
                throw new MachineException(_finding);
        }
    }

    /// <summary>Runs a preparation; whatever it throws is why there is no template.</summary>
    internal async Task PrepareAsync(string name, IReadOnlyList<Machine> machines, Lab lab, TestCode code)
    {
        try
        {
            await code.PrepareAsync(name, machines, lab, () => Why, Deadline);
        }
        catch (Exception fault) when (fault is not (KolaException or OperationCanceledException))
        {
            throw new MachineException($"preparation \"{name}\" failed: {code.Judge(fault).Message}", fault);
        }
    }

    /// <summary>What a preparation has beside its machines.</summary>
    internal LabTerms Lab(TestCase of, string directory, SessionOptions options, TestCode code) => new()
    {
        Test = of.Id,
        Attempt = 1,
        Directory = directory,
        Time = options.Time,
        Emit = options.Emit,
        WhyEnded = () => Why,
        Code = code,
        Payloads = options.Payloads,
        Requests = options.Requests,
        Inputs = options.Inputs,
        Deadline = Deadline,
    };

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await _stop.DisposeAsync();
    }
}
