using System.Globalization;

namespace Kola.Reporting;

/// <summary>
/// Which tests take longer or shorter than they did. With <see cref="Enough"/> passes or more on each side of every test judged, by the Mann–Whitney U test;
/// else each test's ratio is held against those of all tests of the same two sides.
/// </summary>
public sealed record TimeDiff
{
    /// <summary>Passes a side from which a test is judged on its own.</summary>
    public const int Enough = 4;

    /// <summary>Tests that must have passed on both sides before their ratios are a distribution.</summary>
    public const int Fewest = 8;

    /// <summary>Share of false alarms among what is called slower or faster (Benjamini and Hochberg, 1995).</summary>
    public const double Level = 0.05;

    // A run whose tests all kept to a hundredth would call two hundredths remarkable.
    private const double Tightest = 0.05;

    /// <summary>How it was judged, and what that is worth: sentences for people.</summary>
    public required string Method { get; init; }

    /// <summary>How many tests passed on both sides and could be judged.</summary>
    public int Judged { get; init; }

    /// <summary>How much slower the new side was on the whole: the median of all tests' ratios; 1 when nothing was judged.</summary>
    public double Shift { get; init; } = 1;

    /// <summary>Those that take longer, the surest first.</summary>
    public IReadOnlyList<TimeChange> Slower { get; init; } = [];

    /// <summary>Those that take less long, the surest first.</summary>
    public IReadOnlyList<TimeChange> Faster { get; init; } = [];

    internal static TimeDiff Of(IReadOnlyDictionary<string, double[]> before, IReadOnlyDictionary<string, double[]> after)
    {
        (string Test, double[] Old, double[] New)[] both = [.. before.Keys.Where(after.ContainsKey).Order(StringComparer.Ordinal).Select(id => (id, before[id], after[id]))];
        double shift = both.Length == 0 ? 1 : Math.Exp(Statistics.Median(both.Select(LogRatio)));
        (string, double[], double[])[] many = [.. both.Where(test => test.Old.Length >= Enough && test.New.Length >= Enough)];
        if (many.Length > 0)
            return ByRank(many, shift, both.Length - many.Length);
        return both.Length >= Fewest ? ByRatio(both, shift) : new TimeDiff
        {
            Method = string.Create(CultureInfo.InvariantCulture, $"Times are not judged: {PlainText.Count(both.Length, "test")} passed on both sides, and {Fewest} would be needed, or {Enough} runs a side."),
            Shift = shift,
        };
    }

    private static TimeDiff ByRank((string Test, double[] Old, double[] New)[] tests, double shift, int few)
    {
        double[] p = [.. tests.Select(test => Statistics.MannWhitney(test.Old, test.New))];
        double least = tests.Min(test => Statistics.LeastP(test.Old.Length, test.New.Length));
        string hidden = least * tests.Length <= Level ? "" : string.Create(CultureInfo.InvariantCulture,
            $" With so few runs no p is below {least:0.####}: of {tests.Length} tests at least {Math.Ceiling(least * tests.Length / Level):0} must differ that clearly before any is called so; more runs a side see more.");
        return Sorted(tests, p, shift, string.Create(CultureInfo.InvariantCulture,
            $"Mann–Whitney U of each test's passes, two-sided (exact without ties up to {Statistics.MostExact} passes, else normal with tie correction), false discovery rate {Level:0.##} over {PlainText.Count(tests.Length, "test")} (Benjamini–Hochberg).{(few == 0 ? "" : $" {PlainText.Count(few, "test")} with fewer than {Enough} passes a side not judged.")}{hidden} That one side's host was slower is not taken out: all tests together took ×{shift:0.00}."));
    }

    private static TimeDiff ByRatio((string Test, double[] Old, double[] New)[] tests, double shift)
    {
        double[] ratios = [.. tests.Select(test => LogRatio(test) - Math.Log(shift))];
        // 1.4826: makes the median absolute deviation of a normal distribution its standard deviation.
        double spread = Math.Max(Tightest, 1.4826 * Statistics.Median(ratios.Select(Math.Abs)));
        double[] p = [.. ratios.Select(ratio => Statistics.TwoSided(ratio / spread))];
        return Sorted(tests, p, shift, string.Create(CultureInfo.InvariantCulture,
            $"Fewer than {Enough} passes a side: each test's ratio is held against those of all {tests.Length}, the whole's shift (×{shift:0.00}) taken out, spread {spread:0.00} (median absolute deviation of the logarithms, 0.05 at least), false discovery rate {Level:0.##} (Benjamini–Hochberg). This finds what stands out, and cannot tell a slower test from a slow moment of its host; {Enough} runs a side can."));
    }

    private static TimeDiff Sorted((string Test, double[] Old, double[] New)[] tests, double[] p, double shift, string method)
    {
        double[] q = Statistics.BenjaminiHochberg(p);
        TimeChange[] clear = [.. tests.Select((test, i) => new TimeChange(test.Test, Statistics.Median(test.Old), Statistics.Median(test.New), p[i], q[i]))
            .Where(change => change.Q <= Level).OrderBy(change => change.P).ThenBy(change => change.Test, StringComparer.Ordinal)];
        // Slower or faster than the rest, where only the rest is a measure; on its own where it is.
        bool alone = tests[0].Old.Length >= Enough && tests[0].New.Length >= Enough;
        double than = alone ? 1 : shift;
        return new TimeDiff { Method = method, Judged = tests.Length, Shift = shift, Slower = [.. clear.Where(change => change.Ratio > than)], Faster = [.. clear.Where(change => change.Ratio < than)] };
    }

    private static double LogRatio((string Test, double[] Old, double[] New) test) => Math.Log(Statistics.Median(test.New) / Statistics.Median(test.Old));
}

/// <summary>A test that takes longer or less long.</summary>
/// <param name="Test">Its id.</param>
/// <param name="BeforeSeconds">Median of its passes on the base side.</param>
/// <param name="AfterSeconds">Median of its passes on the new side.</param>
/// <param name="P">How likely so much difference is where there is none.</param>
/// <param name="Q">The same, corrected for how many tests were judged.</param>
public sealed record TimeChange(string Test, double BeforeSeconds, double AfterSeconds, double P, double Q)
{
    /// <summary>How many times as long it takes: 2 for twice.</summary>
    public double Ratio => AfterSeconds / BeforeSeconds;
}
