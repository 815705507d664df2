namespace Kola.Ignition;

/// <summary>The final config of a machine: the author's, and what the harness adds.</summary>
internal static class MachineConfig
{
    /// <summary>Adds the run's key, the host name, updates off, and the machine's place among the machines of its test.</summary>
    internal static IgnitionConfig For(MachineSpec machine, string publicKey, Neighbourhood? neighbours, string source)
    {
        IgnitionConfig config = machine.Config is null ? IgnitionConfig.Empty : IgnitionConfig.Parse(machine.Config, source);
        config = config.WithKey(machine.User, publicKey);
        if (!machine.Updates)
            config = config.WithFile("/etc/flatcar/update.conf", "SERVER=disabled\n");
        if (machine.Hostname is { } hostname)
            config = config.WithFile("/etc/hostname", hostname + "\n");
        if (neighbours is null)
            return config;
        return config
            .WithFile("/etc/systemd/network/10-kola-private.network", neighbours.NetworkFile(machine.Name))
            .WithFile("/etc/hosts", neighbours.HostsFile());
    }
}
