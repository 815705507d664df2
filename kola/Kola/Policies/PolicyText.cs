using System.Globalization;
using System.Text.RegularExpressions;

namespace Kola.Policies;

/// <summary>Makes a policy of a YAML tree, and collects everything that is wrong with it.</summary>
internal sealed partial class PolicyText(string file, YamlValue root)
{
    private const int Most = 1_000_000;

    private static readonly string[] s_top = ["version", "gate", "tests"];
    private static readonly string[] s_gate = ["failed", "broken", "not-run", "flaky", "known", "passed", "platforms"];
    private static readonly string[] s_entry = ["skip", "known", "enforce", "platforms", "arches", "channels", "versions", "because", "owner", "tracker", "until"];
    private static readonly string[] s_architectures = ["amd64", "arm64"];
    private static readonly string[] s_channels = ["stable", "beta", "alpha", "lts", "edge", "developer"];

    private readonly YamlProblems _problems = new(file);

    /// <summary>In the order of the file.</summary>
    internal IReadOnlyList<string> Problems => _problems.All;

    internal (GateRule Gate, IReadOnlyList<PolicyEntry> Entries) Read()
    {
        Dictionary<string, YamlValue> top = _problems.Map(root, "the policy", s_top);
        if (_problems.Asked(top, "version", root, "version: 1") is { } version && version is not { Plain: true, Scalar: "1" })
            _problems.Wrong(version, $"version is {version.Kind}", "1, the only one there is");
        GateRule gate = top.TryGetValue("gate", out YamlValue? rule) ? Gate(rule) : new GateRule();
        return (gate, top.TryGetValue("tests", out YamlValue? tests) ? [.. List(tests, "tests").Select(Entry)] : []);
    }

    private GateRule Gate(YamlValue value)
    {
        Dictionary<string, YamlValue> members = _problems.Map(value, "gate", s_gate);
        var rule = new GateRule();
        return rule with
        {
            Failed = Number("failed", 0) ?? rule.Failed,
            Broken = Number("broken", 0) ?? rule.Broken,
            NotRun = Number("not-run", 0) ?? rule.NotRun,
            Flaky = Number("flaky", 0) ?? rule.Flaky,
            Known = Number("known", 0) ?? rule.Known,
            Passed = Number("passed", 1) ?? rule.Passed,
            Platforms = Words(members, "platforms", null),
        };

        int? Number(string key, int least)
        {
            if (!members.TryGetValue(key, out YamlValue? number))
                return null;
            if (number.Plain && int.TryParse(number.Scalar, NumberStyles.None, CultureInfo.InvariantCulture, out int read) && read >= least && read <= Most)
                return read;
            _problems.Wrong(number, $"{key} is {(number.Text is null && number.Scalar is { Length: > 0 } text ? text : number.Kind)}", string.Create(CultureInfo.InvariantCulture, $"a whole number of at least {least}"));
            return null;
        }
    }

    private PolicyEntry Entry(YamlValue value)
    {
        Dictionary<string, YamlValue> members = _problems.Map(value, "an entry", s_entry);
        var actions = Enum.GetValues<PolicyAction>().Select(action => (Action: action, Key: action.ToString().ToLowerInvariant())).Where(action => members.ContainsKey(action.Key)).ToArray();
        if (value.Members is not null && actions.Length == 0)
            _problems.Wrong(value, "an entry does nothing", "one of skip, known, enforce, with patterns of ids: [cl.basic, 'cl.update.*']");
        if (actions.Length > 1)
            _problems.Wrong(members[actions[1].Key], $"an entry does {string.Join(" and ", actions.Select(action => action.Key))} at once", "one of them; an entry for each");
        return new PolicyEntry
        {
            Action = actions.FirstOrDefault().Action,
            Tests = [.. actions.SelectMany(action => Patterns(members[action.Key], action.Key))],
            Platforms = Words(members, "platforms", null),
            Architectures = Words(members, "arches", s_architectures),
            Channels = Words(members, "channels", s_channels),
            Versions = Range(members),
            Because = Text(members, value, "because", "because: why, in a sentence")?.Trim() ?? "",
            Owner = Text(members, value, "owner", "owner: who answers for it")?.Trim() ?? "",
            Tracker = Tracker(members, value),
            Until = Day(members, value),
            Line = (int)value.Line,
        };
    }

    private string[] Patterns(YamlValue value, string key)
    {
        List<string> patterns = [];
        foreach (YamlValue item in NotEmpty(List(value, key), value, key, "[cl.basic, 'cl.update.*']"))
        {
            if (item.Text is { } text && TestPattern.IsSound(text))
                Add(patterns, text, item, key);
            else
                _problems.Wrong(item, $"{key} holds {item.Kind}", "an id, or a glob over ids such as 'cl.*'");
        }

        return [.. patterns];
    }

    private string[] Words(Dictionary<string, YamlValue> members, string key, string[]? known)
    {
        if (!members.TryGetValue(key, out YamlValue? value))
            return [];
        List<string> words = [];
        foreach (YamlValue item in NotEmpty(List(value, key), value, key, known is null ? "[qemu]" : $"[{known[0]}]"))
        {
            if (item.Text is { } text && (known?.Contains(text) ?? Name().IsMatch(text)))
                Add(words, text, item, key);
            else if (known is not null)
                _problems.Wrong(item, $"{key} holds {item.Kind}", $"one of {string.Join(", ", known)}", item.Text, known);
            else
                _problems.Wrong(item, $"{key} holds {item.Kind}", "a name of lowercase letters, digits and \"-\": qemu");
        }

        return [.. words];
    }

    private void Add(List<string> words, string word, YamlValue item, string key)
    {
        if (words.Contains(word))
            _problems.Wrong(item, $"{key} holds \"{word}\" twice", "it once");
        else
            words.Add(word);
    }

    private string? Range(Dictionary<string, YamlValue> members)
    {
        if (!members.TryGetValue("versions", out YamlValue? value))
            return null;
        if (value.Text is { } text && VersionRange.TryParse(text, out _, out string? problem))
            return text;
        problem = value.Text is { } given && !VersionRange.TryParse(given, out _, out string? why) ? $"versions is \"{given}\": {why}" : $"versions is {value.Kind}";
        _problems.Wrong(value, problem, "comparisons that hold together, in quotes: \">=4400.0.0 <4500\"");
        return null;
    }

    private string Tracker(Dictionary<string, YamlValue> members, YamlValue entry)
    {
        const string Wanted = "tracker: an absolute http or https address";
        if (Text(members, entry, "tracker", Wanted) is not { } text)
            return "";
        if (!Address().IsMatch(text))
            _problems.Wrong(members["tracker"], $"tracker is \"{text}\"", "an absolute http or https address: https://github.com/flatcar/Flatcar/issues/1");
        return text;
    }

    private DateOnly Day(Dictionary<string, YamlValue> members, YamlValue entry)
    {
        if (Text(members, entry, "until", "until: the last day it counts, as 2027-01-31") is not { } text)
            return default;
        if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day))
            _problems.Wrong(members["until"], $"until is \"{text}\"", "a day there is, as 2027-01-31");
        return day;
    }

    private string? Text(Dictionary<string, YamlValue> members, YamlValue map, string key, string wanted) =>
        _problems.Asked(members, key, map, wanted) is { } value ? _problems.Text(value, key, wanted) : null;

    private IReadOnlyList<YamlValue> List(YamlValue value, string key)
    {
        if (value.Items is null)
            _problems.Wrong(value, $"{key} is {value.Kind}", $"a list: {key}: […]");
        return value.Items ?? [];
    }

    private IReadOnlyList<YamlValue> NotEmpty(IReadOnlyList<YamlValue> items, YamlValue value, string key, string wanted)
    {
        if (value.Items is { Count: 0 })
            _problems.Wrong(value, $"{key} is empty", $"at least one: {wanted}");
        return items;
    }

    // qemu        qemu-uefi
    [GeneratedRegex("^[a-z0-9][a-z0-9-]*$")]
    private static partial Regex Name();

    // https://github.com/flatcar/Flatcar/issues/1
    [GeneratedRegex(@"^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?([/?#]\S*)?$")]
    private static partial Regex Address();
}
