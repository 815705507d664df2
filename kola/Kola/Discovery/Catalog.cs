using System.Text.RegularExpressions;

namespace Kola.Discovery;

/// <summary>Every test case found, sorted by id.</summary>
public sealed partial record Catalog
{
    private Catalog(IReadOnlyList<TestCase> cases) => Cases = cases;

    /// <summary>Sorted by id, ids unique.</summary>
    public IReadOnlyList<TestCase> Cases { get; }

    /// <summary>Joins what was found.</summary>
    /// <exception cref="UsageException">Two tests have one id (both places are named), or an id is not lowercase and dotted.</exception>
    public static Catalog Of(IEnumerable<TestCase> found)
    {
        TestCase[] cases = [.. found.OrderBy(c => c.Id, StringComparer.Ordinal)];
        var problems = cases.Where(c => !Id().IsMatch(c.Id))
            .Select(c => $"{c.Source}: id \"{c.Id}\"\n  wanted:  lowercase letters, digits, \"-\" and \"_\" in parts joined by dots, e.g. cl.basic")
            .Concat(cases.GroupBy(c => c.Id).Where(g => g.Count() > 1)
                .Select(g => $"id \"{g.Key}\" is used {g.Count()} times\n  at:      {string.Join("\n           ", g.Select(c => c.Source))}"))
            .ToArray();
        return problems.Length == 0 ? new Catalog(cases) : throw new UsageException(string.Join('\n', problems));
    }

    // coreos.ignition.ssh.key
    [GeneratedRegex(@"^[a-z0-9]+([._-][a-z0-9_-]+)*$", RegexOptions.NonBacktracking)]
    private static partial Regex Id();
}
