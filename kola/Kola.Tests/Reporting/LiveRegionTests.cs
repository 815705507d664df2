using Kola.Reporting;

namespace Kola.Tests.Reporting;

/// <summary>What a person sees of a run that goes on.</summary>
public sealed class LiveRegionTests
{
    [Test]
    public void It_says_what_runs_what_waits_and_what_failed_last()
    {
        Happened run = new Happened().Start().Plan("cl.basic").Plan("cl.swap").Plan("cl.verity").Plan("cl.users").Plan("cl.update").Plan("cl.tpm", "no TPM")
            .Begin("cl.basic").Boot("cl.basic", "machine").End("cl.basic", Outcome.Failed, "machine: `true` ended\nmore")
            .Begin("cl.swap").Boot("cl.swap", "machine");
        Assert.That(Shown(run), Is.EqualTo(new[]
        {
            "1 of 5 tests: 1 failed    1 min 0 s",
            "  ▶ cl.swap      49.0 s  machine is ready",
            "  … 3 wait: cl.verity, cl.users, cl.update",
            "  ✗ cl.basic: machine: `true` ended",
        }));
    }

    [Test]
    public void A_retry_is_no_further_test_and_a_pass_on_it_is_flaky()
    {
        Happened run = new Happened().Start().Plan("cl.basic").Begin("cl.basic").End("cl.basic", Outcome.Failed, "no").Begin("cl.basic", 2).End("cl.basic", Outcome.Passed, attempt: 2);
        Assert.That(Shown(run)[0], Does.StartWith("1 of 1 test: 1 flaky "));
    }

    [Test]
    public void What_becomes_a_template_is_shown_while_it_boots()
    {
        Happened run = new Happened().Start().Plan("cl.basic").Boot("template/0b5e3f6a9c21", "machine");
        Assert.That(Shown(run)[1], Does.StartWith("  ▶ template/0b5e3f6a9c21"));
        run.Add(at => new MachineEnded { At = at, Test = "template/0b5e3f6a9c21", Machine = "machine", PlatformFault = false, Detail = "disposed" });
        Assert.That(Shown(run)[1], Does.StartWith("  … 1 waits"));
    }

    [Test]
    public void Lines_are_cut_and_few_enough_for_the_terminal()
    {
        Happened run = new Happened().Start();
        for (int i = 0; i < 40; i++)
            run.Plan($"cl.test{i}").Begin($"cl.test{i}");
        IReadOnlyList<ReportLine> lines = Region(run).Lines(run.Events[^1].At, 20, 8);
        Assert.That(lines, Has.Count.AtMost(8));
        Assert.That(lines.Select(line => line.Text.Length), Is.All.AtMost(20));
    }

    private static string[] Shown(Happened run) => [.. Region(run).Lines(run.Events[0].At.AddMinutes(1), 80, 10).Select(line => line.Text)];

    private static LiveRegion Region(Happened run)
    {
        var region = new LiveRegion();
        foreach (RunEvent happened in run.Events)
            region.Take(happened);
        return region;
    }
}
