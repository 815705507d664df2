using Kola;
using Kola.Machines;
using Kola.Platforms;

namespace Example.PlainQemu;

/// <summary>QEMU with no more than it takes to keep kola's promises: an example of a platform of one's own.</summary>
public sealed class PlainDriver : IPlatformDriver
{
    private const string Program = "plain-qemu-program";

    /// <inheritdoc/>
    public string Name => "plain-qemu";

    /// <inheritdoc/>
    public string Summary => "QEMU as plainly as can be, an example of a platform of one's own";

    /// <inheritdoc/>
    public IReadOnlyList<PlatformOption> Options { get; } = [new() { Name = Program, Description = "QEMU's program. Default: qemu-system-x86_64.", Value = "PROGRAM" }];

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features => PlainPlatform.Offered;

    /// <inheritdoc/>
    public PlatformLimits Limits => PlainPlatform.Bounds;

    /// <summary>Null: machines are started from a file.</summary>
    public Task<Image?> FindImageAsync(PlatformAccess access, CancellationToken cancel) => Task.FromResult<Image?>(null);

    /// <inheritdoc/>
    public Task<IPlatform> OpenAsync(PlatformRequest request, CancellationToken cancel)
    {
        string program = request.Access.Settings.Text(Program) ?? "qemu-system-x86_64";
        string[] places = [.. (request.Access.Environment("PATH") ?? "/usr/bin").Split(':').Select(directory => Path.Combine(directory, program))];
        return places.Any(File.Exists) ? Task.FromResult<IPlatform>(new PlainPlatform(program, request))
            : throw new UsageException($"--{Program} {program}: no such program\n  wanted:  a name on the path, or a file\n  next:    apt-get install qemu-system-x86 qemu-utils");
    }

    /// <summary>Machines carry their tags on QEMU's command line, so that the kernel lists them.</summary>
    public Task<IReadOnlyList<ILeftover>> FindLeftoversAsync(PlatformAccess access, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<ILeftover>>([.. Directory.EnumerateDirectories("/proc").Select(PlainLeftover.Of).OfType<PlainLeftover>()]);
}
