using System.Diagnostics.CodeAnalysis;
using Kola.Machines;
using Kola.Reporting;
using Kola.Scheduling;

namespace Kola.Running;

/// <content>Templates of machines that tests begin with together: all of one moment, or none.</content>
internal sealed partial class TemplateSet
{
    /// <summary>The templates of all machines of a test, in their order, held until each is disposed; null when not all are there, or not of one moment.</summary>
    internal async Task<IReadOnlyList<ITemplate>?> TakeTogetherAsync(TestCase test, TestCode code, CancellationToken cancel)
    {
        string[] keys = [.. MembersOf(test, code).Select(member => member.Key)];
        if (keys.Length == 0 || keys.Any(_dropped.ContainsKey))
            return null;
        if (await FindTogetherAsync(keys, cancel) is { } all)
            return all;
        foreach (string key in keys)
            Drop(key, "it is not in the cache any more, or one of those it was frozen with is not");
        return null;
    }

    private IReadOnlyList<string> GetReadyTogether(TestCase test, TestCode code)
    {
        (string Role, string Key, TemplateSpec Spec)[] members = MembersOf(test, code);
        if (members.Length > 0)
            _ = _ready.GetOrAdd(string.Join(' ', members.Select(member => member.Key)), _ => new Lazy<Task>(() => TryGetReadyTogetherAsync(test, members, code))).Value;
        return [.. members.Select(member => member.Key)];
    }

    // None where one of them is to be booted.
    private (string Role, string Key, TemplateSpec Spec)[] MembersOf(TestCase test, TestCode code)
    {
        (string Role, (string Key, TemplateSpec Spec)[] Of)[] members = [.. test.Machines.Select(machine => (machine.Name, TemplatesOf(test, machine, code)))];
        return members.All(member => member.Of.Length > 0) ? [.. members.Select(member => (member.Role, member.Of[0].Key, member.Of[0].Spec))] : [];
    }

    [SuppressMessage("Design", "CA1031", Justification = Excuse)]
    private async Task TryGetReadyTogetherAsync(TestCase test, (string Role, string Key, TemplateSpec Spec)[] members, TestCode code)
    {
        try
        {
            await FindOrMakeTogetherAsync(test, members, code);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // No test gets its turn any more either.
        }
        catch (Exception fault)
        {
            DropAll(members, fault);
        }
        finally
        {
            foreach ((_, string key, _) in members)
                schedule.Complete(key);
        }
    }

    private async Task FindOrMakeTogetherAsync(TestCase test, (string Role, string Key, TemplateSpec Spec)[] members, TestCode code)
    {
        string[] keys = [.. members.Select(member => member.Key)];
        if (await FindTogetherAsync(keys, stop) is { } found)
        {
            await LetGoAsync(found);
            return;
        }

        var maker = new TestCase
        {
            Id = Aside.OfTemplate(keys[0]),
            Sentence = "Templates are made together",
            Source = test.Source,
            Machines = test.Machines,
            Segments = test.Segments,
            Minutes = test.Minutes,
            Needs = test.Needs,
            Tolerates = test.Tolerates,
        };
        await Task.WhenAll(GetReady(maker, code).Select(key => _ready[key].Value));
        var drafts = new Dictionary<string, ITemplateDraft>();
        try
        {
            // All in one order, whoever makes them: nobody waits for one who waits for him.
            foreach ((string role, string key, _) in members.OrderBy(member => member.Key, StringComparer.Ordinal))
            {
                ITemplateDraft? draft = await _templates!.BeginAsync(key, stop);
                if (draft is null && await FindTogetherAsync(keys, stop) is { } made)
                {
                    await LetGoAsync(made);
                    return;
                }

                // One that is there without the others is of no use.
                if (draft is null)
                    await _templates.ForgetAsync(key);
                drafts[role] = draft ?? await _templates.BeginAsync(key, stop) ?? throw new PlatformException(Signal.Template, $"template {Aside.Short(key)} is made by another kola, and those it belongs with are not");
            }

            using Turn turn = await schedule.TakeTurnAsync(Expectation.OfTogether(keys[0], maker), stop);
            try
            {
                await new TogetherMaking(maker, test.Prepared!, members.ToDictionary(member => member.Role, member => member.Key), options, code, this).RunAsync(drafts, stop, kill);
            }
            catch (Exception fault) when (!stop.IsCancellationRequested)
            {
                // Before the turn ends, and with it the wait of the tests: they are to know why.
                DropAll(members, fault);
            }
        }
        finally
        {
            foreach (ITemplateDraft draft in drafts.Values)
                await draft.DisposeAsync();
        }
    }

    private async Task<IReadOnlyList<ITemplate>?> FindTogetherAsync(string[] keys, CancellationToken cancel)
    {
        ITemplate?[] found = await Task.WhenAll(keys.Select(key => FindAsync(key, cancel)));
        if (found.All(template => template?.Facts.Together is { } moment && moment == found[0]!.Facts.Together))
            return [.. found.OfType<ITemplate>()];
        await LetGoAsync(found.OfType<ITemplate>());
        return null;
    }

    private static async Task LetGoAsync(IEnumerable<ITemplate> templates)
    {
        foreach (ITemplate template in templates)
            await template.DisposeAsync();
    }

    private void DropAll((string Role, string Key, TemplateSpec Spec)[] members, Exception fault)
    {
        foreach ((_, string key, _) in members)
            Drop(key, Reason(fault));
    }
}
