using System.Diagnostics.CodeAnalysis;
using Kola.Machines;

namespace Kola;

/// <summary>What a test has beside its machines. Asked for by a last parameter of this type; most tests need none.</summary>
public sealed class Lab
{
    private readonly LabTerms _terms;
    private readonly List<string> _failures = [];

    internal Lab(LabTerms terms)
    {
        _terms = terms;
        Network = new LabNetwork(terms);
    }

    /// <summary>The segments of the test's machines, and what can be done to them.</summary>
    public LabNetwork Network { get; }

    /// <summary>Directory of the test's artifacts: what a test writes there is kept with the run.</summary>
    public string Directory => _terms.Directory;

    /// <summary>
    /// What machines have asked of the harness's server of files so far, those of other tests too: a path with a word of the test's own tells them
    /// apart. Empty when no config of the run refers to it.
    /// </summary>
    public IReadOnlyList<ServedRequest> Requests => _terms.Requests();

    /// <summary>What the run has to update machines with. Empty unless the test <c>Needs</c> <see cref="Feature.UpdatePayload"/>.</summary>
    public UpdatePayloads Payloads => _terms.Payloads;

    /// <summary>The test's own update server. Only of a test that <c>Needs</c> <see cref="Feature.OmahaServer"/>.</summary>
    /// <exception cref="UsageException">The test does not need it.</exception>
    public UpdateServer Updates => _terms.Updates ?? throw new UsageException($"{_terms.Test}: there is no update server for a test that asks for none\n  wanted:  Needs = [Feature.OmahaServer]");

    /// <summary>What the run was given for its suites under a name.</summary>
    /// <exception cref="SkipException">It was given nothing of that name.</exception>
    public SuiteInput Input(string name) => _terms.Inputs.TryGetValue(name, out SuiteInput? input) ? input
        : throw new SkipException($"the run was given no {name}", $"Give it one: --{name} DIR.");

    /// <summary>
    /// Runs a named part of the test. A part that fails is recorded and the test goes on, to fail at its end: many facts of one machine are
    /// worth more than the first that is wrong. A machine or a platform that is gone ends the test at once.
    /// </summary>
    /// <param name="name">Unique in the test, as the peer names its sub-test: <c>ReadOnly</c>.</param>
    /// <param name="step">What is to hold.</param>
    [SuppressMessage("Design", "CA1031", Justification = "The border between a test's code and the run: whatever a step throws is its result.")]
    public async Task StepAsync(string name, Func<Task> step)
    {
        long start = _terms.Time.GetTimestamp();
        (Outcome Outcome, string? Message) end;
        string? remedy = null;
        try
        {
            await _terms.Code.Isolate(step);
            end = (Outcome.Passed, null);
        }
        catch (Exception fault) when (fault is not (PlatformException or OperationCanceledException) && _terms.WhyEnded() is null)
        {
            remedy = SkipException.In(fault)?.Remedy;
            end = remedy is null ? _terms.Code.Judge(fault) : (Outcome.Skipped, fault.Message);
        }

        if (end.Outcome == Outcome.Failed)
            _failures.Add($"{name}: {end.Message}");
        double seconds = _terms.Time.GetElapsedTime(start).TotalSeconds;
        _terms.Emit(new StepEnded { At = _terms.Time.GetUtcNow(), Test = _terms.Test, Attempt = _terms.Attempt, Step = name, Outcome = end.Outcome, Message = end.Message, Remedy = remedy, ElapsedSeconds = seconds });
    }

    /// <summary>
    /// Ends the test, or the part that is in progress, as skipped: what it looks at is not there. What is known before a machine boots belongs into
    /// <c>Needs</c> instead.
    /// </summary>
    /// <param name="reason">Completes "skipped: …".</param>
    /// <param name="remedy">What a person can do about it, an imperative sentence.</param>
    [DoesNotReturn]
    public static void Skip(string reason, string remedy) => throw new SkipException(reason, remedy);

    /// <summary>Message of the steps that failed; null when all held.</summary>
    internal string? Failure => _failures.Count switch
    {
        0 => null,
        1 => _failures[0],
        var many => $"{many} parts failed: {string.Join(", ", _failures.Select(f => f.Split(':')[0]))}\n{string.Join('\n', _failures)}",
    };
}
