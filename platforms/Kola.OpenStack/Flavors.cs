using System.Globalization;
using System.Text.Json.Nodes;

namespace Kola.OpenStack;

/// <summary>The flavors a run may use.</summary>
/// <param name="all">In the order in which they are tried.</param>
/// <param name="named">Whether a person named them.</param>
internal sealed class Flavors(IReadOnlyList<Flavor> all, bool named)
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
            return new Flavors([.. found.OrderBy(f => f.Ram).ThenBy(f => f.Vcpus).ThenBy(f => f.Disk).ThenBy(f => f.Name, StringComparer.Ordinal)], named: false);
        return new Flavors([.. session.Options.Flavors.Select(wanted => found.FirstOrDefault(f => f.Id == wanted || f.Name == wanted)
            ?? throw new UsageException($"--openstack-flavor {wanted}: there is no such flavor\n  wanted:  one of {string.Join(", ", found.Select(f => f.Name))}"))], named: true);
    }

    /// <summary>The one a machine is started as.</summary>
    /// <param name="id">Of the machine.</param>
    /// <param name="machine">What it wants.</param>
    /// <param name="image">What it boots, which has a size and may ask for memory.</param>
    /// <exception cref="UsageException">It fits in none.</exception>
    internal Flavor For(string id, MachineSpec machine, JsonObject image)
    {
        int disk = Math.Max(machine.DiskMiB is { } size ? (size + 1023) >> 10 : 0, OpenStackImages.DiskOf(image));
        int memory = Math.Max(machine.MemoryMiB, OpenStackImages.MemoryOf(image));
        return all.FirstOrDefault(f => f.Ram >= memory && f.Vcpus >= machine.Cpus && (f.Disk >= disk || IsAsTheImage(f, machine))) ?? throw new UsageException(string.Create(
            CultureInfo.InvariantCulture,
            $"{id}: no flavor has {memory} MiB, {machine.Cpus} CPUs and a disk of {disk} GiB\n  wanted:  one of {string.Join(", ", all.Select(f => $"{f.Name} ({f.Ram} MiB, {f.Vcpus}, {f.Disk} GiB)"))}\n  next:    --openstack-flavor with a larger one"));
    }

    // Without a disk of its own a flavor takes that of the image as it is. Nova lets only some do that since Stein: people who name such a one know.
    private bool IsAsTheImage(Flavor flavor, MachineSpec machine) => flavor.Disk == 0 && named && machine.DiskMiB is null;
}
