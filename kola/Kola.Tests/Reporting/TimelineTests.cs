using Kola.Reporting;

namespace Kola.Tests.Reporting;

/// <summary>Where the time of a test went.</summary>
public sealed class TimelineTests
{
    private static readonly DateTimeOffset s_turn = new(2026, 11, 22, 18, 15, 0, TimeSpan.Zero);

    [Test]
    public void Every_part_is_there_with_its_time()
    {
        Timeline timeline = Timeline.Of(Report.Of(Story()).Tests.Single().Attempts.Single());
        Assert.That(timeline.Parts.Select(p => (p.Kind, p.Machine, p.Start, p.Seconds, p.Bad)), Is.EqualTo(new[]
        {
            ("template", null, -12.0, 12.0, false),
            ("boot", "spoke", 1.0, 89.0, true),
            ("boot", "hub", 1.0, 8.0, false),
            ("settle", "hub", 9.0, 2.0, false),
            ("step", null, 11.0, 20.0, true),
            ("command", "hub", 12.0, 3.0, true),
            ("wait", "hub", 20.0, 10.0, true),
            ("collecting", null, 31.0, 5.0, false),
            ("disposal", null, 36.0, 54.0, false),
        }));
        Assert.That(timeline.Slowest.First().What, Is.EqualTo("boot, never ready"));
    }

    [Test]
    public void It_is_told_test_by_test() =>
        GoldenFile.Check("story.txt", string.Concat(TestStory.Lines(Report.Of(Story()), "cl.tunnel", "_kola/latest").Select(l => l.Text + "\n")));

    [Test]
    public void Every_test_of_a_run_can_be_told()
    {
        Report report = Report.Of(RichRun.Events);
        foreach (TestReport test in report.Tests)
            Assert.That(TestStory.Lines(report, test.Id, null).First().Text, Does.StartWith($"{test.Id}: "));
    }

    [Test]
    public void A_test_that_is_not_there_is_wrong_use() =>
        Assert.That(() => TestStory.Lines(Report.Of(Story()), "tunnel", null), Throws.TypeOf<UsageException>().With.Message.Contains("there are cl.tunnel"));

    private static RunEvent[] Story()
    {
        const string Test = "cl.tunnel";
        return
        [
            .. new Happened().Start().Plan(Test).Events,
            new TestStarted { At = At(0), Test = Test, Attempt = 1, DeadlineSeconds = 600, WaitedSeconds = 12, WaitedFor = "template 0b5e3f6a9c21" },
            new MachineStarted { At = At(1), Test = Test, Machine = "hub", Address = "127.0.0.1:1", Directory = "cl.tunnel/hub" },
            new MachineStarted { At = At(1), Test = Test, Machine = "spoke", Address = "127.0.0.1:2", Directory = "cl.tunnel/spoke" },
            new MachineReady { At = At(11), Test = Test, Machine = "hub", BootId = "b", ElapsedSeconds = 10, LoginSeconds = 8, Boot = 0 },
            new CommandRan { At = At(15), Test = Test, Machine = "hub", Command = "ping -c 3 10.90.0.1", ExitCode = null, ElapsedSeconds = 3 },
            new WaitEnded { At = At(30), Test = Test, Machine = "hub", For = "the spoke", Held = false, ElapsedSeconds = 10, LastSeen = "nothing\nat all" },
            new StepEnded { At = At(31), Test = Test, Attempt = 1, Step = "cl.tunnel/Ping", Outcome = Outcome.Failed, Message = "no", ElapsedSeconds = 20 },
            new EvidenceKept { At = At(36), Test = Test, Machine = "hub", What = "dmesg", File = "cl.tunnel/hub/dmesg.txt", By = "ssh" },
            new MachineEnded { At = At(90), Test = Test, Machine = "hub", PlatformFault = false, Detail = "disposed" },
            new MachineEnded { At = At(90), Test = Test, Machine = "spoke", PlatformFault = false, Detail = "disposed" },
            new TestEnded { At = At(90), Test = Test, Attempt = 1, Outcome = Outcome.Failed, Message = "hub: no answer\n  wanted:  one", ElapsedSeconds = 90 },
            new RunEnded { At = At(91), ElapsedSeconds = 91 },
        ];
    }

    private static DateTimeOffset At(double seconds) => s_turn.AddSeconds(seconds);
}
