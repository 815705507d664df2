using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Kola.Checks;
using Kola.Ignition;
using Kola.Machines;
using Kola.Planning;
using Kola.Reporting;
using Kola.Scheduling;

namespace Kola.Running;

/// <summary>
/// The templates of a run: which machine is a copy of which, each found or made once, and which are not to be used further. No fault of a
/// template is ever a test's: without it the machine is booted cold.
/// </summary>
/// <param name="options">The run.</param>
/// <param name="schedule">Gives the turn in which a template is made; is told of each that is there, or cannot be.</param>
/// <param name="stop">Ends what is being made.</param>
/// <param name="kill">As that, and nothing is collected.</param>
internal sealed partial class TemplateSet(SessionOptions options, Schedule schedule, CancellationToken stop, CancellationToken kill)
{
    private const string Excuse = "Whatever is wrong with a template, its tests have their verdicts without it.";

    private readonly ConcurrentDictionary<string, Lazy<Task>> _ready = new();
    private readonly ConcurrentDictionary<string, string> _dropped = new();
    private readonly ConcurrentDictionary<string, bool> _faulty = new();
    private readonly ITemplates? _templates = options.Cold ? null : options.Platform.Templates;

    // What only one test would have a copy of is made wrong in that copy: a template more would cost as much again.
    private readonly Lazy<HashSet<string>> _shared = new(() => [.. options.Plan.ToRun.Where(TemplatePlan.MayClone).SelectMany(TemplatePlan.ByShape.KeysOf).CountBy(key => key).Where(tests => tests.Value > 1).Select(tests => tests.Key)]);

    /// <summary>Whether any machine of the test is to be a copy.</summary>
    internal bool IsFor(TestCase test) => test.Machines.Any(machine => IsFor(test, machine));

    /// <summary>
    /// Begins to get the templates of a test's machines ready, each in a turn of its own, and completes each in the schedule when it is there
    /// or cannot be had: that is dropped then.
    /// </summary>
    /// <returns>Their keys, each once.</returns>
    internal IReadOnlyList<string> GetReady(TestCase test, TestCode code)
    {
        if (test.Prepared is not null)
            return GetReadyTogether(test, code);
        (string Key, TemplateSpec Spec)[] templates = [.. test.Machines.Select(machine => TemplatesOf(test, machine, code)).Where(all => all.Length > 0).Select(all => all[0]).DistinctBy(t => t.Key)];
        foreach ((string key, TemplateSpec spec) in templates)
            _ = ReadyAsync(key, spec, code);
        return [.. templates.Select(t => t.Key)];
    }

    /// <summary>Ends when none is being made any more: a run that was stopped takes the machines of those away, too. Never faults.</summary>
    internal async Task SettleAsync()
    {
        await Task.WhenAll(_ready.Values.Select(making => making.Value));
        // Nobody asks for a fault again so soon that it would be worth a gigabyte.
        await Task.WhenAll(_faulty.Keys.Select(ForgetAsync));
    }

    /// <summary>What the template of one machine of a test is made of.</summary>
    /// <param name="test">The test.</param>
    /// <param name="machine">One of its machines.</param>
    /// <param name="image">The image under test.</param>
    /// <param name="code">Knows the preparations.</param>
    /// <param name="inputs">What the run was given for its suites.</param>
    internal static TemplateSpec SpecOf(TestCase test, MachineSpec machine, Image image, TestCode code, IReadOnlyDictionary<string, SuiteInput> inputs)
    {
        // What a preparation makes of a machine hangs on what it was given as much as on its code.
        string given = test.Needs.Contains(Feature.Kubernetes) ? string.Concat(inputs.OrderBy(input => input.Key, StringComparer.Ordinal).Select(input => "+" + input.Value.Digest)) : "";
        int cards = Neighbourhood.CardsOf(test, machine);
        return new TemplateSpec
        {
            // Without what is a role's own: tests whose machines differ in nothing else share one template.
            Machine = machine with { Name = "machine", OwnMachineId = false, Links = null },
            Image = image,
            Ignition = MachineConfig.ForTemplate(machine, cards, $"{test.Id}/{machine.Name}: {machine.ConfigFile}").Ignition,
            Cards = cards,
            Checks = CheckTable.Digest,
            Preparation = test.Prepared is null ? Done(machine) : $"{Of(test.Prepared)} as {TemplatePlan.PlaceOf(test, machine)}, {string.Join(' ', test.Machines.Select(Done))}",
        };

        string? Done(MachineSpec one) => one.Prepared is { } name ? Of(name) : null;
        string Of(string preparation) => $"{preparation}@{code.IdentityOf(preparation)}{given}";
    }

    /// <summary>
    /// The template a machine is to be a copy of, held until it is disposed; null for a machine that is booted cold. Where the one with the run's fault
    /// is not to be had it is the one without: its copy is made wrong then, and what comes of that is the test's.
    /// </summary>
    internal async Task<ITemplate?> TakeAsync(TestCase test, MachineSpec machine, TestCode code, CancellationToken cancel)
    {
        foreach ((string key, _) in TemplatesOf(test, machine, code))
        {
            if (_dropped.ContainsKey(key))
                continue;
            if (await FindAsync(key, cancel) is { } template)
                return template;
            Drop(key, "it is not in the cache any more");
        }

        return null;
    }

    /// <summary>Whether the machines of a template have the run's fault already.</summary>
    internal bool HasFault(ITemplate template) => _faulty.ContainsKey(template.Key);

    /// <summary>Does not use a template any further in this run. The first reason counts.</summary>
    internal void Drop(string key, string why)
    {
        if (_dropped.TryAdd(key, why))
            options.Emit(new TemplateDropped { At = options.Time.GetUtcNow(), Template = key, Why = why });
    }

    /// <summary>As <see cref="Drop"/>, for one that has been seen to be no good: no other run is to have it either. Never faults.</summary>
    internal async Task CondemnAsync(string key, string why)
    {
        Drop(key, why);
        await ForgetAsync(key);
    }

    [SuppressMessage("Design", "CA1031", Justification = Excuse)]
    private async Task ForgetAsync(string key)
    {
        try
        {
            await _templates!.ForgetAsync(key);
        }
        catch (Exception fault)
        {
            options.Emit(new CleanupFailed { At = options.Time.GetUtcNow(), Test = Aside.OfTemplate(key), What = $"template {key}", Message = fault.Message });
        }
    }

    [MemberNotNullWhen(true, nameof(_templates))]
    private bool IsFor(TestCase test, MachineSpec machine) =>
        _templates is not null && !test.Fresh && TemplatePlan.MayClone(machine);

    [SuppressMessage("Design", "CA1031", Justification = Excuse)]
    private (string Key, TemplateSpec Spec)[] TemplatesOf(TestCase test, MachineSpec machine, TestCode code)
    {
        if (!IsFor(test, machine))
            return [];
        try
        {
            TemplateSpec spec = SpecOf(test, machine, options.Image, code, options.Inputs);
            (string, TemplateSpec) well = (_templates.KeyOf(spec), spec);
            if (options.Fault is not { } fault || test.Prepared is not null || !_shared.Value.Contains(TemplatePlan.ByShape.KeyOf(test, machine)!))
                return [well];
            TemplateSpec wrong = spec with { Preparation = $"{spec.Preparation}+fault:{fault.Id}@{code.Identity}" };
            string key = _templates.KeyOf(wrong);
            _faulty[key] = true;
            return [(key, wrong), well];
        }
        catch (Exception fault)
        {
            Drop($"of {test.Id}/{machine.Name}", $"it has no key: {fault.Message}");
            return [];
        }
    }

    private Task ReadyAsync(string key, TemplateSpec spec, TestCode code) =>
        _ready.GetOrAdd(key, _ => new Lazy<Task>(() => TryGetReadyAsync(key, spec, code))).Value;

    [SuppressMessage("Design", "CA1031", Justification = Excuse)]
    private async Task TryGetReadyAsync(string key, TemplateSpec spec, TestCode code)
    {
        try
        {
            await FindOrMakeAsync(key, spec, code);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // No test gets its turn any more either.
        }
        catch (Exception fault)
        {
            Drop(key, Reason(fault));
        }
        finally
        {
            schedule.Complete(key);
        }
    }

    private async Task FindOrMakeAsync(string key, TemplateSpec spec, TestCode code)
    {
        await using (ITemplate? found = await _templates!.FindAsync(key, stop))
        {
            if (found is not null)
                return;
        }

        await using ITemplate? from = await BasisAsync(key, spec, code);
        await using ITemplateDraft? draft = await _templates.BeginAsync(key, stop);
        // Another process may have made it meanwhile.
        if (draft is null)
            return;
        var making = new TemplateMaking(key, spec, options, code) { HasFault = _faulty.ContainsKey(key) };
        using Turn turn = await schedule.TakeTurnAsync(options.Expected.OfTemplate(key, spec.Machine, from is null ? [] : [from.Key]), stop);
        try
        {
            await making.RunAsync(draft, from, stop, kill);
        }
        catch (Exception fault) when (!stop.IsCancellationRequested)
        {
            // Before the turn ends, and with it the wait of the tests: they are to know why.
            Drop(key, Reason(fault));
        }
    }

    private static string Reason(Exception fault) => fault is KolaException ? fault.Message : $"{fault.GetType().Name}: {fault.Message}";

    // A preparation goes on from a ready machine, which other tests need all the same; a fault from one that has its preparation behind it.
    private async Task<ITemplate?> BasisAsync(string of, TemplateSpec spec, TestCode code)
    {
        if (spec.Preparation is not { } done)
            return null;
        spec = _faulty.ContainsKey(of) && done.Split('+')[0] is { Length: > 0 } prepared
            ? spec with { Preparation = prepared }
            : spec with { Preparation = null, Machine = spec.Machine with { Prepared = null } };
        string key = _templates!.KeyOf(spec);
        await ReadyAsync(key, spec, code);
        if (_dropped.TryGetValue(key, out string? why))
            throw new PlatformException(Signal.Template, $"template {Aside.Short(key)}, which it goes on from, is not used: {why}");
        return await _templates.FindAsync(key, stop)
            ?? throw new PlatformException(Signal.Template, $"template {Aside.Short(key)}, which it goes on from, is not in the cache");
    }

    [SuppressMessage("Design", "CA1031", Justification = Excuse)]
    private async Task<ITemplate?> FindAsync(string key, CancellationToken cancel)
    {
        try
        {
            return await _templates!.FindAsync(key, cancel);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            Drop(key, $"it cannot be read: {fault.Message}");
            return null;
        }
    }
}
