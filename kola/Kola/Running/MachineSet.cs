using System.Collections.Concurrent;
using Kola.Ignition;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Running;

/// <summary>The machines of one attempt, from start to disposal.</summary>
internal sealed partial class MachineSet
{
    private readonly TestCase _test;
    private readonly SessionOptions _options;
    private readonly TestCode _code;
    private readonly TemplateSet? _templates;
    private readonly CancellationToken _deadline;
    private readonly Func<KolaException?> _whyEnded;
    private readonly Action<KolaException> _end;
    private readonly Neighbourhood? _neighbours;
    private readonly int _attempt;
    private readonly string _prefix;
    private readonly Lock _gate = new();
    private readonly List<WatchedMachine> _watched = [];
    private readonly ConcurrentDictionary<string, string> _macs = new();
    private MachineException? _firstFinding;
    private volatile string _lastCommand = "no command was run";

    internal MachineSet(
        TestCase test, int attempt, SessionOptions options, TestCode code, TemplateSet? templates, string directory, Func<KolaException?> whyEnded, Action<KolaException> end, CancellationToken deadline)
    {
        _test = test;
        _attempt = attempt;
        _options = options;
        _code = code;
        _templates = templates;
        Directory = directory;
        Shown = Path.Combine(options.Shown, Path.GetRelativePath(options.Directory, directory));
        _deadline = deadline;
        _whyEnded = whyEnded;
        _end = end;
        _prefix = attempt == 1 ? test.Id : $"{test.Id}/{attempt}";
        _neighbours = Neighbourhood.Of(_prefix, test);
        Addresses = _neighbours?.Book();
    }

    /// <summary>The templates its machines are to become, by role; null for the machines of a test.</summary>
    internal IReadOnlyDictionary<string, ITemplateDraft>? Drafts { get; init; }

    /// <summary>Directory of the attempt's artifacts.</summary>
    internal string Directory { get; }

    /// <summary>The same as a person would open it.</summary>
    internal string Shown { get; }

    /// <summary>Who has which address; null of machines that share no segment.</summary>
    internal AddressBook? Addresses { get; }

    /// <summary>The segments; null until they were made, and where there are none.</summary>
    internal INetwork? Network { get; private set; }

    /// <summary>The machines, once all have booted.</summary>
    internal IReadOnlyList<Machine> Machines { get; private set; } = [];

    /// <summary>The command that was run last, for a message about a test that hangs.</summary>
    internal string LastCommand => _lastCommand;

    /// <summary>The first finding that is not tolerated; null when there is none.</summary>
    internal MachineException? FirstFinding
    {
        get
        {
            lock (_gate)
                return _firstFinding;
        }
    }

    /// <summary>Role of a machine that was never ready and never wrote to its console; null when there is none.</summary>
    internal string? NeverStirred => Watched().FirstOrDefault(w => w.Machine.NeverStirred)?.Machine.Name;

    /// <summary>Starts all machines at once, but for those whose configs refer to others, and returns when all are ready.</summary>
    /// <param name="lab">What preparations have beside their machines.</param>
    internal async Task<IReadOnlyList<Machine>> BootAsync(Lab lab)
    {
        if (_neighbours is not null)
            Network = await OpenNetworkAsync(_neighbours);
        if (_test.Prepared is not { } prepared)
            return Machines = await BootEachAsync(lab);
        if (await TryCopyTogetherAsync() is { } copies)
            return Machines = copies;
        Machines = await BootEachAsync(lab);
        await _code.PrepareAsync(prepared, Machines, lab, _whyEnded, _deadline);
        await Task.WhenAll(Machines.Select(MakeWrongAsync));
        return Machines;
    }

    private async Task<IReadOnlyList<Machine>> BootEachAsync(Lab lab)
    {
        var boots = new Dictionary<string, Task<Machine>>();
        foreach (MachineSpec spec in _test.Machines)
            _ = Begin(spec);
        return await Task.WhenAll(_test.Machines.Select(m => boots[m.Name]));

        // The plan has seen to it that nobody waits for himself.
        Task<Machine> Begin(MachineSpec spec)
        {
            if (boots.TryGetValue(spec.Name, out Task<Machine>? begun))
                return begun;
            Task<Machine>[] before = [.. StartOrder.WaitsFor(spec).Select(name => Begin(_test.Machines.First(m => m.Name == name)))];
            Task<Machine> boot = boots[spec.Name] = BootAfterAsync(before, spec);
            _ = boot.ContinueWith(EndWith, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return boot;
        }

        async Task<Machine> BootAfterAsync(Task<Machine>[] before, MachineSpec spec)
        {
            await Task.WhenAll(before);
            return await BootAsync(spec, lab);
        }

        // The other machines of a test are not waited for when one cannot be had.
        void EndWith(Task<Machine> boot)
        {
            if (boot.Exception?.InnerException is KolaException why)
                _end(why);
        }
    }

    /// <summary>Waits until what the journals hold by now has come through. Never throws.</summary>
    internal Task CollectAsync(CancellationToken kill) => Task.WhenAll(Watched().Select(w => w.CollectAsync(kill)));

    /// <summary>Keeps the state of every machine, all at once. Never throws.</summary>
    internal Task KeepStateAsync(CancellationToken kill) => Task.WhenAll(Watched().Select(w => w.KeepStateAsync(kill)));

    /// <summary>Prints how to get in and waits until the run is stopped.</summary>
    internal async Task OfferAsync(CancellationToken stop)
    {
        // One line a machine, that can be pasted as it is.
        WatchedMachine[] left = [.. Watched().Where(w => !w.Machine.Instance.Exited.IsCompleted)];
        if (left.Length == 0)
        {
            _options.Tell($"{_test.Id}: no machine of it is left to keep; see {Shown}");
            return;
        }

        foreach (WatchedMachine watched in left)
            _options.Tell(watched.Machine.Spec.Offline ? $"{_test.Id}: {watched.Machine.Name} is kept, and has no way in by a network; see {Shown}/{watched.Machine.Name}" : $"{_test.Id}: {watched.Machine.Name} is kept: ssh {string.Join(' ', watched.Machine.SshArguments(Path.Combine(_options.Directory, RunDirectory.KeyFile)))}");
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
    internal async Task EndAsync(bool collect, CancellationToken kill)
    {
        await Task.WhenAll(Watched().Select(w => w.EndAsync(collect, kill)));
        if (Network is not null)
            await Network.DisposeAsync();
        await LetGoAsync();
    }

    private WatchedMachine[] Watched()
    {
        lock (_gate)
            return [.. _watched];
    }

    private async Task<Machine> BootAsync(MachineSpec spec, Lab lab)
    {
        if (_test.Prepared is null && await TryCopyAsync(spec) is { } copy)
            return copy;
        Place place = await PlaceAsync(spec);
        IInstance instance = await StartAsync(place.Instance);
        var machine = new Machine(spec, instance, Terms(place), Addresses);
        WatchedMachine watched = await WatchAsync(machine, place, _options, Found, _end);
        Announce(place, instance, template: null);
        watched.Start();
        if (watched.BootFailure is { } failure)
        {
            await machine.FailToBootAsync(failure);
            return machine;
        }

        await machine.BecomeReadyAsync(null);
        if (spec.Prepared is { } name)
            await _code.PrepareAsync(name, [machine], lab, _whyEnded, _deadline);
        // What is prepared together is prepared before anything is wrong.
        if (_test.Prepared is null)
            await MakeWrongAsync(machine);
        return machine;
    }

    // The run's fault, if it has one.
    private Task MakeWrongAsync(Machine machine) =>
        _options.Fault is { } fault ? _code.InjectAsync(fault, machine, _whyEnded, _deadline) : Task.CompletedTask;

    // What it is given and where it leaves what is kept is the same for a machine booted cold and for a copy.
    private async Task<Place> PlaceAsync(MachineSpec spec)
    {
        string directory = Path.Combine(_options.Directory, RunDirectory.DirectoryOf(_test.Id, _attempt, spec.Name));
        System.IO.Directory.CreateDirectory(directory);
        MachineConfig config = MachineConfig.For(spec, _options.Identity.PublicKey, _neighbours, _options.Platform.HasChannel, ReferenceValues.Of(_neighbours, _neighbours?.HarnessFor(spec) ?? _options.Platform.HostAddress, _options.Served), SourceOf(spec));
        string ignition = config.Ignition;
        await KeepAsync(Path.Combine(directory, RunDirectory.IgnitionFile), MaskedConfig.Of(ignition, _options.Masking));
        if (config.UserData is { } data)
            await KeepAsync(Path.Combine(directory, RunDirectory.UserDataFile), _options.Masking.Mask(data));
        return new Place(Path.Combine(Shown, spec.Name), new InstanceSpec
        {
            Id = $"{_prefix}/{spec.Name}",
            Machine = spec,
            Image = _options.Image,
            Ignition = ignition,
            UserData = config.UserData,
            Directory = directory,
            Links = _neighbours?.LinksOf(spec.Name) ?? [],
            Keep = _options.Keep,
        });
    }

    private string SourceOf(MachineSpec spec) => $"{_test.Id}/{spec.Name}: {spec.ConfigFile}";

    private void Announce(Place place, IInstance instance, string? template) => _options.Emit(new MachineStarted
    {
        At = _options.Time.GetUtcNow(),
        Test = _test.Id,
        Machine = place.Instance.Machine.Name,
        Address = instance.Address,
        Directory = Path.GetRelativePath(_options.Directory, place.Directory),
        Template = template,
    });

    // From here on the machine is disposed with the others; one whose evidence cannot be kept is not run at all.
    private async Task<WatchedMachine> WatchAsync(Machine machine, Place place, SessionOptions options, Action<MachineException> found, Action<KolaException> end)
    {
        try
        {
            var watched = new WatchedMachine(machine, place.Directory, place.Shown, options, _test, found, end);
            lock (_gate)
                _watched.Add(watched);
            return watched;
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            await machine.Instance.DisposeAsync();
            throw new PlatformException(Signal.HostStorage, $"{place.Directory}: {full.Message}\n  wanted:  room for the evidence of the run", full);
        }
    }

    private async Task KeepAsync(string file, string masked)
    {
        try
        {
            await File.WriteAllTextAsync(file, masked, _deadline);
        }
        catch (IOException full)
        {
            throw new PlatformException(Signal.HostStorage, $"{file} cannot be written: {full.Message}\n  wanted:  room for the evidence of the run", full);
        }
    }

    private int[] HarnessPorts() =>
    [
        .. _options.Served is { } served ? [served.HttpPort, served.HttpsPort] : Array.Empty<int>(),
        .. _options.Updates is { } updates ? [updates.HttpPort, updates.HttpsPort] : Array.Empty<int>(),
    ];

    private async Task<INetwork> OpenNetworkAsync(Neighbourhood neighbours)
    {
        try
        {
            return await _options.Platform.OpenNetworkAsync(neighbours.Spec(Directory) with { HarnessPorts = HarnessPorts() }, _deadline);
        }
        catch (OperationCanceledException) when (_whyEnded() is { } why)
        {
            throw why;
        }
    }

    private async Task<IInstance> StartAsync(InstanceSpec spec)
    {
        try
        {
            return Drafts is null ? await _options.Platform.StartAsync(spec, _deadline) : await Drafts[spec.Machine.Name].StartAsync(spec with { Mac = _macs[spec.Machine.Name] = EthernetAddress.Random() }, from: null, _deadline);
        }
        catch (OperationCanceledException) when (_whyEnded() is { } why)
        {
            throw why;
        }
    }

    private MachineTerms Terms(Place place) => new()
    {
        Test = _test.Id,
        Identity = _options.Identity.As(place.Instance.Machine.User),
        Time = _options.Time,
        Slowness = _options.Platform.Slowness,
        Emit = Noting,
        Deadline = _deadline,
        WhyEnded = _whyEnded,
        Directory = place.Directory,
        Shown = place.Shown,
        Masking = _options.Masking,
        // Unlike for unlike machines, the same at each boot.
        NetworkName = $"{place.Instance.Machine.Name}-{EthernetAddress.Random().Replace(":", "", StringComparison.Ordinal)[^6..]}",
        AcceptUnsettled = _options.AcceptUnsettled,
        ExpectedId = _options.ExpectedId,
    };

    private void Noting(RunEvent happened)
    {
        if (happened is CommandRan ran)
            _lastCommand = $"last command on {ran.Machine}: `{ran.Command}`";
        _options.Emit(happened);
    }

    private void Found(MachineException finding)
    {
        lock (_gate)
            _firstFinding ??= finding;
    }

    /// <param name="Shown">The machine's directory as a person would open it.</param>
    /// <param name="Instance">The machine as a platform is asked for it.</param>
    private sealed record Place(string Shown, InstanceSpec Instance)
    {
        internal string Directory => Instance.Directory;
    }
}
