using System.Text.RegularExpressions;
using Kola.Machines;

namespace Kola.Qemu;

/// <summary>
/// Whether KVM runs kernels here. That /dev/kvm opens, and that firmware runs, proves nothing: under PVM a stock kernel prints
/// nothing for minutes. So the image's own kernel is booted, and only its arrival at the init process counts.
/// </summary>
internal static partial class KvmProbe
{
    // Ten times what a kernel takes on a slow host with KVM. A boot loader has a menu and loads from the disk, so it gets twice that.
    private static readonly TimeSpan s_kernelTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_loaderTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    /// <summary>Boots the image under KVM, at most 15 seconds, 30 through its boot loader.</summary>
    public static async Task<KvmAnswer> AskAsync(QemuHost host, Image image, CancellationToken cancel)
    {
        string directory = host.Runtime.CreateWithin();
        var spec = new InstanceSpec
        {
            Id = "kvm-probe",
            Machine = new MachineSpec { Name = "probe", Firmware = image.Direct is null ? Firmware.Any : Firmware.Direct },
            Image = Loud(image),
            Directory = directory,
        };
        long begin = host.Clock.GetTimestamp();
        (bool works, string detail) = await BootAsync(host, spec, image.Direct is null ? s_loaderTime : s_kernelTime, cancel);
        RuntimeDirectory.Remove(directory);
        double seconds = Math.Round(host.Clock.GetElapsedTime(begin).TotalSeconds, 1);
        return new KvmAnswer { Works = works, Detail = detail, Seconds = seconds, MeasuredAt = host.Clock.GetUtcNow() };
    }

    /// <summary>Whether a console shows a kernel that has come as far as its init process, or to the point where it lacks one.</summary>
    internal static bool IsProof(string console) => Proof().IsMatch(console);

    private static async Task<(bool Works, string Detail)> BootAsync(QemuHost host, InstanceSpec spec, TimeSpan limit, CancellationToken cancel)
    {
        try
        {
            await using QemuInstance probe = await QemuInstance.StartAsync(host, spec, QemuOrigin.Cold, [], cancel);
            long begin = host.Clock.GetTimestamp();
            while (true)
            {
                string console = await File.ReadAllTextAsync(probe.ConsoleFile!, cancel);
                TimeSpan taken = host.Clock.GetElapsedTime(begin);
                if (IsProof(console))
                    return (true, $"a kernel reached its init process {taken.TotalSeconds:0.0} s after power on");
                if (probe.Exited.IsCompleted)
                    return (false, (await probe.Exited).Detail);
                if (taken > limit)
                    return (false, $"no kernel reached its init process within {limit.TotalSeconds:0} s of power on, {Reached(console)}");
                await Task.Delay(s_poll, host.Clock, cancel);
            }
        }
        catch (PlatformException problem)
        {
            return (false, HostTool.LastLine(problem.Message).Replace("got:     ", "QEMU ", StringComparison.Ordinal));
        }
    }

    private static string Reached(string console) => console.Contains("Linux version", StringComparison.Ordinal)
        ? $"the last line was \"{HostTool.LastLine(console)}\""
        : "the kernel had printed nothing";

    private static Image Loud(Image image)
    {
        string console = image.Architecture == "arm64" ? "ttyAMA0" : "ttyS0";
        return image.Direct is null ? image : image with { Direct = image.Direct with { CommandLine = $"console={console} ignore_loglevel panic=-1" } };
    }

    // [    0.912345] Run /init as init process
    // [    0.912345] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)
    // [    1.534000] systemd[1]: Detected virtualization kvm.
    [GeneratedRegex(@"Run /\S+ as init process|Unable to mount root fs|systemd\[1\]: ")]
    private static partial Regex Proof();
}
