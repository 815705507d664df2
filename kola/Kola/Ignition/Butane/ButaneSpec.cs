using System.Text.RegularExpressions;

namespace Kola.Ignition;

/// <summary>A version of a Butane variant: what it takes and which Ignition it becomes. The table is Butane's own (config/config.go).</summary>
/// <param name="Variant"><c>flatcar</c>, <c>fcos</c>.</param>
/// <param name="Version">Three numbers: <c>1.1.0</c>.</param>
/// <param name="Schema">Which of the schemas that the variants share it has: 5 is Butane's base v0_5.</param>
/// <param name="Ignition">The spec it becomes.</param>
internal sealed partial record ButaneSpec(string Variant, string Version, int Schema, string Ignition)
{
    private static readonly ButaneSpec[] s_known =
    [
        new("flatcar", "1.0.0", 4, "3.3.0") { Clevis = false },
        new("flatcar", "1.1.0", 5, "3.4.0") { Clevis = false },
        new("fcos", "1.0.0", 1, "3.0.0"),
        new("fcos", "1.1.0", 2, "3.1.0"),
        new("fcos", "1.2.0", 3, "3.2.0"),
        new("fcos", "1.3.0", 3, "3.2.0") { BootDevice = true },
        new("fcos", "1.4.0", 4, "3.3.0") { BootDevice = true },
        new("fcos", "1.5.0", 5, "3.4.0") { BootDevice = true, Grub = true },
    ];

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<ButaneSpec> Known => s_known;

    /// <summary>Named for a message.</summary>
    internal const string KnownWords = "variant: flatcar with version: 1.0.0 or 1.1.0, or variant: fcos with version: 1.0.0, 1.1.0, 1.2.0, 1.3.0, 1.4.0 or 1.5.0";

    /// <summary>Whether it may bind a volume to Tang or a TPM. Flatcar's versions refuse it.</summary>
    internal bool Clevis { get; private init; } = true;

    /// <summary>Whether it has <c>boot_device</c>.</summary>
    internal bool BootDevice { get; private init; }

    /// <summary>Whether it has <c>grub</c>.</summary>
    internal bool Grub { get; private init; }

    /// <summary>The one a file names.</summary>
    /// <param name="root">The file.</param>
    /// <param name="problems">Gets what keeps it from being found.</param>
    internal static ButaneSpec? Of(YamlValue root, List<ConfigProblem> problems)
    {
        YamlValue? variant = Last(root, "variant");
        if (variant is not { Scalar: { Length: > 0 } name } || variant.IsNull)
            return Refused(problems, variant ?? root, "$.variant", "error parsing variant; must be specified");
        YamlValue? version = Last(root, "version");
        if (version?.Scalar is not { } number || !SemanticVersion().IsMatch(number))
            return Refused(problems, version ?? root, "$.version", "error parsing version; must be a valid semver");
        return s_known.FirstOrDefault(s => s.Variant == name && s.Version == number)
            ?? Refused(problems, s_known.Any(s => s.Variant == name) ? version : variant, "$.version", $"No translator exists for variant {name} with version {number}");
    }

    private static YamlValue? Last(YamlValue root, string key) => root.Members?.LastOrDefault(m => m.Key.Scalar == key).Value;

    private static ButaneSpec? Refused(List<ConfigProblem> problems, YamlValue at, string path, string message)
    {
        problems.Add(new ConfigProblem(ProblemSeverity.Error, path, at.At(), message, KnownWords));
        return null;
    }

    // 1.1.0        1.2.0-experimental        1.0.0+local
    [GeneratedRegex(@"^[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$")]
    internal static partial Regex SemanticVersion();
}
