using Kola.Machines;

namespace Kola.Ignition;

/// <summary>The final config of a machine: the author's, and what the harness adds.</summary>
internal static class MachineConfig
{
    private const string PrivateNetworkFile = "/etc/systemd/network/10-kola-private.network";
    private const string HostsFile = "/etc/hosts";

    /// <summary>Of a machine booted for its test: the run's key, the host name, updates off, its place among the machines of its test, the guest program.</summary>
    /// <param name="machine">The author's spec.</param>
    /// <param name="publicKey">The run's line of authorized_keys.</param>
    /// <param name="neighbours">The machines of its test; null when it is alone.</param>
    /// <param name="channel">Whether the platform gives it a guest channel.</param>
    /// <param name="source">Names the author's config in messages.</param>
    internal static IgnitionConfig For(MachineSpec machine, string publicKey, Neighbourhood? neighbours, bool channel, string source)
    {
        IgnitionConfig config = Shared(machine, publicKey, source);
        if (channel)
            config = WithGuestProgram(config);
        return OwnFiles(machine, neighbours, source).Aggregate(config, (now, file) => now.WithFile(file.Key, file.Value));
    }

    /// <summary>Of a machine that becomes a template: the same with nothing in it of a run, a test or a role.</summary>
    /// <param name="machine">The author's spec.</param>
    /// <param name="privateCard">Whether it has a card for a private segment, which waits unconfigured.</param>
    /// <param name="source">Names the author's config in messages.</param>
    internal static IgnitionConfig ForTemplate(MachineSpec machine, bool privateCard, string source)
    {
        IgnitionConfig config = WithGuestProgram(Shared(machine, TemplateSpec.PublicKeyPlaceholder, source));
        return privateCard ? config.WithFile(PrivateNetworkFile, Neighbourhood.UnconfiguredNetworkFile) : config;
    }

    /// <summary>
    /// What a machine has for its role among the machines of its test, absolute path to content: in the config of one booted cold, written
    /// afterwards into a copy. Files the author's config speaks of are left to it.
    /// </summary>
    internal static IReadOnlyDictionary<string, string> OwnFiles(MachineSpec machine, Neighbourhood? neighbours, string source)
    {
        if (neighbours is null)
            return new Dictionary<string, string>();
        IgnitionConfig author = Author(machine, source);
        var files = new Dictionary<string, string>
        {
            [PrivateNetworkFile] = neighbours.NetworkFile(machine.Name),
            [HostsFile] = neighbours.HostsFile(),
        };
        return files.Where(file => !author.Mentions(file.Key)).ToDictionary();
    }

    private static IgnitionConfig Author(MachineSpec machine, string source) =>
        machine.Config is null ? IgnitionConfig.Empty : IgnitionConfig.Parse(machine.Config, source);

    private static IgnitionConfig Shared(MachineSpec machine, string publicKey, string source)
    {
        IgnitionConfig config = Author(machine, source).WithKey(machine.User, publicKey);
        if (!machine.Updates)
            config = config.WithFile("/etc/flatcar/update.conf", "SERVER=disabled\n");
        if (machine.Hostname is { } hostname)
            config = config.WithFile("/etc/hostname", hostname + "\n");
        return config;
    }

    private static IgnitionConfig WithGuestProgram(IgnitionConfig config) => GuestProgram.Units.Aggregate(
        config.WithFile(GuestProgram.ScriptPath, GuestProgram.Script, mode: 0b111_101_101), (now, unit) => now.WithUnit(unit.Name, unit.Text, unit.AtBoot));
}
