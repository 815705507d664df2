namespace Kola.Machines;

/// <summary>What only the framework a test is written in knows about the test's code.</summary>
public sealed record TestCode
{
    /// <summary>Outcome and message of an exception the code threw: a framework's skips and failures are exceptions of its own.</summary>
    public required Func<Exception, (Outcome Outcome, string? Message)> Judge { get; init; }

    /// <summary>Runs a part so that what fails in it does not show in the parts after it. Default: just runs it.</summary>
    public Func<Func<Task>, Task> Isolate { get; init; } = part => part();

    /// <summary>Runs a preparation of the test's suite, by its name, on a ready machine. Default: there are none.</summary>
    public Func<string, Machine, Task> Prepare { get; init; } = (name, _) => throw new UsageException($"preparation \"{name}\": there is none of that name here");

    /// <summary>Changes whenever the code of the preparations may have: what they made of a machine is only used again under the same.</summary>
    public string Identity { get; init; } = "";
}
