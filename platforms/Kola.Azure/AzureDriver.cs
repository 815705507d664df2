using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Kola.Clouds;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Azure;

/// <summary>Virtual machines of Azure.</summary>
public sealed class AzureDriver : IPlatformDriver
{
    internal const string PlatformName = "azure";

    /// <summary>Azure takes 65535 bytes of custom data, before they are written as base64.</summary>
    internal const int MostConfigBytes = 65535;

    internal static PlatformLimits Bounds { get; } = new() { ConfigBytes = MostConfigBytes, Buses = [], Architectures = ["amd64", "arm64"] };

    /// <inheritdoc/>
    public string Name => PlatformName;

    /// <inheritdoc/>
    public string Summary => "Azure virtual machines; the image is brought there once";

    /// <inheritdoc/>
    public IReadOnlyList<PlatformOption> Options => AzureOptions.All;

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features { get; } = new HashSet<Feature> { Feature.Console, Feature.BootLoader, Feature.Uefi };

    /// <inheritdoc/>
    public PlatformLimits Limits => Bounds;

    /// <inheritdoc/>
    public async Task<Image?> FindImageAsync(PlatformAccess access, CancellationToken cancel)
    {
        AzureOptions options = AzureOptions.Read(access);
        if (options.Image is not { } id)
            return null;
        using var session = new AzureSession(options, access);
        try
        {
            JsonObject image = await session.Calls.RunAsync("look at an image", Signal.ImageStore, c => session.Arm.GetAsync(id.TrimStart('/'), AzureSession.Compute, c), cancel);
            return new Image
            {
                File = id,
                Format = "azure",
                Digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id.ToLowerInvariant())))}",
                Name = image["name"]?.ToString() ?? id,
                Architecture = image["properties"]?["architecture"]?.ToString() == "Arm64" ? "arm64" : "amd64",
            };
        }
        catch (PlatformException none) when (Refusal.Is(none, RefusalKind.NotFound))
        {
            throw new UsageException($"--azure-image {id}: there is no such image\n  wanted:  one of az image list", none);
        }
    }

    /// <inheritdoc/>
    public async Task<IPlatform> OpenAsync(PlatformRequest request, CancellationToken cancel)
    {
        AzureOptions options = AzureOptions.Read(request.Access).ForMachines();
        Firmware firmware = request.Firmware switch
        {
            Firmware.Any => request.Image.Architecture == "arm64" ? Firmware.Uefi : Firmware.Bios,
            Firmware.Bios or Firmware.Uefi => request.Firmware,
            _ => throw new UsageException($"--firmware {request.Firmware.ToString().ToLowerInvariant()}: azure does not start machines so\n  wanted:  bios (generation 1), uefi (generation 2) or any"),
        };
        var session = new AzureSession(options, request.Access);
        string? group = null;
        try
        {
            string image = options.Image ?? await new AzureImages(session, request.Access).BringAsync(request.Image, firmware, request.Tags, cancel);
            group = $"kola-{ResourceTags.Clean(request.Tags.Run)}-{Guid.NewGuid():N}"[..Math.Min(80, 6 + ResourceTags.Clean(request.Tags.Run).Length + 8)];
            await AzureCloud.MakeGroupAsync(session, group, request.Tags, cancel);
            var cloud = new AzureCloud(session, group, image, request.Image.Architecture, SshIdentity.Create().PublicKey, request.Tags);
            return new CloudPlatform(cloud, TermsOf(request, options, image, group, firmware), session.Calls);
        }
        catch
        {
            if (group is not null)
                await AzureCloud.DropGroupAsync(session, group);
            session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ILeftover>> FindLeftoversAsync(PlatformAccess access, CancellationToken cancel)
    {
        // What is found is deleted by this session, later; it goes with the last of them.
        AzureOptions options = AzureOptions.Read(access);
        var session = new AzureSession(options, access);
        var all = new List<ILeftover?>();
        foreach (JsonObject group in await session.AllAsync("list resource groups", $"subscriptions/{options.Subscription}/resourcegroups", AzureSession.Groups, cancel))
        {
            string name = group["name"]!.ToString();
            if (AzureSession.TagsOf(group) is not { } tags)
                continue;
            all.AddRange((await session.AllAsync("list machines", session.PathOf(name, "Microsoft.Compute/virtualMachines"), AzureSession.Compute, cancel)).Select(m => Of("virtual machine", $"{name}/{m["name"]}", AzureSession.TagsOf(m), false,
                c => session.DeleteAsync("delete a machine", Signal.Emulator, session.PathOf(name, "Microsoft.Compute/virtualMachines", m["name"]!.ToString()), AzureSession.Compute, c))));
            all.Add(Of("resource group", name, tags, true, c => session.DeleteAsync("delete a resource group", Signal.Quota, session.GroupPath(name), AzureSession.Groups, c)));
        }

        foreach (JsonObject image in await session.AllAsync("list images", $"subscriptions/{options.Subscription}/providers/Microsoft.Compute/images", AzureSession.Compute, cancel))
            all.Add(Of("image", image["name"]!.ToString(), AzureSession.TagsOf(image), true, c => session.DeleteAsync("delete an image", Signal.ImageStore, image["id"]!.ToString().TrimStart('/'), AzureSession.Compute, c)));
        if (options.Container is not null)
        {
            var images = new AzureImages(session, access);
            all.AddRange((await images.BlobsAsync(cancel)).Select(b => Of("blob", b, TagText.OfName(b.Replace(".vhd", "", StringComparison.Ordinal)), true, c => images.DeleteBlobAsync(b, c))));
        }

        return [.. all.OfType<ILeftover>(), .. SharedImage.WorkLeft(access, PlatformName)];
    }

    private static CloudLeftover? Of(string kind, string name, ResourceTags? tags, bool shared, Func<CancellationToken, Task> delete) => tags is null ? null : new CloudLeftover(kind, name, tags, shared, delete);

    private static CloudTerms TermsOf(PlatformRequest request, AzureOptions options, string image, string group, Firmware firmware)
    {
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
                ["acceleration"] = options.Slowness > 1 ? "emulated by the endpoint" : "Azure's",
                ["firmware"] = firmware.ToString().ToLowerInvariant(),
                ["image"] = image,
                ["location"] = options.Location,
                ["resource-group"] = group,
            },
        };
    }
}
