using Kola.Reporting;

namespace Kola.Tests.Reporting;

/// <summary>Parts of the summary that most runs do not have.</summary>
public sealed class SummaryTests
{
    [Test]
    public void A_policys_gate_is_told_with_what_closed_it()
    {
        Happened run = new Happened().Start()
            .Add(at => new PolicyRead { At = at, File = "kola-policy.yaml", Digest = "sha256:0", Gate = new GateRule { Flaky = 0 } })
            .Plan("cl.basic").Begin("cl.basic").End("cl.basic", Outcome.Failed, "machine: no")
            .Begin("cl.basic", 2).End("cl.basic", Outcome.Passed, attempt: 2).Finish();
        string text = SummaryReport.Render(Report.Of(run.Events), null);
        Assert.That(text, Does.Contain("gate of kola-policy.yaml: closed\n  1 test flaky, and at most 0 may be: cl.basic\n"));
        Assert.That(text, Does.Contain("\nfailed: 1 test "));
    }

    [Test]
    public void Rates_of_a_stress_run_are_told_worst_first()
    {
        var run = new Happened();
        run.Start();
        RunStarted started = (RunStarted)run.Events[0] with { Stress = 2 };
        run.Plan("cl.good").Plan("cl.bad");
        for (int i = 1; i <= 2; i++)
            run.Begin("cl.good", i).End("cl.good", Outcome.Passed, attempt: i).Begin("cl.bad", i).End("cl.bad", i == 1 ? Outcome.Passed : Outcome.Failed, "machine: no", attempt: i);
        string text = SummaryReport.Render(Report.Of([started, .. run.Finish().Events.Skip(1)]), null);
        Assert.That(text, Does.Contain("failures in repetitions:\n  cl.bad: 1 of 2, 50 % (95 %: 9.5–91 %)\n  cl.good: 0 of 2, 0 % (95 %: 0–66 %)\n"));
    }
}
