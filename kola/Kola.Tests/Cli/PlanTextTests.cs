using System.Text.Json;
using Kola.Cli;
using Kola.Cli.Bench;
using Kola.Planning;
using Kola.Scheduling;
using Kola.Tests.Reporting;
using Kola.Tests.Scheduling;

namespace Kola.Tests.Cli;

/// <summary>Golden files of what <c>kola plan</c> prints, and that ten thousand tests are no trouble.</summary>
public sealed class PlanTextTests
{
    private static readonly Plan s_plan = new()
    {
        Tests =
        [
            new(Some.Case("cl.basic") with { Sentence = "A machine boots" }, null) { Enforced = true },
            new(Some.Case("cl.network.wireguard", 90, Some.Machine("hub"), Some.Machine("spoke")) with { Sentence = "A tunnel carries traffic" }, null),
            new(Some.Case("cl.tpm") with { Sentence = "A TPM is there" }, new Skip("there is no TPM", "Install swtpm.")),
            new(Some.Case("coreos.ignition.once") with { Sentence = "Ignition runs once", Fresh = true }, null) { Known = new KnownFailure("it is slow", new DateOnly(2027, 3, 31), "https://a.example/1", "me") },
        ],
    };

    [Test]
    public void For_people() => GoldenFile.Check("plan.txt", Text().ForPeople());

    [Test]
    public void For_programs()
    {
        GoldenFile.Check("plan.json", Text().ForPrograms());
        using var read = JsonDocument.Parse(Text().ForPrograms());
        Assert.That(read.RootElement.GetProperty("turns").GetArrayLength(), Is.EqualTo(4));
    }

    [Test]
    public void An_empty_shard_is_told_like_any_plan()
    {
        PlanText text = Text() with { Plan = new Plan { Tests = [] }, Forecast = Forecast.Of(new Plan { Tests = [] }, [new Capacity { Machines = 1, MemoryMiB = 1024, Cpus = 1 }], new Expectation { History = CostHistory.Empty, Flavour = "qemu/kvm" }, 7, TemplatePlan.None) };
        Assert.That(text.ForPeople(), Is.EqualTo("0 tests: 0 to run, 0 to skip; 0 machines\n"));
    }

    [Test]
    public void Where_nothing_is_known_it_says_what_the_length_is_worth()
    {
        PlanText text = Text(CostHistory.Empty) with { Capacity = new() { Machines = 4, MemoryMiB = 4096, Cpus = double.PositiveInfinity } };
        Assert.That(text.ForPeople(), Does.Contain("expected length 3:01:00 with 4 machines and 4096 MiB: no history: by Minutes, the most each may take; --seed 7\n"));
    }

    [Test]
    public void Where_all_is_known_it_says_from_how_many_runs()
    {
        CostHistory history = CostHistoryTests.Runs([.. s_plan.ToRun.Select(t => CostHistoryTests.Ran(t.Id, 20, 10, 300))]);
        Assert.That(Text(history).ForPeople(), Does.Contain(": from the history of 3 runs; --seed 7"));
    }

    [Test]
    public void Ten_thousand_tests_on_a_thousand_hosts_are_planned_and_forecast()
    {
        // How fast is measured by "kola bench plan", not here; what grows with the square would not end.
        PlanCost cost = PlanBenchmark.Measure(tests: 10_000, hosts: 1_000, repetitions: 1)[0];
        Assert.That(cost.Forecast.Turns, Has.Count.GreaterThan(9_000));
        Assert.That(cost.Seconds, Is.LessThan(20));
    }

    private static PlanText Text(CostHistory? known = null)
    {
        CostHistory history = known ?? CostHistoryTests.Runs(CostHistoryTests.Ran("cl.basic", 41.2, 30, 612));
        var expected = new Expectation { History = history, Flavour = "qemu/tcg" };
        var capacity = new Capacity { Machines = 100, MemoryMiB = 4096, Cpus = 2 };
        var templates = new TemplatePlan { KeyOf = (_, _) => "base" };
        return new PlanText { Plan = s_plan, Forecast = Forecast.Of(s_plan, [capacity], expected, 7, templates), Capacity = capacity, Templates = templates, Seed = 7, Worst = WorstCase.Of(s_plan, capacity, 1, 1, 0, null), Runs = history.RunsOf(expected.Flavour) };
    }
}
