namespace Kola.Scheduling;

/// <summary>What may be in use at once, or what a piece of work takes of it. A turn is given only while all four hold.</summary>
public sealed record Capacity
{
    // Shares of cores are added and taken away many thousand times; what binary fractions lose on the way must not cost a turn.
    private const double Rounding = 1e-6;

    private readonly int? _ports;

    /// <summary>Machines running at once, at least 1.</summary>
    public required int Machines { get; init; }

    /// <summary>Host memory of the machines in MiB, as PSS where it was measured, else as they were given it.</summary>
    public required int MemoryMiB { get; init; }

    /// <summary>Cores kept busy, fractional: CPU seconds a second. Infinite when only the machines are counted.</summary>
    public required double Cpus { get; init; }

    /// <summary>Forwarded ports. Default one a machine.</summary>
    public int Ports
    {
        get => _ports ?? Machines;
        init => _ports = value;
    }

    /// <summary>What a set of machines takes of which nothing is known but their specs: all memory, and a core a virtual CPU.</summary>
    public static Capacity Of(IEnumerable<MachineSpec> machines)
    {
        MachineSpec[] all = [.. machines];
        return new Capacity { Machines = all.Length, MemoryMiB = all.Sum(m => m.MemoryMiB), Cpus = all.Sum(m => m.Cpus) };
    }

    /// <summary>Whether <paramref name="needed"/> fits.</summary>
    public bool Holds(Capacity needed) => HoldsButForCores(needed) && needed.Cpus <= Cpus + Rounding;

    /// <summary>
    /// Whether <paramref name="needed"/> fits when cores do not count: with too few of them work takes longer, without memory or a port it
    /// cannot be done.
    /// </summary>
    public bool HoldsButForCores(Capacity needed) =>
        needed.Machines <= Machines && needed.MemoryMiB <= MemoryMiB && needed.Ports <= Ports;

    /// <summary>As much of this as <paramref name="limit"/> has: what is counted of work that is too large for its host and runs alone.</summary>
    public Capacity AtMost(Capacity limit) => limit.Holds(this) ? this : new()
    {
        Machines = Math.Min(Machines, limit.Machines),
        MemoryMiB = Math.Min(MemoryMiB, limit.MemoryMiB),
        Cpus = Math.Min(Cpus, limit.Cpus),
        Ports = Math.Min(Ports, limit.Ports),
    };

    /// <summary>What is left after taking.</summary>
    public Capacity Minus(Capacity taken) =>
        new() { Machines = Machines - taken.Machines, MemoryMiB = MemoryMiB - taken.MemoryMiB, Cpus = Cpus - taken.Cpus, Ports = Ports - taken.Ports };

    /// <summary>What there is after giving back.</summary>
    public Capacity Plus(Capacity returned) =>
        new() { Machines = Machines + returned.Machines, MemoryMiB = MemoryMiB + returned.MemoryMiB, Cpus = Cpus + returned.Cpus, Ports = Ports + returned.Ports };
}
