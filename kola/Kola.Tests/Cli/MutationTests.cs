using Kola.Cli;
using Kola.Cli.Mutate;
using Kola.Fake;
using Kola.Planning;
using Kola.Reporting;
using Kola.Tests.Reporting;
using Kola.Tests.Running;

namespace Kola.Tests.Cli;

/// <summary>A mutation run: what is caught, what is not, and what says nothing.</summary>
[NonParallelizable] // there is one session a process
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MutationTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kola-mutate-").FullName;
    private readonly List<FaultResult> _told = [];

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task Each_fault_is_caught_or_not_or_says_nothing()
    {
        (Mutation mutation, string directory) = await RunAsync(["mutated.*"], []);
        Assert.That(mutation.Faults.Select(f => (f.Fault.Id, f.Outcome, f.By)), Is.EqualTo(new[]
        {
            ("sample.degrades", FaultOutcome.Caught, mutation.Faults[0].By),
            ("sample.kills", FaultOutcome.Undecided, null),
            ("sample.nothing", FaultOutcome.Undecided, null),
            ("sample.seen", FaultOutcome.Caught, "mutated.sees"),
            ("sample.unmet", FaultOutcome.Undecided, null),
            ("sample.unseen", FaultOutcome.NotCaught, null),
        }));
        Assert.That(_told, Is.EqualTo(mutation.Faults));
        Assert.That(mutation.LeftOut, Is.EqualTo(new[] { ("mutated.fresh", "it is about a first boot of its own") }));
        Assert.That((mutation.Caught, mutation.NotCaught, mutation.Undecided, mutation.Untried.Count), Is.EqualTo((2, 1, 3, 0)));
        Assert.That((mutation.ExitCodeFor(null), mutation.ExitCodeFor(66), mutation.ExitCodeFor(67)), Is.EqualTo((3, 3, 1)));
        Assert.That(new[] { "mutation.md", "mutation.json", "baseline/events.jsonl", "sample.seen/report.html", "sample.seen/mutated.sees/machine/ssh.log" }.Select(name => Path.Combine(directory, name)), Is.All.Exist);
        Assert.That(Path.Combine(_directory, "latest"), Does.Not.Exist, "it is no run");
        Report seen = DiffCommand.Read(Path.Combine(directory, "sample.seen"));
        Assert.That((seen.Run!.Fault, seen.Run.Run), Is.EqualTo(("sample.seen", "sample.seen")));
    }

    [Test]
    public async Task Whoever_is_near_looks_first_and_ends_it()
    {
        (Mutation mutation, _) = await RunAsync(["mutated.*"], ["sample.seen"]);
        Assert.That((mutation.Faults[0].By, mutation.ExitCodeFor(100)), Is.EqualTo(("mutated.sees", 0)));
        Assert.That(mutation.Faults[0].Ran, Is.EqualTo(1), "the others are not run any more");
    }

    [Test]
    public async Task A_test_that_does_not_pass_without_a_fault_is_left_out()
    {
        (Mutation mutation, _) = await RunAsync(["mutated.blind", "sample.fails.command"], ["sample.unseen"]);
        Assert.That(mutation.Tests, Is.EqualTo(new[] { "mutated.blind" }));
        Assert.That(mutation.LeftOut.Single().Why, Does.StartWith("it is failed without a fault: machine: `ls /no/such/directory`"));
        Assert.That(mutation.Faults.Single().Outcome, Is.EqualTo(FaultOutcome.NotCaught));
    }

    [Test]
    public async Task An_earlier_run_stands_for_the_one_without_a_fault()
    {
        (_, string first) = await RunAsync(["mutated.blind"], ["sample.unseen"]);
        Report earlier = DiffCommand.Read(Path.Combine(first, "baseline"));
        (Mutation mutation, string directory) = await RunAsync(["mutated.blind", "mutated.sees"], ["sample.seen"], earlier);
        Assert.That(Path.Combine(directory, "baseline"), Does.Not.Exist);
        Assert.That((mutation.Faults[0].Outcome, mutation.LeftOut.Single()), Is.EqualTo((FaultOutcome.NotCaught, ("mutated.sees", "it is not in the baseline"))));
        Assert.That(() => MutateCommand.CheckBaseline(earlier, Some.Image()), Throws.Nothing);
        Assert.That(() => MutateCommand.CheckBaseline(earlier, Some.Image() with { Digest = "sha256:1" }), Throws.TypeOf<UsageException>().With.Message.Contains("is a run of another image"));
        Assert.That(() => MutateCommand.CheckBaseline(DiffCommand.Read(Path.Combine(first, "sample.unseen")), Some.Image()), Throws.TypeOf<UsageException>().With.Message.Contains("had the fault sample.unseen"));
    }

    [Test]
    public async Task What_was_stopped_tells_what_is_known_and_what_was_not_tried()
    {
        using var stop = new CancellationTokenSource();
        (Mutation mutation, string directory) = await RunAsync(["mutated.*"], [], stop: stop);
        Assert.That(mutation.Faults.Select(f => f.Fault.Id), Is.EqualTo(new[] { "sample.degrades" }));
        Assert.That(mutation.Untried, Is.EqualTo(new[] { "sample.kills", "sample.nothing", "sample.seen", "sample.unmet", "sample.unseen" }));
        Assert.That((mutation.Stopped, mutation.ExitCodeFor(null)), Is.EqualTo(("interrupted", 3)));
        Assert.That(File.ReadAllText(Path.Combine(directory, "mutation.md")), Does.Contain("It was stopped: interrupted. Not tried: `sample.kills`"));
    }

    [Test]
    public void A_fault_that_is_not_there_is_told_with_the_nearest()
    {
        IReadOnlyList<Fault> all = Suite.Faults;
        Assert.That(() => FaultSelection.From(all, ["sample.unsene"]), Throws.TypeOf<UsageException>().With.Message.Contains("no fault is called \"sample.unsene\"").And.Message.Contains("nearest: sample.unseen"));
        Assert.That(FaultSelection.From(all, ["sample.*seen"]).Select(fault => fault.Id), Is.EqualTo(new[] { "sample.seen", "sample.unseen" }));
        Assert.That(() => FaultSelection.From([], []), Throws.TypeOf<UsageException>());
    }

    [Test]
    public void It_is_told_to_people_and_programs()
    {
        Fault aslr = new() { Id = "security.aslr-off", What = "addresses are not random" };
        var mutation = new Mutation
        {
            Run = "qemu-20261128-101500-4711-mutate",
            Kola = "1.0",
            Platform = "qemu",
            Image = Some.Image(),
            Baseline = "baseline",
            Tests = ["cl.basic", "core.clock"],
            LeftOut = [("boot.loader", "it is about a first boot of its own"), ("core.dns", "it is failed without a fault: no | name")],
            BaselineProblem = "core.dns is broken: the image store is on fire",
            Faults =
            [
                new() { Fault = new() { Id = "clock.year-off", What = "the clock is a year ahead" }, Outcome = FaultOutcome.Caught, By = "core.clock", Message = "core.clock: it is 2027\n  wanted:  2026", Seconds = 12.34, Ran = 1 },
                new() { Fault = new() { Id = "dns.unreachable", What = "no name server answers" }, Outcome = FaultOutcome.Undecided, Message = "cl.basic is broken: machine: fault dns.unreachable could not be injected, or has no effect", Seconds = 3, Ran = 0 },
                new() { Fault = aslr, Outcome = FaultOutcome.NotCaught, Seconds = 61, Ran = 2 },
            ],
            Untried = ["storage.root-full"],
            Stopped = "timeout",
            ElapsedSeconds = 100,
        };
        GoldenFile.Check("mutation.md", MutationText.Markdown(mutation));
        GoldenFile.Check("mutation.json", MutationText.Json(mutation));
        Assert.That(MutationText.Line(mutation.Faults[2], 20).Text, Is.EqualTo("not caught  security.aslr-off     1 min 1 s  addresses are not random"));
        Assert.That(MutationText.Summary(mutation, "_kola/m").Select(line => line.Text).TakeLast(2), Is.EqualTo(new[] { "1 of 2 faults caught by 2 tests (50 %), 1 undecided, in 1 min 40 s", "_kola/m/mutation.md" }));
    }

    private static NUnitSuite Suite => new(typeof(Samples.MutatedTests).Assembly);

    // Two of one process within a second have one name.
    private int _runs;

    private async Task<(Mutation Mutation, string Directory)> RunAsync(string[] tests, string[] faults, Report? baseline = null, CancellationTokenSource? stop = null)
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = FaultRunTests.Guest(), Capacity = new() { Machines = 1, MemoryMiB = 4096, Cpus = 8 } }, TimeProvider.System);
        var target = new Target(Some.Image(), platform, platform.Features);
        (Plan plan, IReadOnlyList<(string Test, string Why)> leftOut) = FaultSelection.Mutable(Plan.For(Suite.Explore(), new Selection { Patterns = tests }, PlanCommand.SettingOf(target)));
        using var interruptions = Interruptions.Of(stop?.Token ?? CancellationToken.None);
        var run = new MutationRun(target, Suite, new RunSettings { Output = Path.Combine(_directory, $"{_runs++}"), Quiet = true }, interruptions)
        {
            CommandLine = ["kola", "mutate"],
            Baseline = baseline,
            Tell = result =>
            {
                _told.Add(result);
                stop?.Cancel();
            },
        };
        return await run.ExecuteAsync(plan, leftOut, FaultSelection.From(Suite.Faults, faults));
    }
}
