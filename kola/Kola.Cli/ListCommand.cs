using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Kola.Discovery;
using Kola.Policies;

namespace Kola.Cli;

/// <summary><c>kola list [PATTERN…]</c></summary>
internal static class ListCommand
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    internal static Command Create()
    {
        var selection = new SelectionOptions();
        Option<string?> suite = Suites.Option();
        Option<string?> policyFile = PolicyOption.Create();
        var json = new Option<bool>("--json") { Description = "Print every field of every test as JSON." };
        var command = new Command("list", "Lists the tests. Boots nothing and needs no image.") { suite, policyFile, json };
        selection.AddTo(command);
        command.SetAction(parsed =>
        {
            Catalog catalog = Suites.Open(parsed.GetValue(suite)).Explore();
            Policy? policy = PolicyOption.Read(parsed, policyFile);
            if (policy is not null)
                PolicyOption.Warn(policy, catalog, PolicyOption.Today);
            Print(selection.Read(parsed).From(catalog), parsed.GetValue(json), policy);
        });
        return command;
    }

    private static void Print(IReadOnlyList<TestCase> cases, bool json, Policy? policy)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(cases, s_json));
            return;
        }

        int width = cases.Select(c => c.Id.Length).DefaultIfEmpty().Max();
        foreach (TestCase test in cases)
        {
            Console.Out.WriteLine($"{test.Id.PadRight(width)}  {(test.Machines.Count == 1 ? "          " : $"{test.Machines.Count} machines")}  {test.Sentence}");
            foreach (PolicyEntry entry in policy?.Entries.Where(entry => entry.Covers(test.Id, test.Formerly)) ?? [])
                Console.Out.WriteLine($"{new string(' ', width)}  {Words(entry, policy!.File)}");
        }

        Console.Out.WriteLine($"{cases.Count} tests");
    }

    // known until 2027-01-31 on qemu, arm64, >=4400: the module is missing (kola-policy.yaml:12)
    private static string Words(PolicyEntry entry, string file)
    {
        string[] where = [.. entry.Platforms, .. entry.Architectures, .. entry.Channels, .. entry.Versions is { } versions ? [versions] : Array.Empty<string>()];
        return string.Create(CultureInfo.InvariantCulture, $"{entry.Action.ToString().ToLowerInvariant()} until {entry.Until:yyyy-MM-dd}{(where.Length == 0 ? "" : $" on {string.Join(", ", where)}")}: {entry.Because} ({file}:{entry.Line})");
    }
}
