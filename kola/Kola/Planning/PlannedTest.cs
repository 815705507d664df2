namespace Kola.Planning;

/// <summary>One test of a plan and what is to happen with it.</summary>
/// <param name="Case">The test.</param>
/// <param name="Skip">Null when it is to run.</param>
public sealed record PlannedTest(TestCase Case, Skip? Skip)
{
    /// <summary>Whether the skip is a policy entry's doing, and not the test's or the place's.</summary>
    public bool SkippedByPolicy { get; init; }

    /// <summary>The policy entry that covers a failure of it; null for none.</summary>
    public KnownFailure? Known { get; init; }

    /// <summary>Whether a policy entry says that it has to pass.</summary>
    public bool Enforced { get; init; }
}

/// <summary>Why a test is not run and what a person can do about it. Data, so it can be listed.</summary>
/// <param name="Reason">Completes "skipped: …".</param>
/// <param name="Remedy">An imperative sentence.</param>
public sealed record Skip(string Reason, string Remedy);
