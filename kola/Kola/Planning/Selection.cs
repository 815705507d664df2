using System.IO.Enumeration;
using Kola.Discovery;

namespace Kola.Planning;

/// <summary>What a person asked for.</summary>
public sealed record Selection
{
    /// <summary>Globs over ids (<c>cl.*</c>, <c>?</c> and <c>*</c>); none selects every test.</summary>
    public IReadOnlyList<string> Patterns { get; init; } = [];

    /// <summary>Globs over ids to leave out.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Tags of which a test must have one; none asks for none.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The selected tests, in the catalog's order.</summary>
    /// <exception cref="UsageException">A pattern or a tag selects nothing: most likely a typing error, and an empty run must not look like a good one.</exception>
    public IReadOnlyList<TestCase> From(Catalog catalog)
    {
        foreach (string pattern in Patterns.Where(p => !catalog.Cases.Any(c => Matches(p, c))))
            throw new UsageException($"no test is called \"{pattern}\"\n  wanted:  an id, or a glob over ids such as cl.*{Nearest(pattern, catalog)}\n  next:    kola list");
        foreach (string tag in Tags.Where(t => !catalog.Cases.Any(c => c.Tags.Contains(t))))
            throw new UsageException($"no test has the tag \"{tag}\"\n  wanted:  one of {string.Join(", ", catalog.Cases.SelectMany(c => c.Tags).Distinct().Order())}");
        TestCase[] selected =
        [
            .. catalog.Cases
                .Where(c => Patterns.Count == 0 || Patterns.Any(p => Matches(p, c)))
                .Where(c => Tags.Count == 0 || c.Tags.Any(Tags.Contains))
                .Where(c => !Exclude.Any(p => Matches(p, c))),
        ];
        return selected.Length > 0 ? selected : throw new UsageException(
            "nothing is selected\n  wanted:  at least one test\n  next:    kola list");
    }

    private static bool Matches(string pattern, TestCase test) =>
        FileSystemName.MatchesSimpleExpression(pattern, test.Id, ignoreCase: false) || (test.Formerly is { } old && FileSystemName.MatchesSimpleExpression(pattern, old, ignoreCase: false));

    private static string Nearest(string pattern, Catalog catalog)
    {
        string? nearest = catalog.Cases.Select(c => c.Id).MinBy(id => Distance(pattern, id));
        return nearest is not null && Distance(pattern, nearest) <= Math.Max(3, pattern.Length / 3) ? $"\n  nearest: {nearest}" : "";
    }

    // Levenshtein's edit distance, one row at a time.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
