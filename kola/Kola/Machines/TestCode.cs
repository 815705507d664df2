namespace Kola.Machines;

/// <summary>What only the framework a test is written in knows about the test's code.</summary>
public sealed record TestCode
{
    /// <summary>Outcome and message of an exception the code threw: a framework's skips and failures are exceptions of its own.</summary>
    public required Func<Exception, (Outcome Outcome, string? Message)> Judge { get; init; }

    /// <summary>Whether an exception says that something does not hold, rather than that the code has a fault. Default: each does.</summary>
    public Func<Exception, bool> Asserts { get; init; } = _ => true;

    /// <summary>Runs a part so that what fails in it does not show in the parts after it. Default: just runs it.</summary>
    public Func<Func<Task>, Task> Isolate { get; init; } = part => part();

    /// <summary>Runs a preparation of the test's suite, by its name, on a ready machine. Default: there are none.</summary>
    public Func<string, Machine, Task> Prepare { get; init; } = (name, _) => throw new UsageException($"preparation \"{name}\": there is none of that name here");

    /// <summary>Changes whenever the code of the preparations may have: what they made of a machine is only used again under the same.</summary>
    public string Identity { get; init; } = "";

    /// <summary>Runs a preparation until it ends or nobody waits for it any more. It is code of a suite: it may hold its thread, and is left behind then.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="machine">A ready machine.</param>
    /// <param name="whyOver">Why nobody waits any more.</param>
    /// <param name="over">Ends the wait.</param>
    internal async Task PrepareAsync(string name, Machine machine, Func<KolaException?> whyOver, CancellationToken over)
    {
        Task prepared = Task.Run(() => Isolate(() => Prepare(name, machine)), CancellationToken.None);
        await Task.WhenAny(prepared, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, over));
        if (prepared.IsCompleted)
            await prepared;
        else if (whyOver() is { } why)
            throw why;
        over.ThrowIfCancellationRequested();
    }
}
