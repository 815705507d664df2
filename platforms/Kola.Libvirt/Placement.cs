namespace Kola.Libvirt;

/// <summary>Which host a machine goes to. Machines that share a segment share a host, since a segment does not reach beyond one.</summary>
/// <param name="hosts">What each host has: memory that was free when the platform was opened, MiB, and CPUs.</param>
internal sealed class Placement(IReadOnlyList<(long MemoryMiB, int Cpus)> hosts)
{
    private readonly Lock _gate = new();
    private readonly long[] _memory = new long[hosts.Count];
    private readonly int[] _cpus = new int[hosts.Count];
    private readonly Dictionary<string, (int Host, int Machines)> _groups = [];

    /// <summary>Takes a place: where the memory is enough, the host with the least virtual CPUs for each of its own; of equals the one with most memory.</summary>
    /// <param name="group">What it shares a segment by; null for a machine that is alone.</param>
    /// <param name="memoryMiB">Its memory.</param>
    /// <param name="cpus">Its virtual CPUs.</param>
    /// <returns>Number of the host.</returns>
    public int Take(string? group, int memoryMiB, int cpus)
    {
        lock (_gate)
        {
            (int Host, int Machines) shared = group is null ? default : _groups.GetValueOrDefault(group);
            int host = shared.Machines > 0 ? shared.Host : Enumerable.Range(0, hosts.Count)
                .OrderByDescending(h => Free(h) >= memoryMiB)
                .ThenBy(h => (double)_cpus[h] / hosts[h].Cpus)
                .ThenByDescending(Free)
                .First();
            _memory[host] += memoryMiB;
            _cpus[host] += cpus;
            if (group is not null)
                _groups[group] = (host, shared.Machines + 1);
            return host;
        }
    }

    /// <summary>Gives a place back, as it was taken.</summary>
    public void Return(int host, string? group, int memoryMiB, int cpus)
    {
        lock (_gate)
        {
            _memory[host] -= memoryMiB;
            _cpus[host] -= cpus;
            if (group is null)
                return;
            (int Host, int Machines) shared = _groups[group];
            if (shared.Machines == 1)
                _groups.Remove(group);
            else
                _groups[group] = shared with { Machines = shared.Machines - 1 };
        }
    }

    private long Free(int host) => hosts[host].MemoryMiB - _memory[host];
}
