namespace Kola.Scheduling;

/// <summary>What may be in use at once. A turn is given only while all three hold.</summary>
public sealed record Capacity
{
    /// <summary>Machines running at once, at least 1.</summary>
    public required int Machines { get; init; }

    /// <summary>Guest memory in MiB.</summary>
    public required int MemoryMiB { get; init; }

    /// <summary>Virtual CPUs.</summary>
    public required int Cpus { get; init; }

    /// <summary>What a set of machines takes.</summary>
    public static Capacity Of(IEnumerable<MachineSpec> machines)
    {
        MachineSpec[] all = [.. machines];
        return new Capacity { Machines = all.Length, MemoryMiB = all.Sum(m => m.MemoryMiB), Cpus = all.Sum(m => m.Cpus) };
    }

    /// <summary>Whether <paramref name="needed"/> fits.</summary>
    public bool Holds(Capacity needed) =>
        needed.Machines <= Machines && needed.MemoryMiB <= MemoryMiB && needed.Cpus <= Cpus;

    /// <summary>What is left after taking.</summary>
    public Capacity Minus(Capacity taken) =>
        new() { Machines = Machines - taken.Machines, MemoryMiB = MemoryMiB - taken.MemoryMiB, Cpus = Cpus - taken.Cpus };

    /// <summary>What there is after giving back.</summary>
    public Capacity Plus(Capacity returned) =>
        new() { Machines = Machines + returned.Machines, MemoryMiB = MemoryMiB + returned.MemoryMiB, Cpus = Cpus + returned.Cpus };
}
