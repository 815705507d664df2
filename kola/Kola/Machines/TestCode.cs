namespace Kola.Machines;

/// <summary>What only the framework a test is written in knows about the test's code.</summary>
public sealed record TestCode
{
    /// <summary>Outcome and message of an exception the code threw: a framework's skips and failures are exceptions of its own.</summary>
    public required Func<Exception, (Outcome Outcome, string? Message)> Judge { get; init; }

    /// <summary>Runs a part so that what fails in it does not show in the parts after it. Default: just runs it.</summary>
    public Func<Func<Task>, Task> Isolate { get; init; } = part => part();
}
