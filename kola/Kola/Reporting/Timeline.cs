using System.Globalization;

namespace Kola.Reporting;

/// <summary>Where the time of one attempt went. A pure fold of what its report holds; parts may lie within others, a command within a step.</summary>
public sealed record Timeline
{
    /// <summary>In the order they began.</summary>
    public required IReadOnlyList<TimelinePart> Parts { get; init; }

    /// <summary>The longest first.</summary>
    public IEnumerable<TimelinePart> Slowest => Parts.OrderByDescending(part => part.Seconds).ThenBy(part => part.Start);

    /// <summary>The timeline of an attempt; empty when it has neither a beginning nor a machine.</summary>
    public static Timeline Of(AttemptReport attempt)
    {
        if ((attempt.Started ?? (attempt.Machines.Count > 0 ? attempt.Machines[0].Started : null)) is not { } zero)
            return new Timeline { Parts = [] };
        List<TimelinePart> parts =
        [
            .. Turn(attempt),
            .. attempt.Machines.SelectMany(machine => Boots(attempt, machine, zero)),
            .. attempt.Steps.Select(step => Ended("step", step.Step, null, step.At, step.ElapsedSeconds, step.Outcome is Outcome.Failed or Outcome.Broken, zero)),
            .. attempt.NetworkChanges.Select(change => Ended("network", change.What, null, change.At, 0, bad: false, zero)),
            .. attempt.Commands.Select(ran => Ended("command", $"{ran.Command}{Exit(ran.ExitCode)}", ran.Machine, ran.At, ran.ElapsedSeconds, ran.ExitCode is not 0, zero)),
            .. attempt.Waits.Select(wait => Ended("wait", $"for {wait.For}{(wait.Held ? "" : $": never, last seen {PlainText.FirstLine(wait.LastSeen)}")}", wait.Machine, wait.At, wait.ElapsedSeconds, !wait.Held, zero)),
        ];
        parts.AddRange(Tidying(attempt, parts, zero));
        return new Timeline { Parts = [.. parts.OrderBy(part => part.Start).ThenByDescending(part => part.Seconds)] };
    }

    private static IEnumerable<TimelinePart> Turn(AttemptReport attempt)
    {
        if (attempt.WaitedSeconds > 0)
            yield return new TimelinePart { Kind = attempt.WaitedFor?.StartsWith("template ", StringComparison.Ordinal) == true ? "template" : "turn", What = $"waited for {attempt.WaitedFor ?? "its turn"}", Start = -attempt.WaitedSeconds, Seconds = attempt.WaitedSeconds };
    }

    private static IEnumerable<TimelinePart> Boots(AttemptReport attempt, MachineReport machine, DateTimeOffset zero)
    {
        for (int boot = 0; boot < machine.Ready.Count; boot++)
        {
            double seconds = machine.BootSeconds[boot];
            double start = (machine.Ready[boot] - zero).TotalSeconds - seconds;
            string what = boot > 0 ? $"reboot {boot.ToString(CultureInfo.InvariantCulture)}" : machine.Template is { } key ? $"copy of template {Aside.Short(key)}" : "boot";
            double? login = boot < machine.LoginSeconds.Count ? machine.LoginSeconds[boot] : null;
            if (login is { } within && within <= seconds)
            {
                yield return new TimelinePart { Kind = "boot", What = $"{what}, until SSH let in", Machine = machine.Name, Start = start, Seconds = within };
                yield return new TimelinePart { Kind = "settle", What = "SSH let in, until it had settled", Machine = machine.Name, Start = start + within, Seconds = seconds - within };
            }
            else
            {
                yield return new TimelinePart { Kind = "boot", What = $"{what}, until it was ready", Machine = machine.Name, Start = start, Seconds = seconds };
            }
        }

        if (machine.Ready.Count == 0 && machine.Started is { } started)
        {
            double from = (started - zero).TotalSeconds;
            double until = machine.Gone is { } gone ? (gone - zero).TotalSeconds : attempt.ElapsedSeconds;
            yield return new TimelinePart { Kind = "boot", What = "boot, never ready", Machine = machine.Name, Start = from, Seconds = Math.Max(0, until - from), Bad = true };
        }
    }

    // Behind the last that the test did: what was kept of its machines, and their end.
    private static IEnumerable<TimelinePart> Tidying(AttemptReport attempt, List<TimelinePart> parts, DateTimeOffset zero)
    {
        // A machine that was never ready lasts until it is gone, so it does not say when the test was over.
        double over = parts.Where(part => part.Kind != "boot" || !part.Bad).Select(part => part.Start + part.Seconds).DefaultIfEmpty(0).Max();
        double kept = attempt.Kept.Select(e => (e.At - zero).TotalSeconds).DefaultIfEmpty(double.NaN).Max();
        if (kept > over)
        {
            yield return new TimelinePart { Kind = "collecting", What = "what is kept of its machines", Start = over, Seconds = kept - over };
            over = kept;
        }

        double gone = attempt.Machines.Where(machine => machine.Gone is not null).Select(machine => (machine.Gone!.Value - zero).TotalSeconds).DefaultIfEmpty(double.NaN).Max();
        if (gone > over)
            yield return new TimelinePart { Kind = "disposal", What = "its machines were taken away", Start = over, Seconds = gone - over };
    }

    private static TimelinePart Ended(string kind, string what, string? machine, DateTimeOffset at, double seconds, bool bad, DateTimeOffset zero) =>
        new() { Kind = kind, What = what, Machine = machine, Start = (at - zero).TotalSeconds - seconds, Seconds = seconds, Bad = bad };

    private static string Exit(int? code) => code switch
    {
        0 => "",
        null => " (lost)",
        _ => $" (exit {code.Value.ToString(CultureInfo.InvariantCulture)})",
    };
}

/// <summary>One part of an attempt's time.</summary>
public sealed record TimelinePart
{
    /// <summary><c>turn</c>, <c>template</c>, <c>boot</c>, <c>settle</c>, <c>step</c>, <c>network</c>, <c>command</c>, <c>wait</c>, <c>collecting</c> or <c>disposal</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>One line.</summary>
    public required string What { get; init; }

    /// <summary>Role of the machine; null for the test as a whole.</summary>
    public string? Machine { get; init; }

    /// <summary>Seconds from its turn on; below 0 for what it waited before.</summary>
    public required double Start { get; init; }

    /// <summary>How long, seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>Whether it did not end as it should.</summary>
    public bool Bad { get; init; }
}
