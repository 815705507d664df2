using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Kola.Clouds;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.OpenStack;

/// <summary>Servers of OpenStack: keystone v3, nova from Pike on (2.52), glance v2, neutron.</summary>
public sealed class OpenStackDriver : IPlatformDriver
{
    internal const string PlatformName = "openstack";

    /// <summary>Nova takes 65535 characters of base64.</summary>
    internal const int MostConfigBytes = 65535 / 4 * 3;

    internal static PlatformLimits Bounds { get; } = new() { ConfigBytes = MostConfigBytes, Buses = [], Architectures = ["amd64", "arm64"] };

    /// <inheritdoc/>
    public string Name => PlatformName;

    /// <inheritdoc/>
    public string Summary => "OpenStack servers; the image is brought to glance once";

    /// <inheritdoc/>
    public IReadOnlyList<PlatformOption> Options => OpenStackOptions.All;

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features { get; } = new HashSet<Feature> { Feature.Console, Feature.BootLoader, Feature.Uefi };

    /// <inheritdoc/>
    public PlatformLimits Limits => Bounds;

    /// <inheritdoc/>
    public async Task<Image?> FindImageAsync(PlatformAccess access, CancellationToken cancel)
    {
        OpenStackOptions options = OpenStackOptions.Read(access.Settings);
        if (options.Image is not { } id)
            return null;
        using OpenStackSession session = await OpenStackSession.OpenAsync(options, access, cancel);
        JsonObject image = await new OpenStackImages(session, access).FindAsync(id, cancel);
        return new Image
        {
            File = id,
            Format = "glance",
            // The contents of an image never change once it is active.
            Digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{session.Region}/{id}")))}",
            Name = OpenStackImages.Text(image, "name") ?? id,
            Architecture = OpenStackImages.Text(image, "hw_architecture") == "aarch64" ? "arm64" : "amd64",
        };
    }

    /// <inheritdoc/>
    public async Task<IPlatform> OpenAsync(PlatformRequest request, CancellationToken cancel)
    {
        OpenStackOptions options = OpenStackOptions.Read(request.Access.Settings).ForMachines();
        Firmware firmware = FirmwareOf(request);
        OpenStackSession session = await OpenStackSession.OpenAsync(options, request.Access, cancel);
        RunResources? resources = null;
        try
        {
            string microversion = await CheckNovaAsync(session, cancel);
            Flavors flavors = await Flavors.FindAsync(session, cancel);
            var images = new OpenStackImages(session, request.Access);
            // Networks are looked for before an image is brought: a wrong name should cost no upload.
            resources = await RunResources.MakeAsync(session, request.Tags, cancel);
            JsonObject image = options.Image is { } id ? await images.FindAsync(id, cancel) : await images.BringAsync(request.Image, firmware, request.Tags, cancel);
            var cloud = new OpenStackCloud(session, resources, flavors, image, request.Tags);
            return new CloudPlatform(cloud, TermsOf(request, session, resources, image, firmware, microversion), session.Calls);
        }
        catch
        {
            if (resources is not null)
                await resources.DeleteAsync();
            session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ILeftover>> FindLeftoversAsync(PlatformAccess access, CancellationToken cancel)
    {
        // What is found is deleted by this session, later; it goes with the last of them.
        OpenStackSession session = await OpenStackSession.OpenAsync(OpenStackOptions.Read(access.Settings), access, cancel);
        return await new Leftovers(session, access).FindAsync(cancel);
    }

    private static CloudTerms TermsOf(PlatformRequest request, OpenStackSession session, RunResources resources, JsonObject image, Firmware firmware, string microversion)
    {
        OpenStackOptions options = session.Options;
        var features = new HashSet<Feature> { Feature.Console, Feature.BootLoader };
        if (firmware == Firmware.Uefi)
            features.Add(Feature.Uefi);
        return new CloudTerms
        {
            Name = PlatformName,
            Features = features,
            Limits = Bounds,
            Run = request.Tags.Run,
            Zones = options.Zones.Count > 0 ? options.Zones : [""],
            Machines = request.Machines ?? 8,
            Slowness = options.Slowness,
            Firmware = firmware,
            Facts = new Dictionary<string, string>
            {
                ["acceleration"] = options.Slowness > 1 ? "emulated by the cloud" : "the cloud's",
                ["addresses"] = resources.Floating is { } floating ? $"floating, of {floating.Name}" : "fixed",
                ["compute-api"] = $"2.52 of {microversion}",
                ["firmware"] = firmware.ToString().ToLowerInvariant(),
                ["image"] = OpenStackImages.Text(image, "id")!,
                ["network"] = resources.Network.Name,
                ["region"] = session.Region,
            },
        };
    }

    private static Firmware FirmwareOf(PlatformRequest request) => request.Firmware switch
    {
        Firmware.Direct or Firmware.SecureBoot => throw new UsageException($"--firmware {request.Firmware.ToString().ToLowerInvariant()}: openstack does not start machines so\n  wanted:  bios, uefi or any"),
        Firmware.Any => request.Image.Architecture == "arm64" ? Firmware.Uefi : Firmware.Bios,
        _ => request.Firmware,
    };

    private static async Task<string> CheckNovaAsync(OpenStackSession session, CancellationToken cancel)
    {
        JsonObject answer = await session.Calls.RunAsync("ask nova for its version", Signal.Host, c => session.Nova.VersionAsync(c), cancel);
        string most = answer["version"]?["version"]?.ToString() ?? "";
        return Version.TryParse(most, out Version? version) && version >= new Version(2, 52) ? most
            : throw new UsageException($"openstack: nova is too old\n  wanted:  compute API 2.52, which came with Pike\n  got:     {(most.Length > 0 ? most : "none")}");
    }
}
