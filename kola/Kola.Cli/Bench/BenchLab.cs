using System.Globalization;
using Kola.Ignition;
using Kola.Machines;
using Kola.Qemu;

namespace Kola.Cli.Bench;

/// <summary>
/// The machines that are measured one by one, past a session: what a run adds to them is measured by the part that runs tests.
/// </summary>
/// <param name="target">What is booted and where. Its templates are the bench's own.</param>
/// <param name="directory">Existing directory for templates and what else is gone afterwards.</param>
/// <param name="kept">For what machines and runs write; made when it is not there.</param>
/// <param name="time">The clock.</param>
/// <param name="cancel">Ends all.</param>
internal sealed class BenchLab(Target target, string directory, string kept, TimeProvider time, CancellationToken cancel) : IAsyncDisposable
{
    private const string Source = "kola bench";

    // The tests' run has to make its own.
    private const string ApartFromOthers = "bench";

    // Whatever hangs, hangs no longer than this: a cold boot takes 20 s emulated, and no part asks more of a machine than minutes.
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(20);

    private static readonly MachineSpec s_machine = new() { Name = "machine" };

    private readonly SshIdentity _identity = SshIdentity.Create();
    private MadeTemplate? _made;
    private int _machines;

    internal Target Target => target;

    internal string Directory => directory;

    internal string Kept => kept;

    internal TimeProvider Time => time;

    internal CancellationToken Cancel => cancel;

    /// <summary>Boots a machine cold; it runs when this returns.</summary>
    internal Task<BenchMachine> BootAsync() => StartAsync(
        MachineConfig.For(s_machine, _identity.PublicKey, null, channel: true, new Dictionary<string, string>(), Source).Ignition, spec => target.Platform.StartAsync(spec, cancel));

    /// <summary>Boots two machines cold on a segment they share; they run when this returns.</summary>
    /// <returns>The machines, their segment, and the address of the second.</returns>
    internal async Task<(BenchMachine Left, BenchMachine Right, INetwork Network, string Address)> BootPairAsync()
    {
        MachineSpec[] specs = [s_machine with { Name = "left" }, s_machine with { Name = "right" }];
        Neighbourhood neighbours = Neighbourhood.Of("bench", specs, [])!;
        INetwork network = await target.Platform.OpenNetworkAsync(neighbours.Spec(System.IO.Directory.CreateDirectory(kept).FullName), cancel);
        BenchMachine[] machines = await Task.WhenAll(specs.Select(spec => StartAsync(
            MachineConfig.For(spec, _identity.PublicKey, neighbours, channel: true, new Dictionary<string, string>(), Source).Ignition,
            wanted => target.Platform.StartAsync(wanted with { Links = neighbours.LinksOf(spec.Name) }, cancel))));
        return (machines[0], machines[1], network, neighbours.AddressOf("right"));
    }

    /// <summary>Makes a copy of the template, which is made if need be; it runs when this returns.</summary>
    internal async Task<BenchMachine> CloneAsync()
    {
        MadeTemplate made = await TemplateAsync();
        return await StartAsync(made.Config, spec => made.Template.CloneAsync(spec, cancel));
    }

    /// <summary>Gives a copy its identity and logs in, as a run does.</summary>
    internal async Task WakeAsync(BenchMachine copy) =>
        await copy.Machine.WakeAsync(new CloneIdentity { Template = (await TemplateAsync()).Template.Facts, Mac = copy.Instance.Spec.Mac! });

    /// <summary>The template, made at the first call.</summary>
    internal async Task<MadeTemplate> TemplateAsync() => _made ??= await MakeAsync();

    /// <summary>Bytes the template takes on disk.</summary>
    internal async Task<long> TemplateBytesAsync() => await QemuCache.BytesAsync(Path.Combine(TemplatesIn(directory), (await TemplateAsync()).Template.Key), cancel);

    /// <summary>Where the bench's templates are, apart from everybody's.</summary>
    internal static string TemplatesIn(string directory) => Path.Combine(directory, "templates");

    public async ValueTask DisposeAsync()
    {
        if (_made is not null)
            await _made.Template.DisposeAsync();
    }

    private async Task<MadeTemplate> MakeAsync()
    {
        ITemplates templates = target.Platform.Templates ?? throw new PlatformException(Signal.Template, $"{target.Platform.Name} has no templates");
        var spec = new TemplateSpec { Machine = s_machine, Image = target.Image, Ignition = MachineConfig.ForTemplate(s_machine, cards: 0, Source).Ignition, Preparation = ApartFromOthers };
        string key = templates.KeyOf(spec);
        await using ITemplateDraft draft = await templates.BeginAsync(key, cancel) ?? throw new PlatformException(Signal.Template, $"template {key[..12]} is there before it was made");
        string config = spec.Ignition.Replace(TemplateSpec.PublicKeyPlaceholder, _identity.PublicKey, StringComparison.Ordinal);
        await using BenchMachine machine = await StartAsync(config, wanted => draft.StartAsync(wanted, null, cancel));
        await machine.Machine.BecomeReadyAsync(null);
        Cost ready = machine.Now;
        TemplateFacts facts = await machine.Machine.SettleAsync(machine.Instance.Spec.Mac!);
        Cost settled = machine.Now;
        ITemplate template = await draft.FreezeAsync(machine.Instance.Inner, facts, cancel);
        return new MadeTemplate(template, spec.Ignition, ready, settled - ready, machine.Now.Wall - settled.Wall);
    }

    private async Task<BenchMachine> StartAsync(string config, Func<InstanceSpec, Task<IInstance>> start)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"machine-{++_machines}");
        string own = System.IO.Directory.CreateDirectory(Path.Combine(kept, "machines", name)).FullName;
        var spec = new InstanceSpec
        {
            Id = $"bench/{name}",
            Machine = s_machine,
            Image = target.Image,
            Ignition = config,
            Directory = own,
            // QEMU's own block; the machine on no other network knows it.
            Mac = string.Create(CultureInfo.InvariantCulture, $"52:54:00:b0:{_machines >> 8:x2}:{_machines & 255:x2}"),
        };
        var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        over.CancelAfter(s_longest);
        long asked = time.GetTimestamp();
        IInstance instance = await start(spec);
        return new BenchMachine(new TimedInstance(instance, spec, time), Terms(own, over), asked, over);
    }

    private MachineTerms Terms(string own, CancellationTokenSource over) => new()
    {
        Test = "bench",
        Identity = _identity,
        Time = time,
        Slowness = target.Platform.Slowness,
        Emit = _ => { },
        Deadline = over.Token,
        WhyEnded = () => cancel.IsCancellationRequested || !over.IsCancellationRequested ? null : new PlatformException(Signal.Template, $"a machine of the bench took longer than {s_longest.TotalMinutes:0} min"),
        Directory = own,
        Shown = own,
    };
}

/// <summary>A template, and what making it took.</summary>
/// <param name="Template">Held until the lab is disposed.</param>
/// <param name="Config">Config of its machine, as it stands in its key.</param>
/// <param name="Ready">From the power-on until the machine was ready.</param>
/// <param name="Settling">From then until it could be frozen.</param>
/// <param name="Saving">From then until the template could be used; the machine's CPU time is not known by then.</param>
internal sealed record MadeTemplate(ITemplate Template, string Config, Cost Ready, Cost Settling, TimeSpan Saving);
