using System.CommandLine;
using System.Globalization;
using Kola.Discovery;
using Kola.Policies;

namespace Kola.Cli;

/// <summary><c>--policy FILE</c>, the same for every command that goes by one.</summary>
internal static class PolicyOption
{
    // No file is looked for: what excuses a failure is named by whoever wants it excused.
    internal static Option<string?> Create() => new("--policy") { Description = "Policy file: which tests are skipped, known to fail, or have to pass, and when results are good enough. Default: none.", HelpName = "FILE" };

    /// <summary>Null when no file is named.</summary>
    /// <exception cref="UsageException">The file is wrong; all of it is told.</exception>
    internal static Policy? Read(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is { } file ? PolicyFile.Read(file) : null;

    /// <summary>Today, by which entries count.</summary>
    internal static DateOnly Today => DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);

    /// <summary>Tells on stderr of entries that no longer count, and of patterns that name no test: a typing error excuses nothing, but should be seen.</summary>
    internal static void Warn(Policy policy, Catalog catalog, DateOnly today)
    {
        foreach (PolicyEntry entry in policy.Expired(today))
            Console.Error.WriteLine($"kola: {PolicyWords.Expired(entry, policy.File)}\n  next:    renew it or take it out; until then no run under this policy is clean");
        foreach (PolicyEntry entry in policy.Entries)
        {
            foreach (string pattern in entry.Tests.Where(pattern => !catalog.Cases.Any(test => TestPattern.Matches(pattern, test.Id, test.Formerly))))
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"kola: {policy.File}:{entry.Line}: no test is called \"{pattern}\"{(Nearest.To(pattern, catalog.Cases.Select(test => test.Id)) is { } near ? $"\n  nearest: {near}" : "")}"));
        }
    }
}
