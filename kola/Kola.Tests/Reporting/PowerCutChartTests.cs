using System.Xml.Linq;
using Kola.Reporting;

namespace Kola.Tests.Reporting;

/// <summary>Power cuts as the report draws them.</summary>
public sealed class PowerCutChartTests
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 28, 8, 0, 0, TimeSpan.Zero);

    [Test]
    public void Each_cut_is_a_dot_in_the_row_of_its_phase_and_shows_how_its_part_of_the_test_ended()
    {
        AttemptReport attempt = Attempt([Cut(0, "copy", 100), Cut(2, "copy", 200), Cut(4, "bits <&>", 300), Cut(6, null, 400)], [Step(1, Outcome.Passed), Step(3, Outcome.Failed), Step(5, Outcome.Passed)]);
        var svg = XDocument.Parse(PowerCutChart.Render(attempt, "update.power-cut"));
        (string?, string?)[] dots = [.. svg.Descendants().Where(e => e.Name.LocalName == "circle").Select(c => ((string?)c.Attribute("class"), (string?)c.Attribute("cy")))];
        Assert.That(dots.Select(d => d.Item1), Is.EqualTo(new[] { "held", "broke", "held", "unknown" }));
        Assert.That(dots.Select(d => d.Item2).Distinct().Count(), Is.EqualTo(3), "rows");
        Assert.That(svg.Descendants().Where(e => e.Name.LocalName == "title").Select(t => t.Value), Has.Some.EqualTo("after write 200 of 400, unflushed writes lost"));
        Assert.That(PowerCutChart.Said(attempt), Is.EqualTo("4 power cuts: copy 2, bits <&> 1, no phase named 1; 2 held, 1 did not, 1 were not looked at by a step"));
    }

    [Test]
    public void It_is_written_beside_the_machines_and_linked_by_the_reports()
    {
        string directory = Directory.CreateTempSubdirectory("kola-cuts-").FullName;
        try
        {
            const string Test = "update.power-cut";
            IReadOnlyList<RunEvent> events = new Happened().Start().Plan(Test).Begin(Test).Boot(Test, "machine").Add(Cut(0, "copy", 100)).End(Test, Outcome.Passed).Finish().Events;
            var report = Report.Of(events);
            Assert.That(report.Tests.Single().Attempts.Single().PowerCuts, Has.Count.EqualTo(1));
            Rendering.WriteAll(report, directory);
            Assert.That(File.Exists(Path.Combine(directory, Test, RunDirectory.PowerCutsFile)));
            Assert.That(File.ReadAllText(Path.Combine(directory, RunDirectory.JUnitFile)), Does.Contain($"{Test}/{RunDirectory.PowerCutsFile}"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static AttemptReport Attempt(PowerWasCut[] cuts, StepEnded[] steps) => new() { Number = 1, Outcome = Outcome.Failed, PowerCuts = cuts, Steps = steps };

    private static PowerWasCut Cut(int minute, string? phase, int entry) => new()
    {
        At = s_start.AddMinutes(minute), Test = "update.power-cut", Machine = "machine", Attempt = 1, Phase = phase, Entry = entry, Recorded = 400, Lost = "unflushed writes lost", ElapsedSeconds = 1,
    };

    private static StepEnded Step(int minute, Outcome outcome) =>
        new() { At = s_start.AddMinutes(minute), Test = "update.power-cut", Attempt = 1, Step = $"step-{minute}", Outcome = outcome, ElapsedSeconds = 1 };
}
