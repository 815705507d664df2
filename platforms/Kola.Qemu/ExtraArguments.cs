using Kola.Machines;

namespace Kola.Qemu;

/// <summary>Arguments of the caller's own: tried once on a machine that is thrown away, so that what QEMU refuses is told before any test.</summary>
internal static class ExtraArguments
{
    // With these QEMU would no longer be kola's child, or the kernel would forget to kill it with kola.
    private static readonly string[] s_refused = ["daemonize", "runas", "run-with"];

    /// <summary>Those of them that kola cannot let through.</summary>
    public static IEnumerable<string> Refused(IEnumerable<string> arguments) => arguments.Where(a => a.StartsWith('-') && s_refused.Contains(a.TrimStart('-')));

    /// <summary>Starts a machine with them, and where that fails one without.</summary>
    /// <exception cref="UsageException">Only the one without them starts.</exception>
    /// <exception cref="PlatformException">Neither does.</exception>
    public static async Task TryAsync(QemuHost host, Image image, CancellationToken cancel)
    {
        if (host.ExtraArguments.Count == 0)
            return;
        try
        {
            await StartAsync(host, image, cancel);
        }
        catch (PlatformException refusal) when (refusal.Signal == Signal.Emulator)
        {
            await StartAsync(host with { ExtraArguments = [] }, image, cancel);
            string got = HostTool.LastLine(refusal.Message).Replace("got:     ", "", StringComparison.Ordinal);
            throw new UsageException(
                $"--qemu-arg {string.Join(" --qemu-arg ", host.ExtraArguments)}: QEMU does not start a machine with that\n  wanted:  arguments of {host.Program.VersionText}\n  got:     {got}\n  next:    one --qemu-arg for each word, files by absolute paths: --qemu-arg=-device --qemu-arg=virtio-balloon-pci",
                refusal);
        }
    }

    private static async Task StartAsync(QemuHost host, Image image, CancellationToken cancel)
    {
        string directory = host.Runtime.CreateWithin();
        var spec = new InstanceSpec { Id = "trial", Machine = new MachineSpec { Name = "trial", MemoryMiB = 256 }, Image = image, Directory = directory };
        try
        {
            await using QemuInstance trial = await QemuInstance.StartAsync(host, spec, QemuOrigin.Cold, [], cancel);
        }
        finally
        {
            RuntimeDirectory.Remove(directory);
        }
    }
}
