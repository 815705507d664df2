namespace Kola.Ignition;

/// <summary>Finds out which spec a config is of.</summary>
internal static class SpecVersion
{
    private const string Path = "$.ignition.version";

    /// <summary>The version, when it is one the model has.</summary>
    internal static ConfigReading<Version> Of(ObjectNode root)
    {
        ObjectNode? ignition = Meant(root, "ignition").OfType<ObjectNode>().FirstOrDefault();
        if (ignition is null || Meant(ignition, "version").FirstOrDefault() is not { } written)
            return Wrong(ignition?.At ?? root.At, "no ignition.version", Unparsed, "\"ignition\": {\"version\": \"3.3.0\"}");
        if (written is not StringNode { Value: var text })
            return Wrong(written.At, "no ignition.version", Unparsed, "\"ignition\": {\"version\": \"3.3.0\"}, a text in double quotes");
        string[] parts = text.Split('.', 3);
        string patch = parts[^1].Split('-', '+')[0];
        if (parts.Length != 3 || !parts[..2].Append(patch).All(p => p.Length is > 0 and < 10 && p.All(char.IsAsciiDigit)))
            return Wrong(written.At, $"ignition.version \"{Short(text)}\"", Unparsed, "three numbers: 3.3.0");
        var version = new Version($"{parts[0]}.{parts[1]}.{patch}");
        string? wanted =
            version.Major != 3 ? version.Major < 3 ? "a 3.x spec; one of spec 1 or 2.x is a legacy config, for images that translate it" : "a 3.x spec"
            : patch.Length < parts[^1].Length ? $"a spec that is finished: {version}; only the Ignition an experimental one was made in takes it"
            : version > IgnitionConfig.Newest || version.Build != 0 ? $"a 3.x spec, 3.0.0 to {IgnitionConfig.Newest}, the newest that is known"
            : null;
        return wanted is null ? new(version, []) : Wrong(written.At, $"ignition.version \"{Short(text)}\"", "unsupported config version", wanted);
    }

    private const string Unparsed = "invalid config version (couldn't parse)";

    private static IEnumerable<ConfigNode> Meant(ObjectNode node, string key) =>
        node.Members.Where(m => m.Name == key).Concat(node.Members.Where(m => m.Name != key && SpecReader.IsMeant(key, m.Name))).Select(m => m.Value);

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "…";

    private static ConfigReading<Version> Wrong(Position? at, string what, string why, string wanted) =>
        new(null, [new ConfigProblem(ProblemSeverity.Error, Path, at, $"{what}: {why}", wanted)]);
}
