using System.Text.RegularExpressions;
using YamlDotNet.Core;

namespace Kola.Updates.Omaha;

/// <summary>What a directory of updates offers to whom: its omaha.yaml. docs/omaha.example.yaml shows all of it.</summary>
internal sealed partial record OfferFile
{
    /// <summary>What the file is called.</summary>
    internal const string Name = "omaha.yaml";

    /// <summary>What is offered to each group.</summary>
    internal required IReadOnlyDictionary<string, UpdateOffer> Groups { get; init; }

    /// <summary>What is offered to single machines; null for nothing.</summary>
    internal required IReadOnlyDictionary<string, UpdateOffer?> Machines { get; init; }

    /// <summary>Reads it. Files are looked for when they are offered.</summary>
    /// <param name="text">The file.</param>
    /// <param name="file">How it is called in messages; its directory is where payloads are.</param>
    /// <exception cref="UsageException">Something is wrong with it; line and column say where.</exception>
    internal static OfferFile Parse(string text, string file)
    {
        try
        {
            return new Reader(file).Read(YamlValue.Parse(text));
        }
        catch (YamlException wrong)
        {
            throw new UsageException($"{file}:{wrong.Start.Line}:{wrong.Start.Column}: {wrong.Message}\n  wanted:  one YAML document with groups", wrong);
        }
    }

    // 0123456789abcdef0123456789abcdef
    [GeneratedRegex("^[0-9a-f]{32}$")]
    private static partial Regex MachineId();

    private sealed class Reader(string file)
    {
        internal OfferFile Read(YamlValue root)
        {
            Dictionary<string, YamlValue> top = Members(root, "the file", ["groups", "machines"]);
            YamlValue list = Wanted(top, "groups", root, "the file");
            var groups = Members(list, "groups", null).ToDictionary(g => g.Key, g => Offer(g.Key, g.Value));
            if (groups.Count == 0)
                throw Wrong(list, "groups is empty", "at least one group");
            var machines = top.TryGetValue("machines", out YamlValue? them)
                ? Members(them, "machines", null).ToDictionary(m => m.Key, m => Machine(m.Key, m.Value, groups))
                : [];
            return new OfferFile { Groups = groups, Machines = machines };
        }

        private UpdateOffer Offer(string group, YamlValue value)
        {
            Dictionary<string, YamlValue> members = Members(value, group, ["version", "payload", "packages"]);
            return new UpdateOffer
            {
                Version = Word(Wanted(members, "version", value, group), "version"),
                File = Path(Wanted(members, "payload", value, group), "payload"),
                Packages = members.TryGetValue("packages", out YamlValue? further)
                    ? [.. (further.Items ?? throw Wrong(further, $"packages is {further.Kind}", "a list of files")).Select(item => Path(item, "a package"))]
                    : [],
            };
        }

        private UpdateOffer? Machine(string id, YamlValue value, Dictionary<string, UpdateOffer> groups)
        {
            if (!MachineId().IsMatch(id))
                throw Wrong(value, $"\"{id}\" is no machine id", "32 hex digits in lower case, as in /etc/machine-id");
            Dictionary<string, YamlValue> members = Members(value, id, ["group", "update"]);
            string? update = members.TryGetValue("update", out YamlValue? policy) ? Word(policy, "update") : null;
            if (update is not (null or "never" or "always"))
                throw Wrong(policy!, $"update is \"{update}\"", "never or always; without it: to another version than runs");
            if (update == "never")
                return null;
            YamlValue named = Wanted(members, "group", value, id);
            return groups.TryGetValue(Word(named, "group"), out UpdateOffer? offer)
                ? offer with { EvenIfSame = update == "always" }
                : throw Wrong(named, $"group is {named.Kind}", $"one of {string.Join(", ", groups.Keys)}");
        }

        private Dictionary<string, YamlValue> Members(YamlValue value, string what, string[]? keys)
        {
            if (value.Members is not { } members)
                throw Wrong(value, $"{what} is {value.Kind}", "a map");
            var read = new Dictionary<string, YamlValue>();
            foreach ((YamlValue key, YamlValue member) in members)
            {
                string name = key.Scalar ?? throw Wrong(key, $"a key of {what} is {key.Kind}", "a word");
                if (keys is not null && !keys.Contains(name))
                    throw Wrong(key, $"\"{name}\" is no key of {what}", $"one of {string.Join(", ", keys)}");
                if (!read.TryAdd(name, member))
                    throw Wrong(key, $"\"{name}\" is twice in {what}", "each key once");
            }

            return read;
        }

        private YamlValue Wanted(Dictionary<string, YamlValue> members, string key, YamlValue within, string what) =>
            members.TryGetValue(key, out YamlValue? value) ? value : throw Wrong(within, $"{what} has no {key}", $"{key}: …");

        // 4459.2 is no number here.
        private string Word(YamlValue value, string what) =>
            value.Scalar is { Length: > 0 } text && !value.IsNull ? text : throw Wrong(value, $"{what} is {value.Kind}", "a word");

        private string Path(YamlValue value, string what) =>
            System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(file))!, Word(value, what));

        private UsageException Wrong(YamlValue at, string what, string wanted) => new($"{file}:{at.Line}:{at.Column}: {what}\n  wanted:  {wanted}");
    }
}
