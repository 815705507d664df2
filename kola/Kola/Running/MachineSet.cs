using Kola.Ignition;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Running;

/// <summary>The machines of one attempt, from start to disposal.</summary>
internal sealed class MachineSet
{
    private readonly TestCase _test;
    private readonly SessionOptions _options;
    private readonly CancellationToken _deadline;
    private readonly Func<KolaException?> _whyEnded;
    private readonly Action<KolaException> _end;
    private readonly Neighbourhood? _neighbours;
    private readonly int _attempt;
    private readonly string _prefix;
    private readonly Lock _gate = new();
    private readonly List<WatchedMachine> _watched = [];
    private string? _firstFinding;
    private volatile string _lastCommand = "no command was run";

    internal MachineSet(
        TestCase test, int attempt, SessionOptions options, string directory, Func<KolaException?> whyEnded, Action<KolaException> end, CancellationToken deadline)
    {
        _test = test;
        _attempt = attempt;
        _options = options;
        Directory = directory;
        Shown = Path.Combine(options.Shown, Path.GetRelativePath(options.Directory, directory));
        _deadline = deadline;
        _whyEnded = whyEnded;
        _end = end;
        _prefix = attempt == 1 ? test.Id : $"{test.Id}/{attempt}";
        _neighbours = test.Machines.Count > 1 ? new Neighbourhood(_prefix, [.. test.Machines.Select(m => m.Name)]) : null;
    }

    /// <summary>Directory of the attempt's artifacts.</summary>
    internal string Directory { get; }

    /// <summary>The same as a person would open it.</summary>
    internal string Shown { get; }

    /// <summary>The command that was run last, for a message about a test that hangs.</summary>
    internal string LastCommand => _lastCommand;

    /// <summary>Message of the first finding that is not tolerated; null when there is none.</summary>
    internal string? FirstFinding
    {
        get
        {
            lock (_gate)
                return _firstFinding;
        }
    }

    /// <summary>Role of a machine that was never ready and never wrote to its console; null when there is none.</summary>
    internal string? NeverStirred => Watched().FirstOrDefault(w => w.Machine.NeverStirred)?.Machine.Name;

    /// <summary>Starts all machines at once and returns when all are ready.</summary>
    internal async Task<IReadOnlyList<Machine>> BootAsync()
    {
        Task<Machine>[] boots = [.. _test.Machines.Select(BootAsync)];
        foreach (Task<Machine> boot in boots)
            _ = boot.ContinueWith(EndWith, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return await Task.WhenAll(boots);

        // The other machines of a test are not waited for when one cannot be had.
        void EndWith(Task<Machine> boot)
        {
            if (boot.Exception?.InnerException is KolaException why)
                _end(why);
        }
    }

    /// <summary>Prints how to get in and waits until the run is stopped.</summary>
    internal async Task OfferAsync(CancellationToken stop)
    {
        foreach (WatchedMachine watched in Watched())
            _options.Tell($"{_test.Id}: {watched.Machine.Name} is kept: ssh -i {Path.Combine(_options.Directory, "id_ed25519")} -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -p {watched.Machine.Instance.Address.Split(':')[^1]} {watched.Machine.Spec.User}@{watched.Machine.Instance.Address.Split(':')[0]}");
        try
        {
            await Wait.PauseAsync(Timeout.InfiniteTimeSpan, _options.Time, stop);
        }
        catch (OperationCanceledException)
        {
            // The person is done.
        }
    }

    /// <summary>Collects what is left to collect, and disposes all machines. Never throws.</summary>
    internal Task EndAsync(bool collect, CancellationToken kill) => Task.WhenAll(Watched().Select(w => w.EndAsync(collect, kill)));

    private WatchedMachine[] Watched()
    {
        lock (_gate)
            return [.. _watched];
    }

    private async Task<Machine> BootAsync(MachineSpec spec)
    {
        string directory = Path.Combine(_options.Directory, RunDirectory.DirectoryOf(_test.Id, _attempt, spec.Name));
        System.IO.Directory.CreateDirectory(directory);
        IgnitionConfig config = MachineConfig.For(spec, _options.Identity.PublicKey, _neighbours, _options.Platform.HasChannel, $"{_test.Id}/{spec.Name}: {spec.ConfigFile}");
        await KeepAsync(Path.Combine(directory, RunDirectory.IgnitionFile), config);
        string shown = Path.Combine(Shown, spec.Name);
        IInstance instance = await StartAsync(spec, directory, config);
        var machine = new Machine(spec, instance, Terms(spec, directory, shown), _neighbours?.AddressOf(spec.Name));
        WatchedMachine watched = await WatchAsync(machine, directory, shown);
        _options.Emit(new MachineStarted { At = _options.Time.GetUtcNow(), Test = _test.Id, Machine = spec.Name, Address = instance.Address, Directory = Path.GetRelativePath(_options.Directory, directory) });
        watched.Start();
        await machine.BecomeReadyAsync(null);
        return machine;
    }

    // From here on the machine is disposed with the others; one whose evidence cannot be kept is not run at all.
    private async Task<WatchedMachine> WatchAsync(Machine machine, string directory, string shown)
    {
        try
        {
            var watched = new WatchedMachine(machine, directory, shown, _options, _test, Found, _end);
            lock (_gate)
                _watched.Add(watched);
            return watched;
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            await machine.Instance.DisposeAsync();
            throw new PlatformException($"{directory}: {full.Message}\n  wanted:  room for the evidence of the run", full);
        }
    }

    private async Task KeepAsync(string file, IgnitionConfig config)
    {
        try
        {
            await File.WriteAllTextAsync(file, config.ToString(), _deadline);
        }
        catch (IOException full)
        {
            throw new PlatformException($"{file} cannot be written: {full.Message}\n  wanted:  room for the evidence of the run", full);
        }
    }

    private async Task<IInstance> StartAsync(MachineSpec spec, string directory, IgnitionConfig config)
    {
        try
        {
            return await _options.Platform.StartAsync(
                new InstanceSpec
                {
                    Id = $"{_prefix}/{spec.Name}",
                    Machine = spec,
                    Image = _options.Image,
                    Ignition = config.ToString(),
                    Directory = directory,
                    Private = _neighbours?.LinkOf(spec.Name),
                    Keep = _options.Keep,
                },
                _deadline);
        }
        catch (OperationCanceledException) when (_whyEnded() is { } why)
        {
            throw why;
        }
    }

    private MachineTerms Terms(MachineSpec spec, string directory, string shown) => new()
    {
        Test = _test.Id,
        Identity = _options.Identity.As(spec.User),
        Time = _options.Time,
        Slowness = _options.Platform.Slowness,
        Emit = Noting,
        Deadline = _deadline,
        WhyEnded = _whyEnded,
        Directory = directory,
        Shown = shown,
        AcceptUnsettled = _options.AcceptUnsettled,
        ExpectedId = _options.ExpectedId,
    };

    private void Noting(RunEvent happened)
    {
        if (happened is CommandRan ran)
            _lastCommand = $"last command on {ran.Machine}: `{ran.Command}`";
        _options.Emit(happened);
    }

    private void Found(string message)
    {
        lock (_gate)
            _firstFinding ??= message;
    }
}
