using System.Text.Json.Serialization;

namespace Kola;

/// <summary>
/// Something that happened in a run. <c>events.jsonl</c> holds one a line, appended and flushed as it happens; it is the only record of a
/// run, and every report is a fold over it.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(RunStarted), "run-started")]
[JsonDerivedType(typeof(PolicyRead), "policy-read")]
[JsonDerivedType(typeof(TestPlanned), "test-planned")]
[JsonDerivedType(typeof(TestStarted), "test-started")]
[JsonDerivedType(typeof(MachineStarted), "machine-started")]
[JsonDerivedType(typeof(MachineReady), "machine-ready")]
[JsonDerivedType(typeof(PowerWasCut), "power-cut")]
[JsonDerivedType(typeof(MachineEnded), "machine-ended")]
[JsonDerivedType(typeof(CommandRan), "command-ran")]
[JsonDerivedType(typeof(WaitEnded), "wait-ended")]
[JsonDerivedType(typeof(StepEnded), "step-ended")]
[JsonDerivedType(typeof(FindingMade), "finding-made")]
[JsonDerivedType(typeof(EvidenceKept), "evidence-kept")]
[JsonDerivedType(typeof(UpdateExchanged), "update-exchanged")]
[JsonDerivedType(typeof(NetworkChanged), "network-changed")]
[JsonDerivedType(typeof(TestEnded), "test-ended")]
[JsonDerivedType(typeof(CleanupFailed), "cleanup-failed")]
[JsonDerivedType(typeof(TemplateMade), "template-made")]
[JsonDerivedType(typeof(TemplateDropped), "template-dropped")]
[JsonDerivedType(typeof(ParityChecked), "parity-checked")]
[JsonDerivedType(typeof(RunEnded), "run-ended")]
public abstract record RunEvent
{
    /// <summary>When, UTC. Next to the event's name in every line, whatever else it holds.</summary>
    [JsonPropertyOrder(-1)]
    public required DateTimeOffset At { get; init; }
}

/// <summary>Always the first event.</summary>
public sealed record RunStarted : RunEvent
{
    /// <summary>Unique name of the run, also its directory's: <c>qemu-20261122-181500-4711</c>.</summary>
    public required string Run { get; init; }

    /// <summary>Version of kola.</summary>
    public required string Kola { get; init; }

    /// <summary>The command line as typed, secrets left out.</summary>
    public required IReadOnlyList<string> CommandLine { get; init; }

    /// <summary>Name of the platform.</summary>
    public required string Platform { get; init; }

    /// <summary>What the platform says of itself (acceleration, emulator version) and of the host (kernel, cores, MiB).</summary>
    public required IReadOnlyDictionary<string, string> Facts { get; init; }

    /// <summary>The image under test.</summary>
    public required Image Image { get; init; }

    /// <summary>Digests of what the run was given for its suites, by name; null where that is nothing.</summary>
    public IReadOnlyDictionary<string, string>? Inputs { get; init; }

    /// <summary>Every deadline was multiplied by this.</summary>
    public required double Slowness { get; init; }

    /// <summary>What the order of equals and the sample of cold boots were drawn by; given to <c>--seed</c> it draws the same again.</summary>
    public int Seed { get; init; }

    /// <summary>Most times a test that did not pass is run again, on machines booted for it. Default 0.</summary>
    public int Retries { get; init; }

    /// <summary>How often each test was to run, whatever came of it; 0 for a run that is no stress run.</summary>
    public int Stress { get; init; }

    /// <summary>How many tests are planned, so that a plan that was cut off can be told from a small one; null in records that are older than this.</summary>
    public int? Planned { get; init; }

    /// <summary>Somebody looked into machines, and no test was run: that it ended well proves nothing. Default no.</summary>
    public bool Visit { get; init; }

    /// <summary>
    /// Id of the fault its machines had on purpose: what its tests say is said of the suite, and nothing of the image. Null in any other run.
    /// </summary>
    public string? Fault { get; init; }

    /// <summary>Which part of a selection this run was: <c>2/3</c>; null for all of it.</summary>
    public string? Shard { get; init; }

    /// <summary>
    /// Digest of the ids of all shards' tests, <c>sha256:</c> and 64 hex digits: shards of one selection agree in it. Null in a run that is no shard.
    /// </summary>
    public string? Selection { get; init; }
}

/// <summary>The policy a run was under. Written after <see cref="RunStarted"/>, so a report needs nothing but the events.</summary>
public sealed record PolicyRead : RunEvent
{
    /// <summary>The file as it was named.</summary>
    public required string File { get; init; }

    /// <summary>Content digest of the file, <c>sha256:</c> and 64 hex digits.</summary>
    public required string Digest { get; init; }

    /// <summary>When the run as a whole is good.</summary>
    public required GateRule Gate { get; init; }

    /// <summary>Entries that are for this platform and image, in the file's order, the expired ones too.</summary>
    public IReadOnlyList<PolicyEntry> Entries { get; init; } = [];
}

/// <summary>One per test of the plan, all written before the first machine boots.</summary>
public sealed record TestPlanned : RunEvent
{
    /// <summary>Id of the test.</summary>
    public required string Test { get; init; }

    /// <summary>What holds when it passes.</summary>
    public required string Sentence { get; init; }

    /// <summary>Null when it is to run; else why it is skipped.</summary>
    public string? SkipReason { get; init; }

    /// <summary>What a person can do about the skip.</summary>
    public string? SkipRemedy { get; init; }

    /// <summary>Whether the skip is a policy entry's doing, and not the test's or the place's.</summary>
    public bool SkippedByPolicy { get; init; }

    /// <summary>An id it had before, so that old results and policy entries are joined; null for none.</summary>
    public string? Formerly { get; init; }

    /// <summary>Roles of its machines.</summary>
    public IReadOnlyList<string> Machines { get; init; } = [];

    /// <summary>Categories, as <c>--tag</c> takes them.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The policy entry that covers a failure of it; null for none. In the plan, so a report needs nothing but the events.</summary>
    public KnownFailure? Known { get; init; }

    /// <summary>Whether a policy entry says that it has to pass.</summary>
    public bool Enforced { get; init; }
}

/// <summary>A test got its turn.</summary>
public sealed record TestStarted : RunEvent
{
    public required string Test { get; init; }

    /// <summary>1 for the first.</summary>
    public required int Attempt { get; init; }

    /// <summary>Seconds it may take, scaling included.</summary>
    public required double DeadlineSeconds { get; init; }

    /// <summary>Seconds between asking for its turn and getting it.</summary>
    public double WaitedSeconds { get; init; }

    /// <summary>
    /// What it waited for last: id of the test whose end made room, or <c>template/0b5e3f6a9c21</c>; null when it did not wait.
    /// </summary>
    public string? WaitedFor { get; init; }
}

/// <summary>A wait ended.</summary>
public sealed record WaitEnded : RunEvent
{
    public required string Test { get; init; }

    public string? Machine { get; init; }

    /// <summary>1 for the first attempt of the test.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>What was awaited: completes "waited for …".</summary>
    public required string For { get; init; }

    public required bool Held { get; init; }

    public required double ElapsedSeconds { get; init; }

    /// <summary>What was seen last, one line.</summary>
    public string? LastSeen { get; init; }
}

/// <summary>A machine and the test's update server had something to say to each other.</summary>
public sealed record UpdateExchanged : RunEvent
{
    /// <summary>Id of the test.</summary>
    public required string Test { get; init; }

    /// <summary>1 for the first attempt.</summary>
    public required int Attempt { get; init; }

    /// <summary><c>check</c>, <c>event</c>, <c>ping</c>, <c>package</c>, or <c>refused</c> for what was no request.</summary>
    public required string Kind { get; init; }

    /// <summary>What was asked, one line: <c>check of 4459.0.0 in stable by 0123…: 3/2</c>.</summary>
    public required string Asked { get; init; }

    /// <summary>What was answered, a few words; empty where the status says all.</summary>
    public required string Answered { get; init; }

    /// <summary>HTTP's; 0 for a connection that was reset instead.</summary>
    public required int Status { get; init; }

    /// <summary>/etc/machine-id of who asked; null where that is not known.</summary>
    public string? MachineId { get; init; }
}

/// <summary>A test did something to its network.</summary>
public sealed record NetworkChanged : RunEvent
{
    /// <summary>Id of the test.</summary>
    public required string Test { get; init; }

    /// <summary>1 for the first attempt.</summary>
    public required int Attempt { get; init; }

    /// <summary>What, one line: <c>partition: a | b, c</c>, <c>link b on lan: loss 20 %</c>, <c>healed</c>.</summary>
    public required string What { get; init; }
}

/// <summary>A named part of a test ended (<c>cl.basic/ReadOnly</c>).</summary>
public sealed record StepEnded : RunEvent
{
    public required string Test { get; init; }

    /// <summary>1 for the first attempt.</summary>
    public required int Attempt { get; init; }

    public required string Step { get; init; }

    /// <summary>Passed, failed, broken or skipped.</summary>
    public required Outcome Outcome { get; init; }

    /// <summary>Why, when not passed.</summary>
    public string? Message { get; init; }

    /// <summary>What to do about a skip; null else.</summary>
    public string? Remedy { get; init; }

    public required double ElapsedSeconds { get; init; }
}

/// <summary>One attempt of a test ended.</summary>
public sealed record TestEnded : RunEvent
{
    public required string Test { get; init; }

    /// <summary>1 for the first.</summary>
    public required int Attempt { get; init; }

    /// <summary>Passed, failed, broken, skipped or not-run. Flaky and known are the report's to say.</summary>
    public required Outcome Outcome { get; init; }

    /// <summary>Message whose first line stands alone; null when passed.</summary>
    public string? Message { get; init; }

    /// <summary>For a skip decided while running: what to do.</summary>
    public string? Remedy { get; init; }

    /// <summary>Stack trace of a failed assertion or of a fault in the test; null else.</summary>
    public string? Trace { get; init; }

    /// <summary>What decided; null for a pass, and in records that are older than this.</summary>
    public Evidence? Evidence { get; init; }

    /// <summary>From its turn to its end, machines disposed.</summary>
    public required double ElapsedSeconds { get; init; }
}

/// <summary>Something could not be taken away.</summary>
public sealed record CleanupFailed : RunEvent
{
    public string? Test { get; init; }

    public required string What { get; init; }

    public required string Message { get; init; }
}

/// <summary>Always the last event; a run without it died.</summary>
public sealed record RunEnded : RunEvent
{
    /// <summary>Null when the plan was worked off; else why it stopped: <c>interrupted</c>, <c>timeout</c>, or a message.</summary>
    public string? Stopped { get; init; }

    public required double ElapsedSeconds { get; init; }
}
