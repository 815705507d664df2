using System.Runtime.InteropServices;

namespace Kola.Qemu;

/// <summary>What runs the guest's instructions, and why.</summary>
/// <param name="Kvm">True for hardware virtualization.</param>
/// <param name="CpuModel">Value of QEMU's <c>-cpu</c>.</param>
/// <param name="Why">One line for the report.</param>
internal sealed record Acceleration(bool Kvm, string CpuModel, string Why)
{
    // Measured: a first boot takes 110 s emulated on an idle host, and 10 to 20 s with KVM; deadlines have slack already.
    private const double Emulated = 6;

    /// <summary>Every deadline is multiplied by it: 1 with KVM, 6 emulated.</summary>
    public double Slowness => Kvm ? 1 : Emulated;

    /// <summary>Hardware virtualization with the host's own CPU.</summary>
    public static Acceleration Hardware(string why) => new(true, "host", why);

    /// <summary>Emulation, with a CPU this QEMU emulates rightly.</summary>
    /// <remarks>
    /// The model must not be one that Linux holds vulnerable to Meltdown: page-table isolation then flushes the emulated TLB at
    /// every system call, and SSH was not reached after 200 CPU-seconds. <c>max</c> has AMD's vendor id, which is not.
    /// la57 is off since a fifth level of page tables only makes each walk longer.
    /// </remarks>
    public static Acceleration Emulation(Version qemu, string architecture, string why) => new(false, (architecture, qemu.Major) switch
    {
        ("arm64", _) => "max,pauth-impdef=on",
        (_, >= 8) => "max,la57=off",
        // 7.2 was the first to emulate AVX and corrupts guests with it (random SIGSEGV in ld.so). That this list is enough is not verified.
        _ => "max,la57=off,avx=off,avx2=off,f16c=off,fma=off,vaes=off,vpclmulqdq=off",
    }, why);

    /// <summary>Why KVM cannot even be tried for an image; null when it can.</summary>
    public static string? WhyNotKvm(string architecture, string device = "/dev/kvm")
    {
        string host = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        if (host != architecture)
            return $"the image is for {architecture} and this host is {host}";
        try
        {
            File.OpenHandle(device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            return null;
        }
        catch (FileNotFoundException)
        {
            return $"this host has no {device}";
        }
        catch (UnauthorizedAccessException)
        {
            return $"no permission to open {device}: usermod -aG kvm USER";
        }
        catch (IOException problem)
        {
            return $"{device} does not open: {problem.Message}";
        }
    }
}
