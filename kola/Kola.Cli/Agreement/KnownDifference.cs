using Kola.Ignition;

namespace Kola.Cli.Agreement;

/// <summary>A difference between kola and ignition-validate that is meant. One that no longer shows is a mistake of this table.</summary>
/// <param name="Name">What differs.</param>
/// <param name="Reason">Why kola does otherwise.</param>
/// <param name="Ours">Part of a remark kola makes and the program does not; null when it is the other way.</param>
/// <param name="Theirs">Part of a remark the program makes and kola does not; null when it is the other way. With both, it counts where kola makes its own.</param>
/// <param name="AllElse">Whether all else that differs in such a config follows from it.</param>
internal sealed record KnownDifference(string Name, string Reason, string? Ours, string? Theirs, bool AllElse = false)
{
    private const string Newer = "ignition-validate 2.14 is older than the rule: Ignition has it since 2.15";

    /// <summary>The line of what stands below a key in other case.</summary>
    internal static readonly KnownDifference Places = new("place below a key in other case", "the program knows the place of what holds the key only; kola points at the value", null, null);

    /// <summary>All there are.</summary>
    internal static IReadOnlyList<KnownDifference> All { get; } =
    [
        new("a key that stands twice", "Ignition reads both into one object, entry by entry; no person means that", "stands twice", null, AllElse: true),
        new("oem:", "files of the OEM partition are what Flatcar adds to Ignition, and Debian does not", "oem: is read by Flatcar's Ignition only", "contents.source: invalid url scheme"),
        new("3.4.0-experimental", "the spec is finished, and only this one Ignition takes its draft", "ignition.version \"3.4.0-experimental\": unsupported config version", null, AllElse: true),
        Places,
        new("filesystem over partitions", Newer, "filesystem overwrites partitioned device", null),
        new("filesystem wiped with its disk", Newer, "device matches disk with wipeTable enabled", null),
        new("owner of a hard link", Newer, "user/group ignored for hard link", null),
        new("template without Install", Newer, "template unit ", null),
        new("file where a unit is", Newer + ", where it is an error for all specs; kola warns below 3.4.0, which older Ignitions take", "path conflicts with systemd unit or dropin", null),
        new("special mode bits in 3.4.0", "the draft of 3.4.0 had them; since 2.22 they are of 3.6.0", "spec versions older than 3.6.0", null),
        new("advertisement", "3.4.0 has it, the draft of 2.14 has not", null, "Unused key advertisement"),
        new("advertisement that is no JSON", "3.4.0 has it, the draft of 2.14 has not", "advertisement is not valid JSON", null),
        new("discard", "3.4.0 has it, the draft of 2.14 has not", null, "Unused key discard"),
        new("openOptions", "3.4.0 has it, the draft of 2.14 has not", null, "Unused key openOptions"),
    ];

    /// <summary>Whether this is the difference.</summary>
    /// <param name="remark">A remark one side makes only.</param>
    /// <param name="ours">Whether that side is kola.</param>
    internal bool Explains(string remark, bool ours) => (ours ? Ours : Theirs) is { } part && remark.Contains(part, StringComparison.Ordinal);

    /// <summary>Whether a remark is of a key that is one of the spec's but for its case.</summary>
    internal static bool IsKeyInOtherCase(string remark)
    {
        const string Unused = "Unused key ";
        int at = remark.LastIndexOf(Unused, StringComparison.Ordinal);
        return at >= 0 && remark[(at + Unused.Length)..] is var key && KnownKeys.All().Any(known => known != key && SpecReader.IsMeant(known, key));
    }
}
