using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Kola.Policies;

/// <summary>
/// Versions of an image, as <c>&gt;=4400.0.0 &lt;4500</c>: comparisons parted by spaces, all of which have to hold. Numbers that are left out are 0;
/// what follows a <c>+</c> or a <c>-</c> in a version (<c>4459.0.0+nightly-20260821</c>) names a build and is not compared.
/// </summary>
public sealed partial record VersionRange
{
    private readonly IReadOnlyList<(string Sign, Version Bound)> _bounds;

    private VersionRange(IReadOnlyList<(string Sign, Version Bound)> bounds) => _bounds = bounds;

    /// <summary>Reads a range.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="range">The range; null when there is a problem.</param>
    /// <param name="problem">What is wrong with the text; null when it is a range.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out VersionRange? range, [NotNullWhen(false)] out string? problem)
    {
        var bounds = new List<(string, Version)>();
        (range, problem) = (null, null);
        foreach (string part in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Match match = Comparison().Match(part);
            if (!match.Success || NumberOf(match.Groups[2].Value) is not { } bound)
            {
                problem = $"\"{part}\" is no comparison";
                return false;
            }

            bounds.Add((match.Groups[1].Value, bound));
        }

        if (bounds.Count == 0)
            problem = "no comparison";
        else if (IsEmpty(bounds))
            problem = "no version is in it";
        else
            range = new VersionRange(bounds);
        return range is not null;
    }

    /// <summary>Whether a version is in the range; null for a text that is no version, and for none.</summary>
    public bool? Holds(string? version) => version is not null && NumberOf(version.Split('+', '-')[0]) is { } number ? Holds(number) : null;

    /// <summary>A version's four numbers, for putting versions in order; null for a text that is no version.</summary>
    internal static Version? NumberOf(string version)
    {
        string[] parts = version.Split('.');
        if (parts.Length is 0 or > 4)
            return null;
        int[] numbers = new int[4];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
                return null;
        }

        return new Version(numbers[0], numbers[1], numbers[2], numbers[3]);
    }

    private bool Holds(Version version) => _bounds.All(bound => Holds(version, bound.Sign, bound.Bound));

    private static bool Holds(Version version, string sign, Version bound) => sign switch
    {
        ">=" => version >= bound,
        ">" => version > bound,
        "<=" => version <= bound,
        "<" => version < bound,
        _ => version == bound,
    };

    // Where a range holds anything, it holds one of its bounds or a neighbour of one.
    private static bool IsEmpty(List<(string Sign, Version Bound)> bounds) => !bounds
        .SelectMany(bound => new[] { bound.Bound, Beside(bound.Bound, 1), Beside(bound.Bound, -1) })
        .OfType<Version>()
        .Any(candidate => bounds.All(bound => Holds(candidate, bound.Sign, bound.Bound)));

    private static Version? Beside(Version version, int step)
    {
        int[] numbers = [version.Major, version.Minor, version.Build, version.Revision];
        for (int i = 3; i >= 0; i--)
        {
            if (step > 0 ? numbers[i] < int.MaxValue : numbers[i] > 0)
            {
                numbers[i] += step;
                return new Version(numbers[0], numbers[1], numbers[2], numbers[3]);
            }

            numbers[i] = step > 0 ? 0 : int.MaxValue;
        }

        return null;
    }

    // >=4400.0.0        <4500        =4459.2.1
    [GeneratedRegex(@"^(>=|<=|>|<|=)([0-9]+(?:\.[0-9]+){0,3})$")]
    private static partial Regex Comparison();
}
