namespace Kola.Reporting;

/// <summary>The little mathematics that comparing durations takes.</summary>
internal static class Statistics
{
    /// <summary>Values on both sides together up to which U's distribution is counted out; beyond, the normal one is near enough.</summary>
    internal const int MostExact = 40;

    /// <summary>The middle one, the mean of two.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>
    /// Two-sided p of the Mann–Whitney U test (1947): exact where no two values are equal and there are at most <see cref="MostExact"/>, else by the normal
    /// distribution with correction for ties and continuity.
    /// </summary>
    internal static double MannWhitney(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        int m = first.Count, n = second.Count;
        (double Value, bool First)[] all = [.. first.Select(value => (value, true)).Concat(second.Select(value => (value, false))).OrderBy(value => value.value)];
        double ranks = 0, ties = 0;
        for (int i = 0, next; i < all.Length; i = next)
        {
            for (next = i; next < all.Length && all[next].Value.Equals(all[i].Value);)
                next++;
            double rank = (i + 1 + next) / 2.0, equal = next - i;
            ranks += rank * all[i..next].Count(value => value.First);
            ties += equal * equal * equal - equal;
        }

        double u = ranks - m * (m + 1) / 2.0;
        double least = Math.Min(u, m * (double)n - u);
        return ties == 0 && m + n <= MostExact ? Exact(m, n, (int)Math.Round(least)) : Normal(m, n, least, ties);
    }

    /// <summary>The least two-sided p so many values can give: all of one side beyond all of the other.</summary>
    internal static double LeastP(int m, int n) => m + n <= MostExact ? Exact(m, n, 0) : Normal(m, n, 0, 0);

    /// <summary>Two-sided p of a standard normal value.</summary>
    internal static double TwoSided(double z) => Math.Min(1, Erfc(Math.Abs(z) / Math.Sqrt(2)));

    /// <summary>Each p as the least false discovery rate at which it would still be called a discovery (Benjamini and Hochberg, 1995).</summary>
    internal static double[] BenjaminiHochberg(IReadOnlyList<double> p)
    {
        double[] adjusted = new double[p.Count];
        double least = 1;
        int rank = p.Count;
        foreach (int i in Enumerable.Range(0, p.Count).OrderByDescending(i => p[i]))
        {
            least = Math.Min(least, p[i] * p.Count / rank--);
            adjusted[i] = least;
        }

        return adjusted;
    }

    // How many of the orders of m and n values have a U of at most u: counts[k] of m values among n, built up one value at a time.
    private static double Exact(int m, int n, int u)
    {
        double[] counts = new double[m * n + 1];
        counts[0] = 1;
        for (int i = 1; i <= m; i++)
        {
            // The generating function is the product of (1 - x^(n+i)) / (1 - x^i).
            for (int k = counts.Length - 1; k >= n + i; k--)
                counts[k] -= counts[k - n - i];
            for (int k = i; k < counts.Length; k++)
                counts[k] += counts[k - i];
        }

        return Math.Min(1, 2 * counts.Take(u + 1).Sum() / counts.Sum());
    }

    private static double Normal(int m, int n, double u, double ties)
    {
        double all = m + n, middle = m * (double)n / 2;
        double variance = m * (double)n / 12 * (all + 1 - ties / (all * (all - 1)));
        return variance <= 0 ? 1 : TwoSided(Math.Max(0, middle - u - 0.5) / Math.Sqrt(variance));
    }

    // Chebyshev fit of Numerical Recipes' erfc, relative error below 1.2e-7 everywhere.
    private static double Erfc(double x)
    {
        double t = 1 / (1 + x / 2);
        double[] c = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
        return t * Math.Exp(-x * x + c.Reverse().Aggregate((sum, next) => sum * t + next));
    }
}
