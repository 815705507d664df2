using System.Security.Cryptography;
using System.Text;
using Kola.Clouds;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Gcp;

/// <summary>Instances of Google Compute Engine.</summary>
public sealed class GcpDriver : IPlatformDriver
{
    internal const string PlatformName = "gcp";

    /// <summary>Most of one value of an instance's metadata.</summary>
    internal const int MostConfigBytes = 256 << 10;

    private const string Ours = $"labels.{ResourceTags.RunTag}:*";
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    internal static PlatformLimits Bounds { get; } = new() { ConfigBytes = MostConfigBytes, Buses = [], Architectures = ["amd64", "arm64"] };

    /// <inheritdoc/>
    public string Name => PlatformName;

    /// <inheritdoc/>
    public string Summary => "Compute Engine instances; the image is brought there once";

    /// <inheritdoc/>
    public IReadOnlyList<PlatformOption> Options => GcpOptions.All;

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features { get; } = new HashSet<Feature> { Feature.Console, Feature.BootLoader, Feature.Uefi };

    /// <inheritdoc/>
    public PlatformLimits Limits => Bounds;

    /// <inheritdoc/>
    public async Task<Image?> FindImageAsync(PlatformAccess access, CancellationToken cancel)
    {
        GcpOptions options = GcpOptions.Read(access);
        if (options.Image is not { } path)
            return null;
        using GcpSession session = await GcpSession.OpenAsync(options, access, cancel);
        Resource image = await new GcpImages(session, access).FindAsync(path, cancel);
        // An image never changes, but for which of its family is the newest.
        string whole = $"{string.Join('/', path.Split('/')[..4])}/{image.Name}";
        return new Image
        {
            File = whole,
            Format = "gce",
            Digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)))}",
            Name = image.Name,
            Architecture = image.Architecture == "ARM64" ? "arm64" : "amd64",
        };
    }

    /// <inheritdoc/>
    public async Task<IPlatform> OpenAsync(PlatformRequest request, CancellationToken cancel)
    {
        GcpOptions options = GcpOptions.Read(request.Access).ForMachines();
        if (request.Firmware is not (Firmware.Any or Firmware.Uefi))
            throw new UsageException($"--firmware {request.Firmware.ToString().ToLowerInvariant()}: gcp starts machines by UEFI alone\n  wanted:  uefi or any");
        GcpSession session = await GcpSession.OpenAsync(options, request.Access, cancel);
        string? mark = null;
        try
        {
            var images = new GcpImages(session, request.Access);
            string image = options.Image is not null ? request.Image.File : await images.BringAsync(request.Image, request.Tags, cancel);
            mark = $"kola-{Guid.NewGuid():N}"[..21];
            await GcpCloud.MakeFirewallAsync(session, mark, request.Tags, cancel);
            return new CloudPlatform(new GcpCloud(session, image, request.Image.Architecture, mark, request.Tags), TermsOf(request, options, image), session.Calls);
        }
        catch
        {
            if (mark is not null)
                await GcpCloud.DropFirewallAsync(session, mark);
            session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ILeftover>> FindLeftoversAsync(PlatformAccess access, CancellationToken cancel)
    {
        // What is found is deleted by this session, later; it goes with the last of them.
        GcpOptions options = GcpOptions.Read(access);
        GcpSession session = await GcpSession.OpenAsync(options, access, cancel);
        ICompute compute = session.Compute;
        var all = new List<ILeftover?>();
        all.AddRange((await GcpCloud.InstancesAsync(session, Ours, cancel)).Select(i => Of("instance", i.Name, OfLabels(i.Labels), false, c => GcpCloud.DeleteAsync(session, i.ZoneName, i.Name, c))));
        all.AddRange((await ListAsync(session, "list firewall rules", (t, c) => compute.FirewallsAsync(options.Project, t, c), cancel))
            .Select(f => Of("firewall rule", f.Name, TagText.OfDescription(f.Description), true, c => GcpCloud.DeleteFirewallAsync(session, f.Name, c))));
        all.AddRange((await ListAsync(session, "list images", (t, c) => compute.ImagesAsync(options.Project, Ours, t, c), cancel))
            .Select(i => Of("image", i.Name, OfLabels(i.Labels), true, c => session.Calls.DeleteAsync("delete an image", Signal.ImageStore, d => session.GlobalAsync("delete an image", Signal.ImageStore, e => compute.DeleteImageAsync(options.Project, i.Name, e), d), s_limit, c))));
        if (options.Bucket is { } bucket)
        {
            var images = new GcpImages(session, access);
            all.AddRange((await ListAsync(session, "list objects", (t, c) => session.Storage.ObjectsAsync(bucket, GcpImages.Prefix, t, c), cancel))
                .Select(o => Of("object", o.Name, TagText.OfName(o.Name.Replace(".tar.gz", "", StringComparison.Ordinal)), true, c => images.DeleteObjectAsync(bucket, o.Name, c))));
        }

        return [.. all.OfType<ILeftover>(), .. SharedImage.WorkLeft(access, PlatformName)];
    }

    private static Task<IReadOnlyList<Resource>> ListAsync(GcpSession session, string what, Func<string?, CancellationToken, Task<Resources>> page, CancellationToken cancel) => session.AllAsync(what, async (token, c) =>
    {
        Resources answer = await page(token, c);
        return ((IEnumerable<Resource>)(answer.Items ?? []), answer.NextPageToken);
    }, cancel);

    private static ResourceTags? OfLabels(IReadOnlyDictionary<string, string>? labels) => ResourceTags.Of(labels ?? new Dictionary<string, string>());

    private static CloudLeftover? Of(string kind, string name, ResourceTags? tags, bool shared, Func<CancellationToken, Task> delete) => tags is null ? null : new CloudLeftover(kind, name, tags, shared, delete);

    private static CloudTerms TermsOf(PlatformRequest request, GcpOptions options, string image) => new()
    {
        Name = PlatformName,
        Features = new HashSet<Feature> { Feature.Console, Feature.BootLoader, Feature.Uefi },
        Limits = Bounds,
        Run = request.Tags.Run,
        Zones = options.Zones,
        Machines = request.Machines ?? 8,
        Slowness = options.Slowness,
        Firmware = Firmware.Uefi,
        Facts = new Dictionary<string, string>
        {
            ["acceleration"] = options.Slowness > 1 ? "emulated by the endpoint" : "Google's",
            ["image"] = image,
            ["project"] = options.Project,
            ["zones"] = string.Join(", ", options.Zones),
        },
    };
}
