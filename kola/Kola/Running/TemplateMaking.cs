using Kola.Ignition;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Running;

/// <summary>
/// Makes one template: its machine boots and is watched as a test's is, and is frozen when it is well. One that was anything but well is
/// not: tests then see it happen on machines of their own.
/// </summary>
internal sealed class TemplateMaking
{
    private readonly string _key;
    private readonly TemplateSpec _spec;
    private readonly SessionOptions _options;
    private readonly TestCode _code;
    private readonly string _directory;
    private readonly string _shown;
    private MakingEnd _end = null!;

    internal TemplateMaking(string key, TemplateSpec spec, SessionOptions options, TestCode code)
    {
        _key = key;
        _spec = spec;
        _options = options;
        _code = code;
        string relative = RunDirectory.DirectoryOfTemplate(key);
        _directory = Path.Combine(options.Directory, relative);
        _shown = Path.Combine(options.Shown, relative);
        Case = new TestCase { Id = Aside.OfTemplate(key), Sentence = "A template is made", Source = "kola", Machines = [spec.Machine] };
    }

    /// <summary>Whether it is one with the run's fault, made from one without. Default no.</summary>
    internal bool HasFault { get; init; }

    /// <summary>The name its machine's events go under, as if it were a test.</summary>
    internal TestCase Case { get; }

    /// <summary>Boots, watches, freezes. Whatever happens, no machine is left.</summary>
    /// <param name="draft">The right to make it.</param>
    /// <param name="from">Template it goes on from; null for none.</param>
    /// <param name="stop">Ends it; what the machine wrote is still collected.</param>
    /// <param name="kill">Ends it at once.</param>
    /// <exception cref="KolaException">There is no template, and why.</exception>
    internal async Task RunAsync(ITemplateDraft draft, ITemplate? from, CancellationToken stop, CancellationToken kill)
    {
        long start = _options.Time.GetTimestamp();
        await using MakingEnd end = _end = new MakingEnd(Case.Id, $"{_shown}/console.txt", _options, stop);
        try
        {
            double? processor = await MakeAsync(draft, from, kill);
            _options.Emit(new TemplateMade { At = _options.Time.GetUtcNow(), Template = _key, Directory = Path.GetRelativePath(_options.Directory, _directory), ElapsedSeconds = _options.Time.GetElapsedTime(start).TotalSeconds, ProcessorSeconds = processor });
        }
        catch (OperationCanceledException) when (end.Why is { } why)
        {
            throw why;
        }
    }

    private async Task<double?> MakeAsync(ITemplateDraft draft, ITemplate? from, CancellationToken kill)
    {
        string mac = EthernetAddress.Random();
        string config = _spec.Ignition.Replace(TemplateSpec.PublicKeyPlaceholder, _options.Identity.PublicKey, StringComparison.Ordinal);
        Directory.CreateDirectory(_directory);
        await File.WriteAllTextAsync(Path.Combine(_directory, RunDirectory.IgnitionFile), MaskedConfig.Of(config, _options.Masking), _end.Deadline);
        var spec = new InstanceSpec
        {
            Id = Case.Id,
            Machine = _spec.Machine,
            Image = _spec.Image,
            Ignition = config,
            Directory = _directory,
            Mac = mac,
            Links = [.. Enumerable.Range(0, _spec.Cards).Select(card => new InstanceLink(Case.Id, $"card-{card}", InstanceLink.UnconfiguredMac(card)))],
        };
        IInstance instance = await draft.StartAsync(spec, from, _end.Deadline);
        WatchedMachine? watched = null;
        try
        {
            watched = new WatchedMachine(new Machine(_spec.Machine, instance, Terms(), null), _directory, _shown, _options, Case, _end.Found, _end.End);
            _options.Emit(new MachineStarted { At = _options.Time.GetUtcNow(), Test = Case.Id, Machine = _spec.Machine.Name, Address = instance.Address, Directory = Path.GetRelativePath(_options.Directory, _directory), Template = from?.Key });
            watched.Start();
            TemplateFacts facts = await SettleAsync(watched, from, mac, kill);
            await watched.LeaveAsync();
            _end.ThrowIfUnwell();
            double? processor = instance.ProcessorTime?.TotalSeconds;
            await (await draft.FreezeAsync(instance, facts, _end.Deadline)).DisposeAsync();
            return processor;
        }
        finally
        {
            // Frozen or not, it ends here.
            if (watched is null)
                await instance.DisposeAsync();
            else
                await watched.EndAsync(collect: !kill.IsCancellationRequested, kill);
        }
    }

    private async Task<TemplateFacts> SettleAsync(WatchedMachine watched, ITemplate? from, string mac, CancellationToken kill)
    {
        Machine machine = watched.Machine;
        if (from is null)
            await machine.BecomeReadyAsync(null);
        else
            // A card for a private segment stays as it is, without a role: nothing would ever give it an address to wait for.
            await machine.WakeAsync(new CloneIdentity { Template = from.Facts, Mac = mac });
        if (HasFault)
            await _code.InjectAsync(_options.Fault!, machine, () => _end.Why, _end.Deadline);
        else if (_spec.Machine.Prepared is { } name)
            await _end.PrepareAsync(name, [machine], new Lab(_end.Lab(Case, _directory, _options, _code)), _code);
        // There is no connection left to collect over once it has settled.
        await watched.CollectAsync(kill);
        _end.ThrowIfUnwell();
        return await machine.SettleAsync(mac);
    }

    private MachineTerms Terms() => new()
    {
        Test = Case.Id,
        Identity = _options.Identity.As(_spec.Machine.User),
        Time = _options.Time,
        Slowness = _options.Platform.Slowness,
        Emit = _options.Emit,
        Deadline = _end.Deadline,
        WhyEnded = () => _end.Why,
        Directory = _directory,
        Shown = _shown,
        Masking = _options.Masking,
        ExpectedId = _options.ExpectedId,
    };
}
