using System.Globalization;
using Kola.Libvirt.Bindings;
using Kola.Scheduling;

namespace Kola.Libvirt;

/// <content>What its hosts have, taken together.</content>
public sealed partial class LibvirtPlatform
{
    private static HashSet<Feature> FeaturesOf(IReadOnlyList<LibvirtHost> hosts, LibvirtOptions options, bool configDrive, Firmware firmware)
    {
        var features = new HashSet<Feature> { Feature.Console, Feature.ExtraDisks, Feature.PrivateNetwork, Feature.OutOfBand, Feature.Numa };
        if (options.Network is null)
            features.UnionWith([Feature.HarnessFiles, Feature.OmahaServer]);
        if (options.Uris.All(HostUri.IsLocal))
            features.Add(Feature.LinkFaults);
        if (hosts.All(h => h.Capabilities.Tpm))
            features.Add(Feature.Tpm);
        if (hosts.All(h => h.Capabilities.Uefi is not null))
            features.Add(Feature.Uefi);
        if (configDrive)
            features.Add(Feature.UserData);
        if (firmware != Firmware.Direct)
            features.Add(Feature.BootLoader);
        return features;
    }

    // A gigabyte of each host is left to QEMU itself and to others there.
    private static Capacity CapacityOf(IReadOnlyList<LibvirtHost> hosts, LibvirtOptions options)
    {
        long memory = hosts.Sum(h => Math.Max(0, h.FreeMiB - 1024));
        return new Capacity
        {
            Machines = options.Machines ?? 1000,
            MemoryMiB = options.MemoryMiB ?? (int)Math.Clamp(memory, 1024, int.MaxValue),
            Cpus = options.Machines is null ? hosts.Sum(h => h.Node.Cpus) : double.PositiveInfinity,
        };
    }

    private static Dictionary<string, string> FactsOf(IReadOnlyList<LibvirtHost> hosts, LibvirtOptions options, Firmware firmware) => new()
    {
        ["acceleration"] = string.Join(", ", hosts.Select(h => h.Capabilities.Kvm ? "kvm" : "tcg").Distinct()),
        ["acceleration-reason"] = options.Kvm is null ? "what the hosts' libvirt offers" : "asked for",
        ["firmware"] = firmware.ToString().ToLowerInvariant(),
        ["hosts"] = string.Join(", ", hosts.Select(h => string.Create(CultureInfo.InvariantCulture, $"{HostUri.Shown(h.Uri)} ({h.Node.Cpus} CPUs, {h.FreeMiB} of {h.Node.MemoryMiB} MiB free)"))),
        ["libvirt-library"] = LibvirtLibrary.Version.ToString(),
        ["libvirt"] = string.Join(", ", hosts.Select(h => h.Daemon).Distinct()),
        ["network"] = options.Network ?? "user",
        ["pool"] = options.Pool,
        ["qemu-version"] = string.Join(", ", hosts.Select(h => h.Qemu).Distinct()),
    };
}
