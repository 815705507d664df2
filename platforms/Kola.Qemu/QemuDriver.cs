using Kola.Machines;
using Kola.Platforms;

namespace Kola.Qemu;

/// <summary>QEMU on this host, with KVM where that works.</summary>
public sealed class QemuDriver : IPlatformDriver
{
    private const string Accel = "accel";
    private const string Program = "qemu";
    private const string Network = "network";

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
            Machines = request.Machines,
            MemoryMiB = request.MemoryMiB,
            Network = Enum.Parse<NetworkKind>(settings.Text(Network) ?? "user", ignoreCase: true),
            CacheDirectory = request.Access.CacheDirectory,
            TemplatesDirectory = request.TemplatesDirectory,
        };
        return await QemuPlatform.CreateAsync(options, request.Image, request.Access.Clock, cancel);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ILeftover>> FindLeftoversAsync(PlatformAccess access, CancellationToken cancel) => Task.FromResult(RuntimeDirectory.Leftovers(QemuOptions.DefaultRuntimeDirectory));
}
