namespace Kola.Running;

/// <summary>What a test's code is given.</summary>
/// <param name="Machines">Booted and ready, in the order of the test's parameters.</param>
/// <param name="Lab">What the test has beside them.</param>
public sealed record LabMachines(IReadOnlyList<Machine> Machines, Lab Lab);
