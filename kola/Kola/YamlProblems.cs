using System.Globalization;

namespace Kola;

/// <summary>Reads values of a YAML file, and collects everything that is wrong with them, each with its place.</summary>
/// <param name="file">How the file is named in messages.</param>
internal sealed class YamlProblems(string file)
{
    private readonly List<(long Line, long Column, string Text)> _problems = [];

    /// <summary>In the order of the file.</summary>
    internal IReadOnlyList<string> All => [.. _problems.OrderBy(problem => (problem.Line, problem.Column)).Select(problem => problem.Text)];

    internal void Wrong(YamlValue at, string what, string wanted, string? typed = null, IReadOnlyCollection<string>? known = null)
    {
        string nearest = typed is not null && known is not null && Nearest.To(typed, known) is { } near ? $"\n  nearest: {near}" : "";
        _problems.Add((at.Line, at.Column, string.Create(CultureInfo.InvariantCulture, $"{file}:{at.Line}:{at.Column}: {what}\n  wanted:  {wanted}{nearest}")));
    }

    internal Dictionary<string, YamlValue> Map(YamlValue value, string what, string[] keys)
    {
        Dictionary<string, YamlValue> members = [];
        if (value.Members is null)
            Wrong(value, $"{what} is {value.Kind}", $"a map with {string.Join(", ", keys)}");
        foreach ((YamlValue key, YamlValue member) in value.Members ?? [])
        {
            if (key.Text is not { } name || !keys.Contains(name))
                Wrong(key, $"{what} has no {key.Kind}", $"one of {string.Join(", ", keys)}", key.Text, keys);
            else if (!members.TryAdd(name, member))
                Wrong(key, string.Create(CultureInfo.InvariantCulture, $"{name} is said twice, first in line {members[name].Line}"), "it once");
        }

        return members;
    }

    /// <summary>A member that has to be there; null, and told, when it is not.</summary>
    internal YamlValue? Asked(Dictionary<string, YamlValue> members, string key, YamlValue map, string wanted)
    {
        if (members.TryGetValue(key, out YamlValue? value))
            return value;
        // What is no map has been told so.
        if (map.Members is not null)
            Wrong(map, $"{key} is missing", wanted);
        return null;
    }

    internal IReadOnlyList<YamlValue> List(YamlValue value, string key, string wanted)
    {
        if (value.Items is { Count: > 0 })
            return value.Items;
        Wrong(value, $"{key} is {(value.Items is null ? value.Kind : "empty")}", $"a list of at least one: {wanted}");
        return [];
    }

    /// <summary>A list of words, each once; with <paramref name="known"/> of these alone.</summary>
    internal IReadOnlyList<(string Word, YamlValue At)> Words(YamlValue value, string key, IReadOnlyCollection<string> known)
    {
        List<(string, YamlValue)> words = [];
        foreach (YamlValue item in List(value, key, $"[{known.First()}]"))
        {
            if (Word(item, key, known) is not { } word)
                continue;
            if (words.Any(w => w.Item1 == word))
                Wrong(item, $"{key} holds \"{word}\" twice", "it once");
            else
                words.Add((word, item));
        }

        return words;
    }

    internal string? Word(YamlValue value, string key, IReadOnlyCollection<string> known)
    {
        // Of on and off some readers of YAML make truth values; this one does not.
        if (value.Text is { } text && known.Contains(text))
            return text;
        Wrong(value, $"{key} is {value.Kind}", $"one of {string.Join(", ", known)}", value.Text, known);
        return null;
    }

    internal string? Text(YamlValue value, string key, string wanted)
    {
        if (!string.IsNullOrWhiteSpace(value.Text))
            return value.Text;
        Wrong(value, $"{key} is {value.Kind}", value.Plain && value.Scalar is { Length: > 0 } ? "a text; put it in quotes" : wanted);
        return null;
    }

    internal int? Number(Dictionary<string, YamlValue> members, string key, int least, int most) =>
        members.TryGetValue(key, out YamlValue? value) ? Number(value, key, least, most) : null;

    internal int? Number(YamlValue value, string key, int least, int most)
    {
        if (value.Plain && int.TryParse(value.Scalar, NumberStyles.None, CultureInfo.InvariantCulture, out int read) && read >= least && read <= most)
            return read;
        Wrong(value, $"{key} is {(value.Text is null && value.Scalar is { Length: > 0 } text ? text : value.Kind)}", string.Create(CultureInfo.InvariantCulture, $"a whole number, {least} to {most}"));
        return null;
    }
}
