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

    /// <summary>The part of them this is for; null for all.</summary>
    public Shard? Shard { get; init; }

    /// <summary>The selected tests, in the catalog's order: those of the shard, which may be none.</summary>
    /// <exception cref="UsageException">A pattern or a tag selects nothing: most likely a typing error, and an empty run must not look like a good one.</exception>
    public IReadOnlyList<TestCase> From(Catalog catalog)
    {
        IReadOnlyList<TestCase> all = AllFrom(catalog);
        return Shard is null ? all : [.. all.Where(test => Shard.Holds(test.Id))];
    }

    /// <summary>What all shards of this selection agree in; null for a selection that has none.</summary>
    /// <exception cref="UsageException">As of <see cref="From"/>.</exception>
    public string? DigestOf(Catalog catalog) => Shard is null ? null : Kola.Shard.DigestOf(AllFrom(catalog).Select(test => test.Id));

    /// <summary>Whether a person asked for just this test, by its id.</summary>
    internal bool Names(TestCase test) => Patterns.Contains(test.Id) || test.Formerly is { } formerly && Patterns.Contains(formerly);

    private TestCase[] AllFrom(Catalog catalog)
    {
        foreach (string pattern in Patterns.Where(p => !catalog.Cases.Any(c => Matches(p, c))))
            throw new UsageException($"no test is called \"{pattern}\"\n  wanted:  an id, or a glob over ids such as cl.*{Near(pattern, catalog)}\n  next:    kola list");
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

    private static bool Matches(string pattern, TestCase test) => TestPattern.Matches(pattern, test.Id, test.Formerly);

    private static string Near(string pattern, Catalog catalog) => Nearest.To(pattern, catalog.Cases.Select(c => c.Id)) is { } nearest ? $"\n  nearest: {nearest}" : "";
}
