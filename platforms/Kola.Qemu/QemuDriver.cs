using Kola.Machines;
using Kola.Platforms;

namespace Kola.Qemu;

/// <summary>QEMU on this host, with KVM where that works.</summary>
public sealed class QemuDriver : IPlatformDriver
{
    private const string Accel = "accel";
    private const string Program = "qemu";
    private const string Network = "network";
    private const string MachineType = "machine-type";
    private const string Argument = "qemu-arg";
    private const string UefiCode = "uefi-code";
    private const string UefiVariables = "uefi-variables";
    private const string SecureBootCode = "secure-boot-code";
    private const string SecureBootVariables = "secure-boot-variables";

    /// <summary>
    /// A config of 2 MiB: a guest reads fw_cfg a byte at a time, and Ignition in ever larger parts from the start. Emulated, 1 MiB takes 13 s, 2 MiB 76 s and
    /// 4 MiB 221 s (docs/benchmarks.md). Of disks and cards there may be as many as a PCI bus has slots.
    /// </summary>
    internal static PlatformLimits Bounds { get; } = new() { ConfigBytes = 2 << 20, Disks = 16, Cards = 8, Buses = Enum.GetValues<DiskBus>(), Outlives = false, Architectures = ["amd64", "arm64"] };

    /// <inheritdoc/>
    public string Name => "qemu";

    /// <inheritdoc/>
    public string Summary => "QEMU on this host, with KVM where it works; no privileges are needed";

    /// <inheritdoc/>
    public IReadOnlyList<PlatformOption> Options { get; } =
    [
        new() { Name = Accel, Description = "auto boots a probe guest once to learn whether KVM really works. Default: auto.", Choices = ["auto", "kvm", "tcg"] },
        new() { Name = Program, Description = "QEMU's program. Default: qemu-system-x86_64 or qemu-system-aarch64, as the image is.", Value = "PROGRAM" },
        new() { Name = Network, Description = "What the segments of a test are: user, switches in user space; or bridge, bridges of the kernel in a namespace of the test's own, for root. Default: user.", Choices = ["user", "bridge"] },
        new() { Name = MachineType, Description = "QEMU's machine type: q35 or pc for amd64, virt for arm64, or a version of one, as -machine help lists them. Default: q35 or virt.", Value = "TYPE" },
        new() { Name = Argument, Description = "A word put at the end of every QEMU's command line; give it once for each word: --qemu-arg=-device --qemu-arg=virtio-balloon-pci. Default: none.", Value = "WORD", Repeatable = true },
        new() { Name = UefiCode, Description = "UEFI code, a raw flash file; together with --uefi-variables. Default: where distributions put it.", Value = "FILE" },
        new() { Name = UefiVariables, Description = "Template of the UEFI variables, which each machine gets a copy of. Default: where distributions put it.", Value = "FILE" },
        new() { Name = SecureBootCode, Description = "UEFI code that enforces Secure Boot. Default: /usr/share/OVMF/OVMF_CODE_4M.secboot.fd.", Value = "FILE" },
        new() { Name = SecureBootVariables, Description = "UEFI variables with the keys in them that the image is signed by. Default: Debian's test key, for an image that is signed by it.", Value = "FILE" },
    ];

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features { get; } = FeatureFacts.All.Where(f => f.Value.OfferedBy == FeatureSource.Platform).Select(f => f.Key).ToHashSet();

    /// <inheritdoc/>
    public PlatformLimits Limits => Bounds;

    /// <summary>Null: machines are started from a file.</summary>
    public Task<Image?> FindImageAsync(PlatformAccess access, CancellationToken cancel) => Task.FromResult<Image?>(null);

    /// <inheritdoc/>
    public async Task<IPlatform> OpenAsync(PlatformRequest request, CancellationToken cancel)
    {
        PlatformSettings settings = request.Access.Settings;
        var options = new QemuOptions
        {
            Binary = settings.Text(Program),
            Acceleration = Enum.Parse<AccelerationMode>(settings.Text(Accel) ?? "auto", ignoreCase: true),
            DefaultFirmware = request.Firmware,
            MachineType = settings.Text(MachineType),
            ExtraArguments = settings.All(Argument),
            FirmwareCode = FileOf(settings, UefiCode),
            FirmwareVariables = FileOf(settings, UefiVariables),
            SecureBootCode = FileOf(settings, SecureBootCode),
            SecureBootVariables = FileOf(settings, SecureBootVariables),
            Machines = request.Machines,
            MemoryMiB = request.MemoryMiB,
            Network = Enum.Parse<NetworkKind>(settings.Text(Network) ?? "user", ignoreCase: true),
            CacheDirectory = request.Access.CacheDirectory,
            TemplatesDirectory = request.TemplatesDirectory,
        };
        return await QemuPlatform.CreateAsync(options, request.Image, request.Access.Clock, cancel);
    }

    // QEMU is started in a directory of its own.
    private static string? FileOf(PlatformSettings settings, string option) => settings.Text(option) is { } file ? Path.GetFullPath(file) : null;

    /// <inheritdoc/>
    public Task<IReadOnlyList<ILeftover>> FindLeftoversAsync(PlatformAccess access, CancellationToken cancel) => Task.FromResult(RuntimeDirectory.Leftovers(QemuOptions.DefaultRuntimeDirectory));
}
