namespace Kola.Conformance;

/// <summary>One thing a platform promises of its machines.</summary>
/// <param name="Id">Permanent, dotted: <c>power.cycle</c>.</param>
/// <param name="Sentence">What holds when it is kept.</param>
/// <param name="Needs">The feature a platform offers that promises it; null for what every platform promises.</param>
public sealed record Promise(string Id, string Sentence, Feature? Needs = null)
{
    /// <summary>Id of the promise that has to be kept before this one can be tried; null for none.</summary>
    public string? After { get; init; }

    /// <summary>All of them, in the order in which they are tried. Machines are few: most are tried on one.</summary>
    public static IReadOnlyList<Promise> All { get; } =
    [
        new("start", "A machine starts from the image with a config"),
        new("login", "It answers on SSH to the key its config has") { After = "start" },
        new("config", "What its config says is there, to the last byte") { After = "login" },
        new("memory", "It has the memory and the processors it was asked for") { After = "login" },
        new("console", "Its console is captured, from the first boot on and while it runs", Feature.Console) { After = "login" },
        new("channel", "There is a way into it past its network", Feature.OutOfBand) { After = "login" },
        new("harness", "It reaches what listens on the harness's loopback", Feature.HarnessFiles) { After = "login" },
        new("disks", "Its extra disks are there, of their size and under their serial numbers", Feature.ExtraDisks) { After = "login" },
        new("tagged", "What was made for it carries the run's tags and is listed") { After = "start" },
        new("power.reset", "A reset gives a new boot, and goes on with the same disk") { After = "login" },
        new("power.cycle", "A power cycle gives a new boot, and what was flushed is still there, on extra disks too") { After = "power.reset" },
        new("segment", "Machines of one segment reach each other", Feature.PrivateNetwork) { After = "login" },
        new("segment.faults", "The cable of a card can be pulled, made lossy and one-way, and mended", Feature.LinkFaults) { After = "segment" },
        new("tpm", "A TPM 2.0 is there when it is asked for", Feature.Tpm),
        new("uefi", "UEFI firmware starts it when that is asked for", Feature.Uefi),
        new("exit.off", "A guest that powers off is told, and is nobody's fault") { After = "login" },
        new("exit.lost", "A machine that somebody deletes behind kola's back is told, and is the platform's fault") { After = "start" },
        new("start.refused", "A machine that cannot be had is refused with a reason, and leaves nothing") { After = "start" },
        new("start.cancelled", "A start that is cancelled leaves nothing") { After = "start" },
        new("dispose", "Disposal leaves nothing, and may come twice") { After = "start" },
    ];
}

/// <summary>What came of trying a promise.</summary>
public enum PromiseOutcome
{
    /// <summary>It was seen to hold.</summary>
    Kept,

    /// <summary>It does not hold.</summary>
    Broken,

    /// <summary>The platform does not promise it.</summary>
    NotOffered,

    /// <summary>It could not be tried, since what comes before it does not hold.</summary>
    NotTried,
}

/// <summary>A promise and what came of it.</summary>
/// <param name="Promise">The promise.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Seen">What was seen: the evidence, or what is wrong.</param>
/// <param name="Seconds">Time it took.</param>
public sealed record PromiseResult(Promise Promise, PromiseOutcome Outcome, string Seen, double Seconds);

/// <summary>A promise is not kept, and why.</summary>
/// <param name="seen">What was seen instead.</param>
internal sealed class PromiseBrokenException(string seen) : Exception(seen);
