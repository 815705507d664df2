using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kola.Reporting;

namespace Kola.Cli.Mutate;

/// <summary>A mutation run for people and for programs.</summary>
internal static class MutationText
{
    internal const string JsonFile = "mutation.json";
    internal const string MarkdownFile = "mutation.md";

    /// <summary>Rises when a field of <see cref="JsonFile"/> goes or changes its meaning.</summary>
    internal const int CurrentSchema = 1;

    private const int LongestMessage = 160;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static string Word(this FaultOutcome outcome) => outcome switch
    {
        FaultOutcome.Caught => "caught",
        FaultOutcome.NotCaught => "not caught",
        _ => "undecided",
    };

    /// <exception cref="PlatformException">There is no room.</exception>
    internal static void Write(Mutation mutation, string directory)
    {
        try
        {
            File.WriteAllText(Path.Combine(directory, JsonFile), Json(mutation));
            File.WriteAllText(Path.Combine(directory, MarkdownFile), Markdown(mutation));
        }
        catch (IOException full)
        {
            throw new PlatformException(Signal.HostStorage, $"{directory} cannot be written: {full.Message}", full);
        }
    }

    /// <summary>One line of the table, as it comes.</summary>
    /// <param name="result">What came of a fault.</param>
    /// <param name="width">Of the longest id.</param>
    internal static ReportLine Line(FaultResult result, int width) => new(
        $"{result.Outcome.Word(),-10}  {result.Fault.Id.PadRight(width)}  {PlainText.Duration(result.Seconds),8}  {(result.By is { } by ? $"{by}: " : "")}{(result.Message is { } message ? Short(message) : result.Fault.What)}",
        result.Outcome switch { FaultOutcome.Caught => Tone.Good, FaultOutcome.NotCaught => Tone.Bad, _ => Tone.Warning });

    /// <summary>What it comes to, after the table.</summary>
    internal static IEnumerable<ReportLine> Summary(Mutation mutation, string directory)
    {
        if (mutation.BaselineProblem is { } problem)
            yield return new($"the baseline is not whole: {problem}", Tone.Warning);
        foreach (IGrouping<string, (string Test, string Why)> why in mutation.LeftOut.GroupBy(left => left.Why))
            yield return new($"left out, {why.Key}: {string.Join(", ", why.Select(left => left.Test))}", Tone.Faint);
        if (mutation.Stopped is { } stopped)
            yield return new($"stopped: {stopped}; not tried: {string.Join(", ", mutation.Untried)}", Tone.Warning);
        yield return new(Verdict(mutation), mutation.NotCaught == 0 && mutation.Undecided == 0 ? Tone.Good : Tone.Warning);
        yield return new($"{directory}/{MarkdownFile}", Tone.Plain);
    }

    internal static string Verdict(Mutation mutation)
    {
        string share = mutation.Share is { } percent
            ? string.Create(CultureInfo.InvariantCulture, $"{mutation.Caught} of {PlainText.Count(mutation.Caught + mutation.NotCaught, "fault")} caught by {PlainText.Count(mutation.Tests.Count, "test")} ({Math.Floor(percent):0} %)")
            : "nothing is known of any fault";
        return $"{share}{(mutation.Undecided == 0 ? "" : $", {mutation.Undecided.ToString(CultureInfo.InvariantCulture)} undecided")}, in {PlainText.Duration(mutation.ElapsedSeconds)}";
    }

    internal static string Markdown(Mutation mutation)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# What the suites notice\n\n**{Verdict(mutation)}**\n\n");
        text.Append($"`{Code(mutation.Image.Name)}` {Cell(mutation.Image.Version)} ({Cell(mutation.Image.Architecture)}) on {Cell(mutation.Platform)}, run `{Code(mutation.Run)}`, kola {Cell(mutation.Kola)}. ");
        text.Append("Each fault was put into copies of a machine that was well, and the tests were run on them until one failed.\n");
        if (mutation.Stopped is { } stopped)
            text.Append($"\nIt was stopped: {Cell(stopped)}. Not tried: {Ids(mutation.Untried)}.\n");
        if (mutation.BaselineProblem is { } problem)
            text.Append($"\nThe baseline is not whole: {Cell(problem)}\n");
        Section(text, "Caught", mutation, FaultOutcome.Caught, "| fault | what is wrong then | caught by | after | what it said |\n|---|---|---|---:|---|\n",
            f => $"| `{f.Fault.Id}` | {Cell(f.Fault.What)} | `{Code(f.By)}` | {PlainText.Duration(f.Seconds)} | {Cell(Short(f.Message))} |\n");
        Section(text, "Not caught", mutation, FaultOutcome.NotCaught, "", f => $"- `{f.Fault.Id}`: {Cell(f.Fault.What)}; {PlainText.Count(f.Ran, "test")} passed all the same\n");
        Section(text, "Undecided", mutation, FaultOutcome.Undecided, "", f => $"- `{f.Fault.Id}`: {Cell(f.Fault.What)}; {Cell(Short(f.Message))}\n");
        if (mutation.LeftOut.Count > 0)
        {
            text.Append("\n## Tests that were left out\n\n");
            foreach (IGrouping<string, (string Test, string Why)> why in mutation.LeftOut.GroupBy(left => left.Why))
                text.Append($"- {Cell(why.Key)}: {Ids(why.Select(left => left.Test))}\n");
        }

        return text.ToString();
    }

    internal static string Json(Mutation mutation) => JsonSerializer.Serialize(
        new
        {
            schema = CurrentSchema,
            mutation.Run,
            mutation.Kola,
            mutation.Platform,
            image = new { mutation.Image.Name, mutation.Image.Version, mutation.Image.Architecture, mutation.Image.Digest },
            mutation.Baseline,
            mutation.BaselineProblem,
            mutation.Stopped,
            elapsedSeconds = Math.Round(mutation.ElapsedSeconds, 1),
            mutation.Caught,
            mutation.NotCaught,
            mutation.Undecided,
            sharePercent = mutation.Share is { } share ? Math.Round(share, 1) : (double?)null,
            faults = mutation.Faults.Select(fault => new
            {
                fault.Fault.Id,
                fault.Fault.What,
                outcome = fault.Outcome.Word(),
                fault.By,
                fault.Message,
                seconds = Math.Round(fault.Seconds, 1),
                fault.Ran,
                directory = fault.Fault.Id,
            }),
            mutation.Untried,
            mutation.Tests,
            leftOut = mutation.LeftOut.Select(left => new { left.Test, left.Why }),
        },
        s_json) + "\n";

    private static void Section(StringBuilder text, string title, Mutation mutation, FaultOutcome outcome, string head, Func<FaultResult, string> line)
    {
        FaultResult[] faults = [.. mutation.Faults.Where(fault => fault.Outcome == outcome)];
        if (faults.Length > 0)
            text.Append($"\n## {title}\n\n{head}").AppendJoin("", faults.Select(line));
    }

    // The first line says what is not as it should be; the rest is in the fault's own run.
    private static string Short(string? message)
    {
        string line = PlainText.OneLine(PlainText.FirstLine(message));
        return line.Length <= LongestMessage ? line : line[..LongestMessage] + "…";
    }

    private static string Ids(IEnumerable<string> ids) => string.Join(", ", ids.Select(id => $"`{Code(id)}`"));

    private static string Code(string? text) => PlainText.OneLine(text).Replace('`', '\'').Replace("|", "\\|", StringComparison.Ordinal);

    private static string Cell(string? text) =>
        string.Concat(PlainText.OneLine(text).Select(c => c is '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '|' ? $"\\{c}" : c.ToString()));
}
