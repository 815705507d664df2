using System.CommandLine;
using System.Text.Json;
using Kola.Discovery;

namespace Kola.Cli;

/// <summary><c>kola list [PATTERN…]</c></summary>
internal static class ListCommand
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    internal static Command Create()
    {
        var selection = new SelectionOptions();
        Option<string?> suite = Suites.Option();
        var json = new Option<bool>("--json") { Description = "Print every field of every test as JSON." };
        var command = new Command("list", "Lists the tests. Boots nothing and needs no image.") { suite, json };
        selection.AddTo(command);
        command.SetAction(parsed =>
        {
            Catalog catalog = Suites.Open(parsed.GetValue(suite)).Explore();
            Print(selection.Read(parsed).From(catalog), parsed.GetValue(json));
        });
        return command;
    }

    private static void Print(IReadOnlyList<TestCase> cases, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(cases, s_json));
            return;
        }

        int width = cases.Max(c => c.Id.Length);
        foreach (TestCase test in cases)
            Console.Out.WriteLine($"{test.Id.PadRight(width)}  {(test.Machines.Count == 1 ? "          " : $"{test.Machines.Count} machines")}  {test.Sentence}");
        Console.Out.WriteLine($"{cases.Count} tests");
    }
}
