using System.Globalization;

namespace Kola.OpenStack;

/// <summary>The flavors a run may use.</summary>
/// <param name="all">In the order in which they are tried.</param>
internal sealed class Flavors(IReadOnlyList<Flavor> all)
{
    /// <summary>In the order in which they are tried.</summary>
    internal IReadOnlyList<Flavor> All => all;

    /// <summary>Those a person named; else all, the smallest first.</summary>
    /// <exception cref="UsageException">A named one is not there.</exception>
    internal static async Task<Flavors> FindAsync(OpenStackSession session, CancellationToken cancel)
    {
        var found = new List<Flavor>();
        string? marker = null;
        do
        {
            FlavorsAnswer page = await session.Calls.RunAsync("list flavors", Signal.Quota, c => session.Nova.FlavorsAsync(marker, c), cancel);
            found.AddRange(page.Flavors);
            marker = page.FlavorsLinks?.Any(l => l.Rel == "next") == true && page.Flavors.Count > 0 ? page.Flavors[^1].Id : null;
        }
        while (marker is not null);
        if (session.Options.Flavors.Count == 0)
            return new Flavors([.. found.OrderBy(f => f.Ram).ThenBy(f => f.Vcpus).ThenBy(f => f.Disk).ThenBy(f => f.Name, StringComparer.Ordinal)]);
        return new Flavors([.. session.Options.Flavors.Select(wanted => found.FirstOrDefault(f => f.Id == wanted || f.Name == wanted)
            ?? throw new UsageException($"--openstack-flavor {wanted}: there is no such flavor\n  wanted:  one of {string.Join(", ", found.Select(f => f.Name))}"))]);
    }

    /// <summary>The one a machine is started as.</summary>
    /// <exception cref="UsageException">It fits in none.</exception>
    internal Flavor For(string id, MachineSpec machine)
    {
        int disk = machine.DiskMiB is { } size ? (size + 1023) >> 10 : 0;
        // A flavor without a disk of its own takes that of the image as it is.
        return all.FirstOrDefault(f => f.Ram >= machine.MemoryMiB && f.Vcpus >= machine.Cpus && f.Disk >= disk) ?? throw new UsageException(string.Create(
            CultureInfo.InvariantCulture,
            $"{id}: no flavor has {machine.MemoryMiB} MiB, {machine.Cpus} CPUs and a disk of {disk} GiB\n  wanted:  one of {string.Join(", ", all.Select(f => $"{f.Name} ({f.Ram} MiB, {f.Vcpus}, {f.Disk} GiB)"))}\n  next:    --openstack-flavor with a larger one"));
    }
}
