using Kola.Scheduling;

namespace Kola.Cli.Mutate;

/// <summary>Which tests look at a fault first: those it names as near, in its order, then the cheapest. The first that fails is enough.</summary>
internal static class MutationOrder
{
    internal static IReadOnlyList<string> Of(Fault fault, IEnumerable<TestCase> tests, Expectation expected) =>
    [
        .. tests
            .OrderBy(test => Nearness(fault, test))
            .ThenBy(test => expected.Known(test, cloned: true)?.Seconds ?? 60.0 * test.Minutes * test.Machines.Count)
            .ThenBy(test => test.Id, StringComparer.Ordinal)
            .Select(test => test.Id),
    ];

    private static int Nearness(Fault fault, TestCase test) => fault.Near.TakeWhile(pattern => !TestPattern.Matches(pattern, test.Id, test.Formerly)).Count();
}
