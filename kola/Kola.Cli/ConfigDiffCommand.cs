using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kola.Ignition;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary><c>kola config diff A B</c></summary>
internal static class ConfigDiffCommand
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static Command Create()
    {
        var before = new Argument<string>("a") { Description = "A config; - is standard input." };
        var after = new Argument<string>("b") { Description = "Another, of the same language or not." };
        Option<string?> directory = ConfigCommand.FilesDirectory();
        var json = new Option<bool>("--json") { Description = "Print the changes as JSON." };
        var command = new Command("diff", "Says in what two configs differ in meaning. Ends with 0 when both ask for the same, with 1 when not.") { before, after, directory, json };
        command.SetAction(parsed =>
        {
            string? files = parsed.GetValue(directory);
            ConfigDiff diff = ConfigDiff.Of(Meant(parsed.GetValue(before)!, files), Meant(parsed.GetValue(after)!, files));
            if (parsed.GetValue(json))
                Console.Out.WriteLine(JsonSerializer.Serialize(diff.Changes.Select(c => new { kind = JsonNamingPolicy.CamelCase.ConvertName(c.Kind.ToString()), subject = c.Subject, details = c.Details }), s_json));
            else
                Print(diff);
            return diff.Changes.Count == 0 ? ExitCode.Clean : ExitCode.Failed;
        });
        return command;
    }

    private static void Print(ConfigDiff diff)
    {
        foreach (string line in diff.ToString().TrimEnd('\n').Split('\n'))
            SummaryPrinter.Print(new ReportLine(line, line.StartsWith('+') ? Tone.Good : line.StartsWith('-') ? Tone.Bad : Tone.Plain));
    }

    // Ignition 1 and 2 are compared as what a machine makes of them.
    private static IgnitionConfig Meant(string name, string? directory)
    {
        ConfigFile file = ConfigFile.Read(name, directory);
        _ = new ConfigReading<object>(file.Text, file.Problems).Demand(file.Name);
        return file.Ignition ?? file.Legacy?.Translate().Demand(file.Name)
            ?? throw new UsageException($"{file.Name}: {file.Language}, whose meaning only coreos-cloudinit knows\n  wanted:  Butane or Ignition");
    }
}
