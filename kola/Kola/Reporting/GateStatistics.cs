using System.Globalization;

namespace Kola.Reporting;

/// <summary>What results prove and what they do not, in numbers; pure arithmetic on counts.</summary>
public static class GateStatistics
{
    private const int Named = 10;

    // A test that is as good as broken, and one that is as good as sound: between these a gate has to tell.
    private const double Bad = 0.8;
    private const double Fine = 0.01;

    /// <summary>The share of runs in which a test gets through that fails with some probability and is tried a number of times.</summary>
    /// <param name="failing">Probability that an attempt fails, 0 to 1.</param>
    /// <param name="tries">Attempts it has; at least 1.</param>
    public static double GetsThrough(double failing, int tries) => 1 - Math.Pow(failing, tries);

    /// <summary>One line each.</summary>
    /// <param name="tests">All tests of all places.</param>
    /// <param name="tries">Most attempts a test was allowed.</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<TestReport> tests, int tries)
    {
        List<string> lines = [];
        TestReport[] judged = [.. tests.Where(test => test.Stress is null && test.Outcome is Outcome.Passed or Outcome.Flaky or Outcome.Failed or Outcome.Known)];
        if (judged.Length > 0)
        {
            lines.Add($"flaky tests: {new Rate(judged.Count(test => test.Outcome == Outcome.Flaky), judged.Length)}");
            lines.Add($"first attempts that did not pass: {new Rate(judged.Count(test => test.Attempts is [{ Outcome: not Outcome.Passed }, ..]), judged.Length)}");
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{(judged.Length == 1 ? "1 test that fails 1 % of the time passes at its" : $"{judged.Length} tests that each fail 1 % of the time all pass at their")} first attempt in {Percent(Math.Pow(1 - Fine, judged.Length))} % of runs"));
        }

        lines.Add(string.Create(CultureInfo.InvariantCulture, $"with {Retries(tries)} a test that fails 80 % of the time gets through in {Percent(GetsThrough(Bad, tries))} % of runs, in {Percent(GetsThrough(Bad, tries) - GetsThrough(Bad, 1))} % as flaky"));
        TestReport[] stressed = [.. tests.Where(test => test.Stress is not null).OrderByDescending(test => test.Stress!.Value.Share)];
        lines.AddRange(stressed.Take(Named).Select(test => $"stress: {test.Id} failed {test.Stress}"));
        if (stressed.Length > Named)
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"stress: {stressed.Length - Named} more, none of which failed more often"));
        return lines;
    }

    private static string Retries(int tries) => tries switch
    {
        1 => "no retry",
        2 => "1 retry",
        _ => string.Create(CultureInfo.InvariantCulture, $"{tries - 1} retries"),
    };

    private static string Percent(double share) => (share * 100).ToString("0.#", CultureInfo.InvariantCulture);
}
