using Kola.Ignition;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Conformance;

/// <summary>
/// Tries all that a platform promises on a real endpoint: what <c>kola platforms check</c> runs, and the tests of the platforms. It needs an image that boots and takes an
/// Ignition config. Two machines go through most of it, since a boot may cost minutes.
/// </summary>
public sealed partial class ConformanceKit : IAsyncDisposable
{
    private const string Network = "conformance";

    // A boot that is emulated takes a minute; a cloud's first may take five.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_prompt = TimeSpan.FromMinutes(2);

    private readonly ConformanceRequest _request;
    private readonly IPlatform _platform;
    private readonly SshIdentity _identity = SshIdentity.Create();
    private readonly TestCase _case;
    private readonly Neighbourhood? _neighbours;
    private readonly string _nonce = Guid.NewGuid().ToString("N");
    private readonly Dictionary<string, PromiseOutcome> _outcomes = [];
    private readonly Dictionary<string, Func<CancellationToken, Task<string>>> _trials;
    private INetwork? _network;
    private Subject? _hub;
    private Subject? _spoke;

    /// <param name="request">What is tried.</param>
    public ConformanceKit(ConformanceRequest request)
    {
        _request = request;
        _platform = request.Platform;
        bool segments = _platform.Features.Contains(Feature.PrivateNetwork);
        IReadOnlyList<MachineLink> links = segments ? [new MachineLink(SegmentSpec.Private)] : [];
        _case = new TestCase
        {
            Id = Network,
            Sentence = "A platform keeps its promises",
            Source = "kola",
            Machines = [new MachineSpec { Name = "hub", Disks = Disks(), Links = links, MemoryMiB = 1024, Cpus = 1 }, new MachineSpec { Name = "spoke", Links = links }],
        };
        _neighbours = segments ? Neighbourhood.Of(Network, _case) : null;
        _trials = new()
        {
            ["start"] = StartsAsync,
            ["login"] = AnswersAsync,
            ["config"] = HasItsConfigAsync,
            ["memory"] = HasItsShapeAsync,
            ["console"] = ShowsItsConsoleAsync,
            ["channel"] = AnswersPastItsNetworkAsync,
            ["harness"] = ReachesTheHarnessAsync,
            ["disks"] = HasItsDisksAsync,
            ["tagged"] = IsListedAsync,
            ["power.reset"] = IsResetAsync,
            ["power.cycle"] = IsPowerCycledAsync,
            ["segment"] = ReachesItsNeighbourAsync,
            ["segment.faults"] = LosesItsNeighbourAsync,
            ["tpm"] = HasATpmAsync,
            ["uefi"] = IsStartedByUefiAsync,
            ["exit.off"] = PowersOffAsync,
            ["exit.lost"] = IsLostAsync,
            ["start.refused"] = IsRefusedAsync,
            ["start.cancelled"] = IsCancelledAsync,
            ["dispose"] = LeavesNothingAsync,
        };
    }

    /// <summary>Tries them all, in order.</summary>
    /// <param name="told">Told each result as it comes.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<ConformanceReport> RunAsync(IProgress<PromiseResult> told, CancellationToken cancel)
    {
        DateTimeOffset start = _request.Access.Clock.GetUtcNow();
        var results = new List<PromiseResult>();
        foreach (Promise promise in Promise.All)
        {
            PromiseResult result = await TryAsync(promise, cancel);
            _outcomes[promise.Id] = result.Outcome;
            results.Add(result);
            told.Report(result);
        }

        return new ConformanceReport { Platform = _platform.Name, Facts = _platform.Facts, Image = _request.Image, At = start, Results = results, Features = [.. _platform.Features.Order()], Limits = _platform.Limits };
    }

    /// <summary>Ends the machines that are left.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (Subject? subject in (Subject?[])[_hub, _spoke])
        {
            if (subject is not null)
                await subject.DisposeAsync();
        }

        if (_network is not null)
            await _network.DisposeAsync();
    }

    private async Task<PromiseResult> TryAsync(Promise promise, CancellationToken cancel)
    {
        if (promise.Needs is { } feature && !_platform.Features.Contains(feature))
            return new PromiseResult(promise, PromiseOutcome.NotOffered, FeatureFacts.All[feature].Missing, 0);
        if (promise.Id is "tagged" or "exit.lost" && !_platform.Limits.Outlives)
            return new PromiseResult(promise, PromiseOutcome.NotOffered, "what it makes ends with kola", 0);
        if (promise.Id is "exit.off" or "exit.lost" && !_platform.Limits.TellsExits)
            return new PromiseResult(promise, PromiseOutcome.NotOffered, "nothing tells how a machine ends", 0);
        if (promise.Id is "config" or "memory" && !TakesConfigs)
            return new PromiseResult(promise, PromiseOutcome.NotOffered, "its machines are there already, as they are", 0);
        if (promise.After is { } before && _outcomes[before] != PromiseOutcome.Kept)
            return new PromiseResult(promise, PromiseOutcome.NotTried, $"\"{before}\" is not kept", 0);
        TimeProvider clock = _request.Access.Clock;
        long start = clock.GetTimestamp();
        TimeSpan limit = s_limit * _platform.Slowness;
        using var late = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            string seen = await _trials[promise.Id](either.Token);
            return new PromiseResult(promise, PromiseOutcome.Kept, seen, clock.GetElapsedTime(start).TotalSeconds);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            return Broken($"nothing came of it in {limit.TotalSeconds:0} s");
        }
        catch (Exception fault) when (fault is PromiseBrokenException or KolaException)
        {
            return Broken(fault.Message);
        }
        catch (Exception fault) when (!cancel.IsCancellationRequested)
        {
            // A platform that fails in a way nobody has promised is told so; the other promises are tried all the same.
            return Broken($"{fault.GetType().Name}: {fault.Message}");
        }

        PromiseResult Broken(string seen) => new(promise, PromiseOutcome.Broken, seen, clock.GetElapsedTime(start).TotalSeconds);
    }

    private bool TakesConfigs => _platform.Limits.ConfigBytes != 0;

    private IReadOnlyList<ExtraDisk> Disks() => _platform.Features.Contains(Feature.ExtraDisks)
        ? [.. _platform.Limits.Buses.Take(_platform.Limits.Disks).Select(bus => new ExtraDisk(64, $"kola-{bus.ToString().ToLowerInvariant()}", bus))] : [];

    private InstanceSpec SpecOf(MachineSpec machine, Neighbourhood? neighbours, string name)
    {
        MachineConfig config = MachineConfig.For(
            machine with { Config = NoteConfig(), ConfigFile = "conformance.ign" }, _identity.PublicKey, neighbours, _platform.HasChannel, ReferenceValues.Of(neighbours, _platform.HostAddress, null), Network);
        return new InstanceSpec
        {
            Id = $"{Network}/{name}",
            Machine = machine,
            Image = _request.Image,
            Ignition = config.Ignition,
            Directory = Directory.CreateDirectory(Path.Combine(_request.Directory, name)).FullName,
            Links = neighbours?.LinksOf(machine.Name) ?? [],
        };
    }

    // Spec 3.0.0, so that any Ignition 3 takes it.
    private string NoteConfig() => $$"""{ "ignition": { "version": "3.0.0" }, "storage": { "files": [ { "path": "{{NotePath}}", "mode": 420, "contents": { "source": "data:,{{_nonce}}" } } ] } }""";

    private MachineSpec Machine(string role) => _case.Machines.Single(m => m.Name == role);
}

/// <summary>What is to be tried.</summary>
public sealed record ConformanceRequest
{
    /// <summary>How to come to the platform.</summary>
    public required IPlatformDriver Driver { get; init; }

    /// <summary>What it was opened with.</summary>
    public required PlatformAccess Access { get; init; }

    /// <summary>The open platform. Not disposed by the kit.</summary>
    public required IPlatform Platform { get; init; }

    /// <summary>The image its machines boot.</summary>
    public required Image Image { get; init; }

    /// <summary>What it was opened with, to find its resources again.</summary>
    public required ResourceTags Tags { get; init; }

    /// <summary>Existing directory for consoles.</summary>
    public required string Directory { get; init; }
}
