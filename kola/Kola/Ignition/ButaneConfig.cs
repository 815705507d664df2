using YamlDotNet.Core;

namespace Kola.Ignition;

/// <summary>
/// Butane, the YAML that people write Ignition configs in: variant <c>flatcar</c> 1.0.0 and 1.1.0, variant <c>fcos</c> 1.0.0 to 1.5.0. Unlike for the
/// program of that name an unknown key is an error.
/// </summary>
public static class ButaneConfig
{
    /// <summary>How many lists and maps may stand within each other: ten times what the deepest key of any version needs.</summary>
    internal const int Deepest = 100;

    /// <summary>Makes Ignition of Butane, and checks it by Ignition's rules.</summary>
    /// <param name="yaml">The whole file. Whatever it is, nothing is thrown.</param>
    /// <param name="directory">Where local files are looked for; null when there is no such place, and a config that names one is refused.</param>
    /// <returns>Every problem with its place in the YAML and its path in Butane's spelling.</returns>
    public static ConfigReading<IgnitionConfig> Translate(string yaml, string? directory)
    {
        ButaneReading butane = Read(yaml, directory);
        if (butane.Root is not { } root)
            return new(null, butane.Problems);
        ConfigReading<IgnitionConfig> ignition = IgnitionConfig.Read(root);
        HashSet<string> said = [.. butane.Problems.Where(p => p.Severity == ProblemSeverity.Error).Select(p => p.Path)];
        IEnumerable<ConfigProblem> more = ignition.Problems.Select(p => p with { Path = butane.PathOf(p.Path) }).Where(p => !said.Contains(p.Path));
        ConfigProblem[] all = [.. butane.Problems.Concat(more).OrderBy(p => p.At?.Line ?? 0).ThenBy(p => p.At?.Column ?? 0)];
        return new(all.Any(p => p.Severity == ProblemSeverity.Error) ? null : ignition.Config, all);
    }

    /// <summary>The newest version of a config's variant that becomes no newer spec of Ignition than one; null when there is none.</summary>
    internal static string? NewestFor(string yaml, System.Version ignition) =>
        Parsed(yaml, []) is { } root && ButaneSpec.Of(root, []) is { } spec
            ? ButaneSpec.Known.LastOrDefault(s => s.Variant == spec.Variant && System.Version.Parse(s.Ignition) <= ignition)?.Version
            : null;

    /// <summary>A Butane config in the shape of Ignition's JSON, with the places of the YAML.</summary>
    /// <param name="yaml">The whole file.</param>
    /// <param name="directory">Where local files are looked for; null when a config may have none.</param>
    internal static ButaneReading Read(string yaml, string? directory)
    {
        List<ConfigProblem> problems = [];
        Dictionary<ConfigNode, string> paths = new(ReferenceEqualityComparer.Instance);
        if (Parsed(yaml, problems) is not { } root || ButaneSpec.Of(root, problems) is not { } spec)
            return new ButaneReading(null, paths, problems);
        if (root.MoreFollows)
            problems.Add(new ConfigProblem(ProblemSeverity.Warning, "$", root.At(), "only the first document of the file is read", "one document"));
        ObjectNode config = new ButaneReader(spec, problems, paths).Read(root);
        new ButaneRules(spec, problems).Check(config);
        ObjectNode result = new ButaneTranslation(spec, new LocalFiles(directory), problems, new ConfigNodes(paths)).Of(config);
        return new ButaneReading(result, paths, problems);
    }

    private static YamlValue? Parsed(string yaml, List<ConfigProblem> problems)
    {
        try
        {
            YamlValue root = YamlValue.ParseFirst(yaml, Deepest);
            if (root.Members is not null)
                return root;
            problems.Add(new ConfigProblem(ProblemSeverity.Error, "$", root.At(), $"cannot unmarshal {YamlScalars.Shown(root)} into Config", "a map with variant and version"));
        }
        catch (YamlException wrong)
        {
            problems.Add(new ConfigProblem(ProblemSeverity.Error, "$", PlaceOf(wrong), $"Error unmarshaling yaml: {Said(wrong)}"));
        }

        return null;
    }

    /// <summary>Where a mistake is: "While scanning a mapping, found invalid tab" begins with the mapping, and ends where the tab is.</summary>
    internal static Position PlaceOf(YamlException wrong) => Place(wrong.Message.StartsWith("While ", StringComparison.Ordinal) ? wrong.End : wrong.Start);

    private static Position Place(Mark mark) => new((int)Math.Clamp(mark.Line, 1, int.MaxValue), (int)Math.Clamp(mark.Column, 1, int.MaxValue));

    private static string Said(YamlException wrong) => wrong.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ');
}
