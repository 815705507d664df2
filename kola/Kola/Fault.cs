namespace Kola;

/// <summary>
/// Something that is made wrong with the machines of a run on purpose, to see whether its tests notice. A suite brings its own; a test that passes all
/// the same says nothing against the test, and all of them passing says what the suite does not look at.
/// </summary>
public sealed record Fault
{
    /// <summary>Lowercase and dotted, permanent, unique in its suite: <c>dns.unreachable</c>.</summary>
    public required string Id { get; init; }

    /// <summary>What is wrong with the image then, as a clause without a period: <c>no name server answers</c>.</summary>
    public required string What { get; init; }

    /// <summary>
    /// Whether it shows only in a machine that boots with it: the machine is rebooted once it is injected, as an image with that fault would boot. Default
    /// no: it takes effect at once.
    /// </summary>
    public bool Reboots { get; init; }

    /// <summary>Ids of the tests that most likely notice, or globs over them: they run first. Default none.</summary>
    public IReadOnlyList<string> Near { get; init; } = [];
}
