using System.Text.Json;
using Kola.Scheduling;

namespace Kola.Tests.Scheduling;

public sealed class CostHistoryTests
{
    private const string Tcg = "qemu/tcg";
    private static readonly DateTimeOffset s_at = DateTimeOffset.UnixEpoch;

    [Test]
    public void What_a_test_took_is_the_median_of_seconds_and_the_most_of_cores_and_memory()
    {
        CostHistory history = Runs(Ran("t", 40, 20, 300), Ran("t", 10, 8, 500), Ran("t", 20, 4, 400));
        Assert.That(history.Of(Tcg, "t", cloned: false), Is.EqualTo(new ExpectedCost { Seconds = 20, Cpus = 0.8, MemoryMiB = 500 }));
        Assert.That(history.RunsOf(Tcg), Is.EqualTo(3));
    }

    [Test]
    public void Only_the_last_five_count() =>
        Assert.That(Runs([.. Enumerable.Range(0, 9).Select(i => Ran("t", i < 4 ? 1000 : i, 1, 9000 - i))]).Of(Tcg, "t", cloned: false), Has.Property("Seconds").EqualTo(6).And.Property("MemoryMiB").EqualTo(8996));

    [Test]
    public void Machines_of_one_test_are_summed_and_one_unmeasured_leaves_the_sum_unknown()
    {
        RunEvent[] run = Ran("t", 10, 4, 300);
        RunEvent[] second = [.. run[..2], run[2], run[2], run[3]];
        Assert.That(Runs(second).Of(Tcg, "t", cloned: false), Has.Property("Cpus").EqualTo(0.8).And.Property("MemoryMiB").EqualTo(600));
        RunEvent[] unmeasured = [.. run[..2], run[2], (MachineEnded)run[2] with { ProcessorSeconds = null, MemoryMiB = null }, run[3]];
        Assert.That(Runs(unmeasured).Of(Tcg, "t", cloned: false), Has.Property("Cpus").Null.And.Property("MemoryMiB").Null);
    }

    [Test]
    public void Copies_and_cold_boots_are_kept_apart_and_stand_in_for_each_other()
    {
        CostHistory history = Runs(Ran("t", 40, 1, 1), Ran("t", 3, 1, 1, template: "key"), Ran("cold", 50, 1, 1));
        Assert.That(history.Of(Tcg, "t", cloned: false)!.Seconds, Is.EqualTo(40));
        Assert.That(history.Of(Tcg, "t", cloned: true)!.Seconds, Is.EqualTo(3));
        Assert.That(history.Of(Tcg, "cold", cloned: true)!.Seconds, Is.EqualTo(50));
    }

    [Test]
    public void Flavours_are_kept_apart()
    {
        CostHistory history = CostHistory.Empty.With([Started("kvm"), .. Ran("t", 4, 1, 1)]);
        Assert.That(history.Of("qemu/kvm", "t", cloned: false), Is.Not.Null);
        Assert.That(history.Of(Tcg, "t", cloned: false), Is.Null);
        Assert.That(history.RunsOf(Tcg), Is.Zero);
    }

    [TestCase(Outcome.Passed, true)]
    [TestCase(Outcome.Failed, true)]
    [TestCase(Outcome.Broken, false)]
    [TestCase(Outcome.NotRun, false)]
    [TestCase(Outcome.Skipped, false)]
    public void Only_what_passed_or_failed_counts(Outcome outcome, bool counts) =>
        Assert.That(Runs(Ran("t", 4, 1, 1, outcome: outcome)).Of(Tcg, "t", cloned: false) is not null, Is.EqualTo(counts));

    [Test]
    public void A_test_that_never_had_a_machine_or_never_ended_does_not_count()
    {
        RunEvent[] run = Ran("t", 4, 1, 1);
        Assert.That(Runs([run[0], run[3]]), Is.SameAs(CostHistory.Empty));
        Assert.That(Runs(run[..3]), Is.SameAs(CostHistory.Empty));
    }

    [Test]
    public void Templates_are_remembered_together()
    {
        CostHistory history = Runs([new TemplateMade { At = s_at, Template = "a", Directory = "", ElapsedSeconds = 30, ProcessorSeconds = 15 }, new TemplateMade { At = s_at, Template = "b", Directory = "", ElapsedSeconds = 600, ProcessorSeconds = 600, Together = "moment" }]);
        Assert.That(history.OfTemplate(Tcg), Is.EqualTo(new ExpectedCost { Seconds = 30, Cpus = 0.5, MemoryMiB = null }));
        Assert.That(history.OfTemplate("qemu/kvm"), Is.Null);
    }

    [Test]
    public void It_survives_being_written()
    {
        CostHistory history = Runs(Ran("a", 40, 20, 300), Ran("b", 3, 1, 100, template: "key"), [new TemplateMade { At = s_at, Template = "a", Directory = "", ElapsedSeconds = 30 }]);
        var read = CostHistory.Parse(history.ToJson());
        Assert.That(read.ToJson(), Is.EqualTo(history.ToJson()));
        Assert.That(read.Of(Tcg, "b", cloned: true), Is.EqualTo(history.Of(Tcg, "b", cloned: true)));
        Assert.That(read.RunsOf(Tcg), Is.EqualTo(3));
    }

    [TestCase("")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"format":2,"flavours":{}}""")]
    [TestCase("""{"format":1,"flavours":null}""")]
    [TestCase("""{"format":1,"flavours":{"qemu/tcg":null}}""")]
    [TestCase("""{"format":1,"flavours":{"qemu/tcg":{"runs":1,"templates":[null],"tests":{}}}}""")]
    [TestCase("""{"format":1,"flavours":{"qemu/tcg":{"runs":1,"templates":null,"tests":{}}}}""")]
    [TestCase("""{"format":1,"flavours":{"qemu/tcg":{"runs":1,"tests":{"t":null}}}}""")]
    [TestCase("""{"format":1,"flavours":{"qemu/tcg":{"runs":1,"tests":{"t":{"cold":[{"seconds":-1}]}}}}}""")]
    [TestCase("""{"format":1,"flavours":{"qemu/tcg":{"runs":1,"te""")]
    public void What_it_did_not_write_it_does_not_read(string text) => Assert.That(() => CostHistory.Parse(text), Throws.InstanceOf<JsonException>());

    [Test]
    public void Expected_is_what_was_measured_else_what_the_spec_says()
    {
        var expected = new Expectation { History = Runs(Ran("known", 40, 10, 300), Ran("old.id", 7, 1, 200)), Flavour = Tcg };
        Assert.That(expected.Of(Some.Case("known"), []), Has.Property("Seconds").EqualTo(40).And.Property("Need").EqualTo(new Capacity { Machines = 1, MemoryMiB = 300, Cpus = 0.25 }));
        Assert.That(expected.Of(Some.Case("renamed") with { Formerly = "old.id" }, []).Seconds, Is.EqualTo(7));
        WorkItem unknown = expected.Of(Some.Case("unknown", 10, Some.Machine("a") with { Cpus = 2 }, Some.Machine("b")), ["key"]);
        Assert.That(unknown, Has.Property("Seconds").EqualTo(1200).And.Property("Need").EqualTo(new Capacity { Machines = 2, MemoryMiB = 2048, Cpus = 1.5 }));
        Assert.That(unknown.After, Is.EqualTo((string[])["key"]));
    }

    [TestCase(1, true, 1)]
    [TestCase(2, true, 1)]
    [TestCase(3, true, 1.5)]
    [TestCase(3, false, 3)]
    public void Several_copies_of_which_nothing_is_known_keep_half_of_their_processors_busy(int machines, bool copies, double cores) =>
        Assert.That(new Expectation().Of(Some.Case("t", 10, [.. Enumerable.Range(0, machines).Select(i => Some.Machine($"m{i}"))]), copies ? ["key"] : []).Need.Cpus, Is.EqualTo(cores));

    [Test]
    public void What_takes_next_to_nothing_still_takes_something() =>
        Assert.That(new Expectation { History = Runs(Ran("t", 4000, 0.1, 0)), Flavour = Tcg }.Of(Some.Case("t"), []).Need, Is.EqualTo(new Capacity { Machines = 1, MemoryMiB = 1024, Cpus = 0.05 }));

    internal static CostHistory Runs(params RunEvent[][] runs) => runs.Aggregate(CostHistory.Empty, (history, run) => history.With([Started("tcg"), .. run]));

    internal static RunStarted Started(string acceleration) => new()
    {
        At = s_at,
        Run = "run",
        Kola = "1",
        CommandLine = [],
        Platform = "qemu",
        Facts = new Dictionary<string, string> { ["acceleration"] = acceleration },
        Image = Some.Image(),
        Slowness = 1,
    };

    internal static RunEvent[] Ran(string test, double seconds, double processor, int mib, string? template = null, Outcome outcome = Outcome.Passed) =>
    [
        new TestStarted { At = s_at, Test = test, Attempt = 1, DeadlineSeconds = 600 },
        new MachineStarted { At = s_at, Test = test, Machine = "machine", Address = "", Directory = "", Template = template },
        new MachineEnded { At = s_at, Test = test, Machine = "machine", PlatformFault = false, Detail = "disposed", ProcessorSeconds = processor, MemoryMiB = mib },
        new TestEnded { At = s_at, Test = test, Attempt = 1, Outcome = outcome, ElapsedSeconds = seconds },
    ];
}
