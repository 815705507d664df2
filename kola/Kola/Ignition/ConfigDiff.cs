using System.Collections;
using System.Globalization;
using System.IO.Compression;

namespace Kola.Ignition;

/// <summary>
/// In what two configs differ in meaning: entries are matched by what tells them apart (path, name, device), not by their place, and contents in data
/// URLs are compared as what they hold, so another encoding of the same is no difference.
/// </summary>
/// <param name="Changes">In the order of the spec; none when both ask for the same.</param>
public sealed record ConfigDiff(IReadOnlyList<ConfigChange> Changes)
{
    // What a gzipped data URL may unpack to before it is compared as it stands: no config carries that much.
    private const int LargestUnpacked = 16 << 20;

    private static readonly Dictionary<string, string> s_nouns = new()
    {
        ["merge"] = "merged config",
        ["certificateAuthorities"] = "certificate authority",
        ["noProxy"] = "host without proxy",
        ["shouldExist"] = "kernel argument",
        ["shouldNotExist"] = "absent kernel argument",
        ["users"] = "user",
        ["groups"] = "group",
        ["sshAuthorizedKeys"] = "key",
        ["disks"] = "disk",
        ["partitions"] = "partition",
        ["raid"] = "RAID array",
        ["devices"] = "device",
        ["luks"] = "encrypted volume",
        ["tang"] = "tang server",
        ["filesystems"] = "filesystem",
        ["directories"] = "directory",
        ["files"] = "file",
        ["links"] = "link",
        ["units"] = "unit",
        ["dropins"] = "drop-in",
        ["httpHeaders"] = "header",
    };

    /// <summary>Compares two configs.</summary>
    /// <param name="a">Before.</param>
    /// <param name="b">After.</param>
    public static ConfigDiff Of(IgnitionConfig a, IgnitionConfig b)
    {
        var changes = new List<ConfigChange>();
        foreach (SpecMember section in SpecShape.Of(a).Members)
        {
            (object before, object after) = (section.Of(a)!, section.Of(b)!);
            var rest = new List<string>();
            foreach (SpecMember member in SpecShape.Of(before).Members)
            {
                if (member is { IsList: true, Keys: not null })
                    changes.AddRange(Entries(member, member.ListOf(before), member.ListOf(after)));
                else
                    rest.AddRange(Member(member, before, after, ""));
            }

            if (rest.Count > 0)
                changes.Add(new ConfigChange(ChangeKind.Changed, section.Name, rest));
        }

        return new ConfigDiff(changes);
    }

    /// <summary>One change a paragraph, as a person reads it; a sentence when there is none.</summary>
    public override string ToString() => Changes.Count == 0 ? "both ask for the same\n" : string.Concat(Changes.Select(change => change.ToString() + "\n"));

    private static IEnumerable<ConfigChange> Entries(SpecMember list, IList before, IList after)
    {
        string noun = s_nouns.GetValueOrDefault(list.Name, list.Name);
        Dictionary<string, object> then = ByKey(after);
        Dictionary<string, object> now = ByKey(before);
        foreach ((string key, object entry) in now)
        {
            if (!then.TryGetValue(key, out object? other))
                yield return new ConfigChange(ChangeKind.Removed, $"{noun} {Shown(key)}", []);
            else if (entry is not string && Members(entry, other) is { Count: > 0 } lines)
                yield return new ConfigChange(ChangeKind.Changed, $"{noun} {Shown(key)}", lines);
        }

        foreach ((string key, object entry) in then.Where(e => !now.ContainsKey(e.Key)))
            yield return new ConfigChange(ChangeKind.Added, $"{noun} {Shown(key)}", entry is string ? [] : Members(SpecShape.Of(entry).New(), entry, KeyMember(entry)));
    }

    // Entries of one key are refused when a config is read; the key of a resource can be a long data URL.
    private static Dictionary<string, object> ByKey(IList entries)
    {
        var byKey = new Dictionary<string, object>();
        foreach (object entry in entries)
            byKey.TryAdd(entry as string ?? ((IKeyed)entry).Key, entry);
        return byKey;
    }

    private static string KeyMember(object entry) => SpecShape.Of(entry).Members.FirstOrDefault(m => m.Kind == MemberKind.Text && m.Of(entry) is string text && text == ((IKeyed)entry).Key)?.Name ?? "";

    private static List<string> Members(object before, object after, string except = "") =>
        [.. SpecShape.Of(before).Members.Where(m => m.Name != except).SelectMany(member => Member(member, before, after, ""))];

    private static IEnumerable<string> Member(SpecMember member, object before, object after, string within)
    {
        string name = within + member.Name;
        (object? was, object? becomes) = (member.Of(before), member.Of(after));
        switch (member.Kind)
        {
            case MemberKind.Records or MemberKind.Texts when member.Keys is not null:
                return Entries(member, (IList)was!, (IList)becomes!).SelectMany(change => change.ToString().TrimEnd('\n').Split('\n'));
            case MemberKind.Records or MemberKind.Texts:
                return ConfigText.OneLine(was) == ConfigText.OneLine(becomes) ? [] : [$"{name}: {Cut(ConfigText.OneLine(was))} → {Cut(ConfigText.OneLine(becomes))}"];
            case MemberKind.Record when was is Resource one && becomes is Resource other:
                return Resources(name, one, other);
            case MemberKind.Record:
                object shape = SpecShape.Of(member.Item).New();
                return SpecShape.Of(member.Item).Members.SelectMany(inner => Member(inner, was ?? shape, becomes ?? shape, name + "."));
            default:
                return Equals(was, becomes) ? [] : Texts(name, was, becomes);
        }
    }

    private static IEnumerable<string> Resources(string name, Resource before, Resource after)
    {
        byte[]? was = Content(before);
        byte[]? becomes = Content(after);
        bool decoded = (was is not null || before.Source is null) && (becomes is not null || after.Source is null) && (was is not null || becomes is not null);
        if (!decoded)
            return Members(before, after).Select(line => $"{name}.{line}");
        IEnumerable<string> others = Members(before with { Source = null, Compression = null }, after with { Source = null, Compression = null }).Select(line => $"{name}.{line}");
        if (was is not null && becomes is not null && was.AsSpan().SequenceEqual(becomes))
            return others;
        string? a = was is null ? "" : new DataUrl(was, null).AsText();
        string? b = becomes is null ? "" : new DataUrl(becomes, null).AsText();
        return (a is null || b is null ? [string.Create(CultureInfo.InvariantCulture, $"{name}: {was?.Length ?? 0} bytes → {becomes?.Length ?? 0} bytes")] : Texts(name, a, b)).Concat(others);
    }

    private static byte[]? Content(Resource resource)
    {
        if (resource.Source?.StartsWith("data:", StringComparison.Ordinal) != true || DataUrl.Decode(resource.Source) is not { Mistake: null, Content: var content })
            return null;
        if (resource.Compression != "gzip")
            return content;
        try
        {
            using var unpacked = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
            byte[] buffer = new byte[LargestUnpacked];
            int read = unpacked.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return read < buffer.Length ? buffer[..read] : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Texts(string name, object? before, object? after)
    {
        if (before is string a && after is string b && (a.Contains('\n', StringComparison.Ordinal) || b.Contains('\n', StringComparison.Ordinal)))
            return TextDiff.Lines(a, b).Select(line => "  " + line).Prepend($"{name}:");
        return before is null ? after is string text && text.Contains('\n', StringComparison.Ordinal) ? Texts(name, "", after) : [$"{name}: {Value(after)}"] : [$"{name}: {Value(before)} → {Value(after)}"];
    }

    private static string Value(object? value) => value is null ? "nothing" : Cut(ConfigText.OneLine(value));

    private static string Shown(string key) => Cut(key.StartsWith("number:", StringComparison.Ordinal) || key.StartsWith("label:", StringComparison.Ordinal) ? key.Replace(":", " ", StringComparison.Ordinal) : key);

    private static string Cut(string text) => text.Length <= 120 ? text : text[..120] + "…";
}

/// <summary>A difference.</summary>
/// <param name="Kind">What became of it.</param>
/// <param name="Subject">What it is about: <c>file /etc/hosts</c>, <c>unit a.service</c>, <c>ignition</c>.</param>
/// <param name="Details">What of it, one a line: <c>mode: 420 → 384</c>; contents as lines that begin with + and -.</param>
public sealed record ConfigChange(ChangeKind Kind, string Subject, IReadOnlyList<string> Details)
{
    /// <summary><c>~ file /etc/hosts</c>, and the details below, four columns in.</summary>
    public override string ToString()
    {
        char mark = Kind switch { ChangeKind.Added => '+', ChangeKind.Removed => '-', _ => '~' };
        return string.Join('\n', Details.Select(line => "    " + line).Prepend($"{mark} {Subject}"));
    }
}

/// <summary>What became of an entry from one config to the other.</summary>
public enum ChangeKind
{
    /// <summary>It is in the second only.</summary>
    Added,

    /// <summary>It is in the first only.</summary>
    Removed,

    /// <summary>It is in both, and not the same.</summary>
    Changed,
}
