using System.Globalization;
using System.Text;
using System.Text.Json;
using Kola.Planning;
using Kola.Scheduling;

namespace Kola.Cli;

/// <summary>What <c>kola plan</c> prints, of a plan and how it is expected to go.</summary>
internal sealed record PlanText
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, NewLine = "\n" };

    internal required Plan Plan { get; init; }

    internal required Forecast Forecast { get; init; }

    internal required Capacity Capacity { get; init; }

    internal required int Seed { get; init; }

    /// <summary>How many runs the history has.</summary>
    internal required int Runs { get; init; }

    /// <summary>The templates the forecast was made with.</summary>
    internal required TemplatePlan Templates { get; init; }

    /// <summary>What it costs at worst.</summary>
    internal required WorstCase Worst { get; init; }

    private int ToRun => Plan.ToRun.Count();

    /// <summary>Tests in the order they would begin, with when they would begin and end; then those to skip, and why.</summary>
    internal string ForPeople()
    {
        var tests = Plan.Tests.ToDictionary(t => t.Case.Id);
        int width = Plan.Tests.Select(t => t.Case.Id.Length).DefaultIfEmpty().Max();
        var text = new StringBuilder();
        if (Forecast.Turns.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $"         from        to\n");
        foreach (ForecastTurn turn in Forecast.Turns)
            text.Append(CultureInfo.InvariantCulture, $"{(turn.IsTemplate ? "make" : "run ")}  {Clock(turn.Start),7}   {Clock(turn.End),7}  {(turn.IsTemplate ? "a template" : turn.Id).PadRight(width)}  {(turn.IsTemplate ? Gated(turn) : tests[turn.Id].Case.Sentence + ByPolicy(tests[turn.Id]))}\n");
        foreach (PlannedTest test in Plan.Tests.Where(t => t.Skip is not null))
            text.Append(CultureInfo.InvariantCulture, $"skip                     {test.Case.Id.PadRight(width)}  {test.Skip!.Reason}. {test.Skip.Remedy}\n");
        text.Append(CultureInfo.InvariantCulture, $"{Plan.Tests.Count} tests: {ToRun} to run, {Plan.Tests.Count - ToRun} to skip; {Plan.ToRun.Sum(t => t.Machines.Count)} machines\n");
        if (ToRun > 0)
            text.Append(CultureInfo.InvariantCulture, $"expected length {Clock(Forecast.Seconds)} with {Offered()}: {Source()}; --seed {Seed}\n{Worst}, every test to its deadline; retries and --parity come on top\n");
        return text.ToString();
    }

    /// <summary>The same as one JSON object.</summary>
    internal string ForPrograms() => JsonSerializer.Serialize(
        new
        {
            tests = Plan.Tests.Select(t => new { id = t.Case.Id, sentence = t.Case.Sentence, machines = t.Case.Machines.Select(m => m.Name), skip = t.Skip, known = t.Known, enforced = t.Enforced }),
            turns = Forecast.Turns.Select(t => new { id = t.Id, kind = t.IsTemplate ? "template" : "test", host = t.Host, startSeconds = Rounded(t.Start), endSeconds = Rounded(t.End) }),
            expectedSeconds = Rounded(Forecast.Seconds),
            historyRuns = Runs,
            testsWithHistory = Forecast.Known,
            seed = Seed,
            atWorst = new { machines = Worst.Machines, machineHours = Rounded(Worst.MachineHours) },
        },
        s_json) + "\n";

    // 1:05:09, or 5:09
    private static string Clock(double seconds)
    {
        var time = TimeSpan.FromSeconds(Math.Ceiling(Math.Round(seconds, 3)));
        return time.TotalHours < 1 ? $"{time.Minutes}:{time.Seconds:00}" : string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}");
    }

    private static string ByPolicy(PlannedTest test) => test.Enforced ? " (has to pass)"
        : test.Known is { } known ? string.Create(CultureInfo.InvariantCulture, $" (known to fail, until {known.Until:yyyy-MM-dd}: {known.Because})")
        : "";

    private static double Rounded(double seconds) => Math.Round(seconds, 3);

    private string Gated(ForecastTurn template) => $"For {Counted(Plan.ToRun.Count(t => Templates.KeysOf(t).Contains(template.Id)), "test")}";

    private string Offered() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(double.IsFinite(Capacity.Cpus) ? $"{Capacity.Cpus:0.##} cores" : $"{Capacity.Machines} machines")} and {Capacity.MemoryMiB} MiB");

    private string Source() => Forecast.Known switch
    {
        0 => "no history: by Minutes, the most each may take",
        var known when known == ToRun => $"from the history of {Counted(Runs, "run")}",
        var known => $"from the history of {Counted(Runs, "run")}; {Counted(ToRun - known, "test")} without: by Minutes, the most each may take",
    };

    private static string Counted(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
