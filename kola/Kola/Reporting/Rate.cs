using System.Globalization;

namespace Kola.Reporting;

/// <summary>How often something happened, and between what its true share lies with 95 % confidence.</summary>
/// <param name="Hits">How often it happened; 0 to <paramref name="Trials"/>.</param>
/// <param name="Trials">How often it could have; 0 says nothing at all.</param>
public readonly record struct Rate(int Hits, int Trials)
{
    // Two-sided 95 % of the normal distribution.
    private const double Z = 1.959964;

    /// <summary>0 to 1; 0 without a trial.</summary>
    public double Share => Trials == 0 ? 0 : Hits / (double)Trials;

    /// <summary>Lower end of Wilson's score interval (1927), which holds for few trials and for shares near 0 and 1, too.</summary>
    public double Low => Hits == 0 ? 0 : Bound(-1);

    /// <summary>Upper end of the same.</summary>
    public double High => Hits == Trials ? 1 : Bound(1);

    /// <summary><c>3 of 20, 15 % (95 %: 5.2–36 %)</c></summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Hits} of {Trials}, {Percent(Share)} % (95 %: {Percent(Low)}–{Percent(High)} %)");

    private double Bound(int sign)
    {
        if (Trials == 0)
            return sign < 0 ? 0 : 1;
        double n = Trials, p = Share, z = Z * Z;
        return (p + z / (2 * n) + sign * Z * Math.Sqrt(p * (1 - p) / n + z / (4 * n * n))) / (1 + z / n);
    }

    private static string Percent(double share) => (share * 100).ToString(share is > 0 and < 0.1 ? "0.#" : "0", CultureInfo.InvariantCulture);
}
