using Kola.Scheduling;

namespace Kola.Planning;

/// <summary>
/// How a run is expected to go: the turns in the order <see cref="Schedule"/> would give them, if everything took as long as expected. A pure
/// function, and fast enough for ten thousand tests on a thousand hosts.
/// </summary>
public sealed record Forecast
{
    /// <summary>In the order they are given.</summary>
    public required IReadOnlyList<ForecastTurn> Turns { get; init; }

    /// <summary>Seconds from the first turn to the end of the last; 0 when nothing is to run.</summary>
    public double Seconds => Turns.Count == 0 ? 0 : Turns.Max(t => t.End);

    /// <summary>How many tests' length is known from earlier runs; the others' is their <see cref="TestCase.Minutes"/>.</summary>
    public required int Known { get; init; }

    /// <summary>Foretells a run of a plan.</summary>
    /// <param name="plan">What is to run.</param>
    /// <param name="hosts">Capacity of each host, at least one. A template that was made on one is there for all.</param>
    /// <param name="expected">What tests cost.</param>
    /// <param name="seed">Orders equals.</param>
    /// <param name="templates">Which templates tests are copies of.</param>
    public static Forecast Of(Plan plan, IReadOnlyList<Capacity> hosts, Expectation expected, int seed, TemplatePlan templates)
    {
        TestCase[] tests = [.. plan.ToRun];
        var needed = tests.ToDictionary(t => t.Id, templates.KeysOf);
        WorkItem[] makings = [.. templates.ToMake(tests).Select(t => Making(t.Key, t.Machine, t.Test))];
        HashSet<string> along = [.. makings.Where(m => m.Need.Machines == 0).Select(m => m.Id)];
        WorkItem[] items = [.. makings, .. tests.Select(t => expected.Of(t, needed[t.Id]))];
        return new Forecast
        {
            Turns = [.. new Simulation(hosts, seed).Run(items, templates.Present, makings.Select(m => m.Id).ToHashSet()).Where(turn => !along.Contains(turn.Id))],
            Known = tests.Count(t => expected.Known(t, needed[t.Id].Count > 0) is not null),
        };

        // What is made together is one piece of work, the first template's, and the others are there with it.
        WorkItem Making(string key, MachineSpec machine, TestCase test) => test.Prepared is null ? expected.OfTemplate(key, machine, [])
            : needed[test.Id][0] == key ? Expectation.OfTogether(key, test)
            : new WorkItem { Id = key, Need = Capacity.Of([]), Seconds = 0, After = [needed[test.Id][0]] };
    }
}

/// <summary>One turn of a forecast.</summary>
/// <param name="Id">Id of the test, or key of the template.</param>
/// <param name="IsTemplate">Whether it is the making of a template.</param>
/// <param name="Host">Index of the host, from 0.</param>
/// <param name="Start">Seconds from the first turn.</param>
/// <param name="End">Seconds from the first turn.</param>
public sealed record ForecastTurn(string Id, bool IsTemplate, int Host, double Start, double End);
