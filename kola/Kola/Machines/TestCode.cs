using System.Diagnostics.CodeAnalysis;

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

    /// <summary>Runs a preparation of the test's suite, by its name, on ready machines. Default: there are none.</summary>
    public Func<string, IReadOnlyList<Machine>, Lab, Task> Prepare { get; init; } = (name, _, _) => throw new UsageException($"preparation \"{name}\": there is none of that name here");

    /// <summary>Injects a fault of the test's suite, by its id, into a ready machine. Default: there are none.</summary>
    public Func<string, Machine, Task> Inject { get; init; } = (id, _) => throw new UsageException($"fault \"{id}\": there is none of that id here");

    /// <summary>Changes whenever the code of the faults may have: what they made of a machine is only used again under the same.</summary>
    public string Identity { get; init; } = "";

    /// <summary>The same of one preparation, by its name. Default as above.</summary>
    public Func<string, string> IdentityOf { get; init; } = _ => "";

    /// <summary>Runs a preparation until it ends or nobody waits for it any more. It is code of a suite: it may hold its thread, and is left behind then.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="machines">Ready machines, in the order of its parameters.</param>
    /// <param name="lab">What it has beside them.</param>
    /// <param name="whyOver">Why nobody waits any more.</param>
    /// <param name="over">Ends the wait.</param>
    internal Task PrepareAsync(string name, IReadOnlyList<Machine> machines, Lab lab, Func<KolaException?> whyOver, CancellationToken over) =>
        RunAsync(() => Prepare(name, machines, lab), whyOver, over);

    /// <summary>Injects a fault, and has the machine ready again as an image with that fault would be.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="machine">A ready machine.</param>
    /// <param name="whyOver">Why nobody waits any more.</param>
    /// <param name="over">Ends the wait.</param>
    /// <exception cref="PlatformException">It could not be injected, or had no effect: then nothing is known of who would notice.</exception>
    /// <exception cref="MachineException">The machine is not ready with it: it was noticed.</exception>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever the code of a fault throws, it is nothing a test has found.")]
    internal async Task InjectAsync(Fault fault, Machine machine, Func<KolaException?> whyOver, CancellationToken over)
    {
        try
        {
            await RunAsync(() => Inject(fault.Id, machine), whyOver, over);
        }
        catch (Exception thrown) when (whyOver() is null && !over.IsCancellationRequested)
        {
            throw new PlatformException(Signal.Fault, $"{machine.Name}: fault {fault.Id} could not be injected, or has no effect\n  wanted:  {fault.What}\n  got:     {Judge(thrown).Message}", thrown);
        }

        await (fault.Reboots ? machine.RebootAsync() : machine.StayReadyAsync());
    }

    private async Task RunAsync(Func<Task> code, Func<KolaException?> whyOver, CancellationToken over)
    {
        Task run = Task.Run(() => Isolate(code), CancellationToken.None);
        await Task.WhenAny(run, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, over));
        if (run.IsCompleted)
            await run;
        else if (whyOver() is { } why)
            throw why;
        over.ThrowIfCancellationRequested();
    }
}
