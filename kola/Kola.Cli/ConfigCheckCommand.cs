using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kola.Ignition;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary><c>kola config check FILE…</c></summary>
internal static class ConfigCheckCommand
{
    private const int WidestLine = 160;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static Command Create()
    {
        var files = new Argument<string[]>("file") { Description = "Configs; - is standard input.", Arity = ArgumentArity.OneOrMore };
        Option<string?> directory = ConfigCommand.FilesDirectory();
        var accepts = new Option<string?>("--accepts") { Description = "Highest spec the image's Ignition takes: 3.3.0. Default: any.", HelpName = "SPEC" };
        var json = new Option<bool>("--json") { Description = "Print all of it as JSON, for editors and CI." };
        var command = new Command("check", "Says all that is wrong with configs, with line and column. Ends with 2 when a machine would refuse one, else with 0.") { files, directory, accepts, json };
        command.SetAction(parsed =>
        {
            Version? highest = Spec(parsed.GetValue(accepts));
            ConfigFile[] read = [.. (parsed.GetValue(files) ?? []).Select(file => Accepted(ConfigFile.Read(file, parsed.GetValue(directory)), highest))];
            if (parsed.GetValue(json))
                Console.Out.WriteLine(JsonSerializer.Serialize(read.Select(Json), s_json));
            else
                Print(read);
            return read.Any(file => file.IsWrong) ? ExitCode.Usage : ExitCode.Clean;
        });
        return command;
    }

    /// <summary>What is wrong with a file, as a person reads it: each problem with the line it stands in.</summary>
    internal static IEnumerable<ReportLine> Lines(ConfigFile file)
    {
        string[] text = file.Text.Split('\n');
        foreach (ConfigProblem problem in file.Problems)
        {
            yield return new ReportLine(Clean(problem.Describe(file.Name)), problem.Severity == ProblemSeverity.Error ? Tone.Bad : Tone.Warning);
            if (problem.At is { } at && at.Line <= text.Length)
            {
                (string line, int column) = Excerpt(text[at.Line - 1].TrimEnd('\r'), at.Column);
                yield return new ReportLine("    " + line, Tone.Faint);
                yield return new ReportLine("    " + new string(' ', column - 1) + "^");
            }

            if (problem.Wanted is not null)
                yield return new ReportLine($"  wanted:  {Clean(problem.Wanted)}");
        }

        int errors = file.Problems.Count(p => p.Severity == ProblemSeverity.Error), warnings = file.Problems.Count - errors;
        string counted = file.Problems.Count == 0 ? "good" : $"{Count(errors, "error")}, {Count(warnings, "warning")}";
        yield return new ReportLine($"{file.Name}: {file.Language}: {counted}", errors > 0 ? Tone.Bad : warnings > 0 ? Tone.Warning : Tone.Good);
    }

    private static void Print(IEnumerable<ConfigFile> files)
    {
        foreach (ReportLine line in files.SelectMany(Lines))
            SummaryPrinter.Print(line);
    }

    // The part of a line around a column. Tabs are one blank wide, and nothing is left that a terminal would obey.
    private static (string Line, int Column) Excerpt(string line, int column)
    {
        column = Math.Clamp(column, 1, line.Length + 1);
        int from = column <= WidestLine / 2 ? 0 : Math.Min(column - (WidestLine / 2), Math.Max(0, line.Length - WidestLine));
        string shown = line.Substring(from, Math.Min(WidestLine, line.Length - from));
        return (Clean(shown), column - from);
    }

    private static string Clean(string text) => text.Any(char.IsControl) ? new string([.. text.Select(c => char.IsControl(c) ? ' ' : c)]) : text;

    private static string Count(int number, string noun) => string.Create(CultureInfo.InvariantCulture, $"{(number == 0 ? "no" : number)} {noun}{(number == 1 ? "" : "s")}");

    private static Version? Spec(string? given) => given is null ? null
        : Version.TryParse(given, out Version? spec) && spec is { Major: 3, Build: >= 0, Revision: -1 } ? spec
        : throw new UsageException($"--accepts {given}\n  wanted:  a spec: 3.3.0\n  next:    kola config check --accepts 3.3.0 FILE");

    private static ConfigFile Accepted(ConfigFile file, Version? highest) => highest is null || file.Ignition is not { } config || config.Version <= highest
        ? file
        : file.With(new ConfigProblem(ProblemSeverity.Error, file.Kind == ConfigKind.Butane ? "$.version" : "$.ignition.version", null, $"Ignition {config.Version}, and the image takes {highest} at most", Older(file, highest)));

    private static string Older(ConfigFile file, Version highest) => file.Kind == ConfigKind.Butane && ButaneConfig.NewestFor(file.Text, highest) is { } version ? $"version: {version}" : $"ignition.version {highest}";

    private static object Json(ConfigFile file) => new
    {
        file = file.Name,
        language = file.Kind is { } kind ? JsonNamingPolicy.CamelCase.ConvertName(kind.ToString()) : null,
        spec = (file.Ignition?.Version ?? file.Legacy?.Version)?.ToString(),
        good = !file.IsWrong,
        problems = file.Problems.Select(p => new
        {
            severity = p.Severity == ProblemSeverity.Error ? "error" : "warning",
            path = p.Path,
            line = p.At?.Line,
            column = p.At?.Column,
            message = p.Message,
            wanted = p.Wanted,
        }),
    };
}
