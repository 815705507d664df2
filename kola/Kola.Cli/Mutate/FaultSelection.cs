using Kola.Planning;

namespace Kola.Cli.Mutate;

/// <summary>Chooses faults and the tests that have to notice them.</summary>
internal static class FaultSelection
{
    /// <summary>The faults a person asked for, in the order of their ids.</summary>
    /// <param name="all">Those of the suite.</param>
    /// <param name="patterns">Ids or globs over them; none for all.</param>
    /// <exception cref="UsageException">The suite has none, or a pattern selects none: most likely a typing error.</exception>
    internal static IReadOnlyList<Fault> From(IReadOnlyList<Fault> all, IReadOnlyList<string> patterns)
    {
        if (all.Count == 0)
            throw new UsageException("kola mutate\n  wanted:  a suite with methods that are a [Fault]\n  got:     none");
        if (patterns.FirstOrDefault(pattern => !all.Any(fault => TestPattern.Matches(pattern, fault.Id, null))) is { } unknown)
            throw new UsageException($"no fault is called \"{unknown}\"\n  wanted:  an id, or a glob over ids such as dns.*{(Nearest.To(unknown, all.Select(fault => fault.Id)) is { } nearest ? $"\n  nearest: {nearest}" : "")}\n  next:    kola mutate --list");
        return [.. all.Where(fault => patterns.Count == 0 || patterns.Any(pattern => TestPattern.Matches(pattern, fault.Id, null)))];
    }

    /// <summary>The planned tests that can be run on machines with a fault, and the others with the reason.</summary>
    internal static (Plan Plan, IReadOnlyList<(string Test, string Why)> LeftOut) Mutable(Plan plan)
    {
        List<(string, string)> leftOut = [];
        List<PlannedTest> mutable = [];
        foreach (PlannedTest test in plan.Tests)
        {
            if (test.Skip is { } skip)
                leftOut.Add((test.Case.Id, $"it would be skipped: {skip.Reason}"));
            else if (!TemplatePlan.MayClone(test.Case))
                leftOut.Add((test.Case.Id, "it is about a first boot of its own"));
            else
                mutable.Add(test);
        }

        return (plan with { Tests = mutable }, leftOut);
    }
}
