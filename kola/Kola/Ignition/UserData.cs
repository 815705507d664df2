using System.Net.Mime;
using YamlDotNet.Core;

namespace Kola.Ignition;

/// <summary>What coreos-cloudinit takes and Ignition does not: a cloud-config, a script, several parts in MIME.</summary>
public static class UserData
{
    /// <summary>What its first line says.</summary>
    private const string CloudConfig = "#cloud-config";

    // config/config.go of coreos-cloudinit; of the second, what it has under coreos.
    private static readonly string[] s_keys = ["ssh_authorized_keys", "coreos", "write_files", "hostname", "users", "manage_etc_hosts"];
    private static readonly string[] s_coreos = ["etcd", "etcd2", "flannel", "fleet", "locksmith", "oem", "update", "units"];

    /// <summary>Looks at user data: whether a cloud-config is YAML with keys that are known, a script names its interpreter, each part of several is sound.</summary>
    /// <param name="text">The whole. Whatever it is, nothing is thrown.</param>
    public static IReadOnlyList<ConfigProblem> Check(string text)
    {
        List<ConfigProblem> problems = [];
        Check(text.ReplaceLineEndings("\n"), 0, "$", problems);
        return problems;
    }

    /// <summary>Whether a text is such a thing, by how it begins.</summary>
    internal static bool Is(string text) =>
        text.StartsWith("#!", StringComparison.Ordinal) || FirstLine(text) == CloudConfig || HeaderOf(text.ReplaceLineEndings("\n")).Type is { } type && type.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase);

    private static void Check(string text, int linesBefore, string path, List<ConfigProblem> problems)
    {
        if (text.StartsWith("#!", StringComparison.Ordinal))
            Script(text, linesBefore, path, problems);
        else if (FirstLine(text) == CloudConfig)
            Cloud(text, linesBefore, path, problems);
        else
            Parts(text, linesBefore, path, problems);
    }

    private static void Script(string text, int linesBefore, string path, List<ConfigProblem> problems)
    {
        if (!FirstLine(text)[2..].TrimStart().StartsWith('/'))
            problems.Add(new ConfigProblem(ProblemSeverity.Error, path, new Position(linesBefore + 1, 1), "the script names no interpreter", "#!/bin/bash"));
    }

    private static void Cloud(string text, int linesBefore, string path, List<ConfigProblem> problems)
    {
        try
        {
            YamlValue root = YamlValue.ParseFirst(text, ButaneConfig.Deepest);
            if (root.IsNull)
                return;
            if (root.Members is null)
                problems.Add(new ConfigProblem(ProblemSeverity.Error, path, Below(root.At(), linesBefore), "a cloud-config is a map", string.Join(", ", s_keys)));
            Keys(root, s_keys, linesBefore, path, problems);
            if (root.Members?.LastOrDefault(m => m.Key.Scalar == "coreos").Value is { } coreos)
                Keys(coreos, s_coreos, linesBefore, path + ".coreos", problems);
        }
        catch (YamlException wrong)
        {
            if (wrong.Message != YamlValue.Empty) // nothing but the first line asks for nothing
                problems.Add(new ConfigProblem(ProblemSeverity.Error, path, Below(ButaneConfig.PlaceOf(wrong), linesBefore), $"no YAML: {wrong.Message.ReplaceLineEndings(" ").TrimEnd('.')}"));
        }
    }

    private static void Keys(YamlValue map, string[] known, int linesBefore, string path, List<ConfigProblem> problems)
    {
        foreach ((YamlValue key, _) in map.Members ?? [])
        {
            // It reads write-files as write_files.
            string name = (key.Scalar ?? "").Replace('-', '_');
            if (!known.Contains(name))
                problems.Add(new ConfigProblem(ProblemSeverity.Warning, $"{path}.{key.Scalar}", Below(key.At(), linesBefore), $"unrecognized key \"{key.Scalar}\"", Nearest.To(name, known) is { } near ? $"did you mean {near}?" : $"one of {string.Join(", ", known)}"));
        }
    }

    private static void Parts(string text, int linesBefore, string path, List<ConfigProblem> problems)
    {
        (string? type, string? boundary, int lines) = HeaderOf(text);
        if (type is null)
            return; // a part of another kind, which cloudinit leaves alone
        if (!type.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
        {
            Check(string.Join('\n', text.Split('\n').Skip(lines)), linesBefore + lines, path, problems);
            return;
        }

        if (string.IsNullOrEmpty(boundary))
        {
            problems.Add(new ConfigProblem(ProblemSeverity.Error, path, new Position(linesBefore + 1, 1), "several parts without a boundary between them", "Content-Type: multipart/mixed; boundary=\"a\""));
            return;
        }

        string[] all = text.Split('\n');
        int[] starts = [.. Enumerable.Range(0, all.Length).Where(i => all[i].TrimEnd() == "--" + boundary)];
        int end = Array.FindIndex(all, line => line.TrimEnd() == $"--{boundary}--");
        if (starts.Length == 0 || end < 0)
        {
            problems.Add(new ConfigProblem(ProblemSeverity.Error, path, new Position(linesBefore + all.Length, 1), starts.Length == 0 ? $"no part begins with --{boundary}" : $"the last part does not end with --{boundary}--"));
            return;
        }

        for (int i = 0; i < starts.Length; i++)
        {
            int from = starts[i] + 1, to = i + 1 < starts.Length ? starts[i + 1] : end;
            // A part within a part with the same boundary would never end.
            string part = string.Join('\n', all[from..Math.Max(from, to)]);
            if (HeaderOf(part).Boundary != boundary)
                Check(part, linesBefore + from, FormattableString.Invariant($"{path}.{i}"), problems);
        }
    }

    // Content-Type: multipart/mixed; boundary="===============1=="
    private static (string? Type, string? Boundary, int Lines) HeaderOf(string text)
    {
        string[] lines = text.Split('\n');
        int end = Array.FindIndex(lines, string.IsNullOrWhiteSpace);
        // A header goes on in lines that begin with a blank.
        string header = string.Join('\n', lines[..(end < 0 ? lines.Length : end)]).Replace("\n ", " ", StringComparison.Ordinal).Replace("\n\t", " ", StringComparison.Ordinal);
        const string name = "Content-Type:";
        if (header.Split('\n').FirstOrDefault(l => l.StartsWith(name, StringComparison.OrdinalIgnoreCase)) is not { } line)
            return (null, null, 0);
        try
        {
            var type = new ContentType(line[name.Length..].Trim());
            return (type.MediaType, type.Boundary, end + 1);
        }
        catch (Exception wrong) when (wrong is FormatException or ArgumentException)
        {
            return (line[name.Length..].Trim(), null, end + 1);
        }
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd();

    private static Position Below(Position at, int lines) => at with { Line = at.Line + lines };
}
