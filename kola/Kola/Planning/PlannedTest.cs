namespace Kola.Planning;

/// <summary>One test of a plan and what is to happen with it.</summary>
/// <param name="Case">The test.</param>
/// <param name="Skip">Null when it is to run.</param>
public sealed record PlannedTest(TestCase Case, Skip? Skip);

/// <summary>Why a test is not run and what a person can do about it. Data, so it can be listed.</summary>
/// <param name="Reason">Completes "skipped: …".</param>
/// <param name="Remedy">An imperative sentence.</param>
public sealed record Skip(string Reason, string Remedy);
