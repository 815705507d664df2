using System.Globalization;
using System.Text.RegularExpressions;

namespace Kola.Labs;

/// <summary>The commands of a lab file.</summary>
internal sealed record LabCommandSet
{
    internal LabCommand? Provision { get; init; }

    internal LabCommand? Deprovision { get; init; }

    internal LabCommand? List { get; init; }

    internal LabControls Controls { get; init; } = new();
}

/// <summary>Makes commands of a YAML tree.</summary>
internal sealed partial class CommandText(YamlProblems problems, string file)
{
    private const string Run = "run: [PROGRAM, ARGUMENT]; for a shell say [sh, -c, '…']";

    private static readonly string[] s_common = ["run", "timeout", "retries", "backoff", "exits"];
    private static readonly string[] s_meanings = ["retry", "quota", "usage", "gone"];
    private static readonly string[] s_actions = ["on", "off", "cycle", "reset"];
    private static readonly string[] s_inputs = ["json", "ignition", "none"];

    internal LabCommandSet Read(YamlValue value, bool ready)
    {
        string[] making = ready ? [] : ["provision", "deprovision", "list"];
        Dictionary<string, YamlValue> members = problems.Map(value, "commands", [.. making, "power", "status", "console", .. ready ? ["restore"] : Array.Empty<string>()]);
        return new LabCommandSet
        {
            Provision = ready ? null : Asked(members, value, "provision", "10m", 2, "input"),
            Deprovision = ready ? null : Asked(members, value, "deprovision", "5m", 4),
            List = Command(members, "list", "1m", 2),
            Controls = Controls(members, ready),
        };
    }

    internal LabControls Controls(Dictionary<string, YamlValue> members, bool ready) => new()
    {
        Power = Power(members),
        Status = Command(members, "status", "30s", 2, "every"),
        Console = Console(members, out string? path),
        ConsoleFile = path,
        Restore = ready ? Command(members, "restore", "10m", 1) : null,
    };

    internal TimeSpan? Time(YamlValue value, string key)
    {
        if (value.Text is { } text && TryTime(text) is { } time)
            return time;
        problems.Wrong(value, $"{key} is {(value.Text is null && value.Scalar is { Length: > 0 } other ? other : value.Kind)}", "a number and a unit: 500ms, 45s, 10m, 2h");
        return null;
    }

    /// <summary>A path as a person writes it, from the file's directory or from home.</summary>
    internal string PathOf(string path) => path.StartsWith("~/", StringComparison.Ordinal)
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..])
        : Path.GetFullPath(path, Path.GetDirectoryName(file)!);

    private LabCommand? Asked(Dictionary<string, YamlValue> members, YamlValue map, string key, string timeout, int retries, params string[] more)
    {
        problems.Asked(members, key, map, $"{key}: {{ {Run} }}");
        return Command(members, key, timeout, retries, more);
    }

    private LabCommand? Power(Dictionary<string, YamlValue> members)
    {
        if (Command(members, "power", "1m", 2, "actions") is not { } command)
            return null;
        YamlValue value = members["power"];
        HashSet<PowerAction> actions = problems.Asked(value.Members?.Where(m => m.Key.Text == "actions").ToDictionary(m => "actions", m => m.Value) ?? [], "actions", value, "actions: [reset, cycle], of on, off, cycle, reset") is { } list
            ? [.. problems.Words(list, "actions", s_actions).Select(w => Enum.Parse<PowerAction>(w.Word, ignoreCase: true))]
            : [];
        if (actions is { Count: 1 } && actions.First() is PowerAction.On or PowerAction.Off)
            problems.Wrong(value, $"power can only switch {actions.First().ToString().ToLowerInvariant()}", "on and off, or cycle, or reset");
        return command with { Actions = actions };
    }

    // Either a program, or a file to follow.
    private LabCommand? Console(Dictionary<string, YamlValue> members, out string? path)
    {
        path = null;
        if (!members.TryGetValue("console", out YamlValue? value))
            return null;
        if (value.Members?.Any(m => m.Key.Text == "file") != true)
            return Command(members, "console", null, 0);
        Dictionary<string, YamlValue> console = problems.Map(value, "console", ["file"]);
        if (console.TryGetValue("file", out YamlValue? named) && problems.Text(named, "file", "the path of a file: '/var/log/consoles/${machine}.log'") is { } text)
        {
            foreach (string unknown in Placeholder().Matches(text).Select(m => m.Value).Where(p => p is not ("${machine}" or "${id}")))
                problems.Wrong(named, $"file holds {unknown}", "${machine} or ${id}");
            path = PathOf(text);
        }

        return null;
    }

    private LabCommand? Command(Dictionary<string, YamlValue> all, string key, string? timeout, int retries, params string[] more)
    {
        if (!all.TryGetValue(key, out YamlValue? value))
            return null;
        Dictionary<string, YamlValue> members = problems.Map(value, key, timeout is null ? ["run", "file"] : [.. s_common, .. more]);
        return new LabCommand
        {
            Name = key,
            Run = problems.Asked(members, "run", value, Run) is { } run ? Argv(run) : [],
            Timeout = members.TryGetValue("timeout", out YamlValue? limit) ? Time(limit, "timeout") ?? default : TryTime(timeout ?? "1m")!.Value,
            Retries = problems.Number(members, "retries", 0, 100) ?? retries,
            Backoff = members.TryGetValue("backoff", out YamlValue? pause) ? Time(pause, "backoff") ?? default : TimeSpan.FromSeconds(5),
            Exits = members.TryGetValue("exits", out YamlValue? exits) ? Exits(exits) : LabCommand.DefaultExits,
            Every = members.TryGetValue("every", out YamlValue? every) ? Time(every, "every") ?? default : TimeSpan.FromSeconds(10),
            Input = members.TryGetValue("input", out YamlValue? input) && problems.Word(input, "input", s_inputs) is { } word ? Enum.Parse<CommandInput>(word, ignoreCase: true) : CommandInput.Json,
        };
    }

    private string[] Argv(YamlValue value)
    {
        List<string> words = [];
        foreach (YamlValue item in problems.List(value, "run", Run))
        {
            // -n 4 is a fine argument, whatever YAML takes 4 for.
            if (item is { Scalar: { } word, IsNull: false } && !word.Contains('\0'))
                words.Add(word);
            else
                problems.Wrong(item, $"run holds {item.Kind}", "a word");
        }

        if (words is [{ } program, ..] && program.Contains('/'))
            words[0] = PathOf(program);
        return [.. words];
    }

    private Dictionary<int, ExitMeaning> Exits(YamlValue value)
    {
        var exits = new Dictionary<int, ExitMeaning>();
        foreach ((string meaning, YamlValue codes) in problems.Map(value, "exits", s_meanings))
        {
            foreach (YamlValue item in problems.List(codes, meaning, "[10]"))
            {
                if (problems.Number(item, meaning, 1, 125) is { } code && !exits.TryAdd(code, Enum.Parse<ExitMeaning>(meaning, ignoreCase: true)))
                    problems.Wrong(item, string.Create(CultureInfo.InvariantCulture, $"exit code {code} has two meanings"), "one of them");
            }
        }

        return exits;
    }

    private static TimeSpan? TryTime(string text)
    {
        if (Duration().Match(text) is not { Success: true } match || !double.TryParse(match.Groups["number"].Value, CultureInfo.InvariantCulture, out double number))
            return null;
        TimeSpan time = match.Groups["unit"].Value switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            _ => TimeSpan.FromHours(number),
        };
        return time > TimeSpan.Zero ? time : null;
    }

    // 500ms        1.5h
    [GeneratedRegex(@"^(?<number>[0-9]{1,6}(\.[0-9]{1,3})?)(?<unit>ms|s|m|h)$")]
    internal static partial Regex Duration();

    // ${machine}
    [GeneratedRegex(@"\$\{[^}]*\}?")]
    internal static partial Regex Placeholder();
}
