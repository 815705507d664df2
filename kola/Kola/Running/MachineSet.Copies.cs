using System.Diagnostics.CodeAnalysis;
using Kola.Ignition;
using Kola.Machines;

namespace Kola.Running;

/// <content>Machines that are copies of templates.</content>
internal sealed partial class MachineSet
{
    private readonly List<ITemplate> _held = [];
    private readonly HashSet<string> _copied = [];

    /// <summary>Keys of the templates of which a machine is a copy.</summary>
    internal IReadOnlyList<string> Templates
    {
        get
        {
            lock (_gate)
                return [.. _copied.Order(StringComparer.Ordinal)];
        }
    }

    /// <returns>The machine, awake; null when it is to be booted, because it has no template or the template is no good.</returns>
    private async Task<Machine?> TryCopyAsync(MachineSpec spec)
    {
        while (_templates is not null && await HoldAsync(_templates, spec) is { } template)
        {
            if (await TryCopyAsync(_templates, template, spec) is not { } copy)
                continue;
            if (!_templates.HasFault(template))
                await MakeWrongAsync(copy);
            return copy;
        }

        return null;
    }

    /// <returns>All machines, awake, of one moment; null when none is a copy, because one of them cannot be.</returns>
    private async Task<IReadOnlyList<Machine>?> TryCopyTogetherAsync()
    {
        if (_templates is not { } templates || await HoldTogetherAsync(templates) is not { } held)
            return null;
        Machine?[] copies = await Task.WhenAll(_test.Machines.Zip(held, (spec, template) => TryCopyAsync(templates, template, spec)));
        if (copies.OfType<Machine>().ToArray() is { } all && all.Length == copies.Length)
        {
            await Task.WhenAll(all.Select(MakeWrongAsync));
            return all;
        }

        // The others would miss the one: they go together.
        await Task.WhenAll(Watched().Select(watched => PutAsideAsync(watched, Path.Combine(Directory, watched.Machine.Name))));
        return null;
    }

    /// <returns>Null when the template is no good, and not to be had again.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "A copy that is no good is the template's fault, whatever it looks like; the machine is booted then.")]
    private async Task<Machine?> TryCopyAsync(TemplateSet templates, ITemplate template, MachineSpec spec)
    {
        Place place = await PlaceAsync(spec);
        var probation = new Probation(_options, Found, _end, _deadline);
        WatchedMachine? watched = null;
        string? why;
        try
        {
            string mac = EthernetAddress.Random();
            InstanceSpec own = place.Instance with { Mac = mac };
            IInstance instance = Drafts is null ? await template.CloneAsync(own, _deadline) : await Drafts[spec.Name].StartAsync(own, template, _deadline);
            _macs[spec.Name] = mac;
            MachineTerms terms = Terms(place) with { Deadline = probation.Over, WhyEnded = () => probation.Why ?? _whyEnded() };
            var machine = new Machine(spec, instance, terms, Addresses);
            watched = await WatchAsync(machine, place, _options with { Emit = probation.Emit }, probation.Found, probation.End);
            Announce(place, instance, template.Key);
            watched.Start();
            await machine.WakeAsync(new CloneIdentity
            {
                Template = template.Facts,
                Mac = mac,
                // What was frozen with its neighbours has the addresses it has among them.
                Cards = _test.Prepared is null ? _neighbours?.CardsOf(spec.Name) ?? [] : [],
                Files = MachineConfig.OwnFiles(spec, _neighbours, SourceOf(spec)),
            });
            if (probation.Pass())
            {
                lock (_gate)
                    _copied.Add(template.Key);
                return machine;
            }

            why = probation.Why?.Message;
        }
        catch (Exception) when (_whyEnded() is { } ended)
        {
            // The test's end, not the copy's: what there is of it is taken away with the other machines.
            throw ended;
        }
        catch (Exception fault)
        {
            why = probation.FirstFinding ?? (fault is KolaException ? fault.Message : $"{fault.GetType().Name}: {fault.Message}");
        }

        await templates.CondemnAsync(template.Key, $"a copy for {place.Instance.Id} was no good: {why}");
        if (watched is not null)
            await PutAsideAsync(watched, place.Directory);
        return null;
    }

    private async Task<ITemplate?> HoldAsync(TemplateSet templates, MachineSpec spec)
    {
        try
        {
            ITemplate? template = await templates.TakeAsync(_test, spec, _code, _deadline);
            if (template is not null)
                Hold(template);
            return template;
        }
        catch (OperationCanceledException) when (_whyEnded() is { } why)
        {
            throw why;
        }
    }

    private async Task<IReadOnlyList<ITemplate>?> HoldTogetherAsync(TemplateSet templates)
    {
        try
        {
            IReadOnlyList<ITemplate>? all = await templates.TakeTogetherAsync(_test, _code, _deadline);
            foreach (ITemplate template in all ?? [])
                Hold(template);
            return all;
        }
        catch (OperationCanceledException) when (_whyEnded() is { } why)
        {
            throw why;
        }
    }

    private void Hold(ITemplate template)
    {
        lock (_gate)
            _held.Add(template);
    }

    // Its evidence stays beside that of the machine which takes its place: cl.basic/machine.copy
    private async Task PutAsideAsync(WatchedMachine watched, string directory)
    {
        await watched.EndAsync(collect: false, CancellationToken.None);
        lock (_gate)
            _watched.Remove(watched);
        try
        {
            System.IO.Directory.Move(directory, directory + ".copy");
        }
        catch (IOException)
        {
            // Then it is written over: it proves nothing about the image.
        }
    }

    // The templates may leave the cache when no machine reads them any more.
    private async Task LetGoAsync()
    {
        ITemplate[] held;
        lock (_gate)
        {
            held = [.. _held];
            _held.Clear();
        }

        foreach (ITemplate template in held)
            await template.DisposeAsync();
    }
}
