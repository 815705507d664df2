using System.Net;
using Kola.Platforms;

namespace Kola.Azure;

/// <summary>What a person said of Azure, checked.</summary>
internal sealed record AzureOptions
{
    private const string SubscriptionName = "azure-subscription";
    private const string LocationName = "azure-location";
    private const string ZoneName = "azure-zone";
    private const string SizeName = "azure-size";
    private const string FromName = "azure-ssh-from";
    private const string ContainerName = "azure-container";
    private const string ImageName = "azure-image";
    private const string GroupName = "azure-image-group";
    private const string EndpointName = "azure-endpoint";
    private const string SlowName = "azure-slowness";

    /// <summary>All of them as data.</summary>
    internal static IReadOnlyList<PlatformOption> All { get; } =
    [
        new() { Name = SubscriptionName, Description = "Id of the subscription. Default: AZURE_SUBSCRIPTION_ID.", Value = "SUBSCRIPTION" },
        new() { Name = LocationName, Description = "Location, as germanywestcentral. Default: AZURE_LOCATION.", Value = "LOCATION" },
        new() { Name = ZoneName, Description = "Zone, 1 to 3; the next one given is taken where the first has no room. Default: none.", Value = "ZONE", Repeatable = true },
        new() { Name = SizeName, Description = "Size of the machines. Default: the smallest of the B series (D…ps_v5 for arm64) a machine fits in.", Value = "SIZE" },
        new() { Name = FromName, Description = "Addresses the run's security group lets in, to SSH alone: 203.0.113.7/32. Needed.", Value = "CIDR", Repeatable = true },
        new() { Name = ContainerName, Description = "URL of the blob container an image goes through on its way. Needed where one is to be brought.", Value = "URL" },
        new() { Name = ImageName, Description = "Resource id of an image that is there already, instead of --image.", Value = "ID" },
        new() { Name = GroupName, Description = "Resource group images are kept in. Default: kola-images.", Value = "GROUP" },
        new() { Name = EndpointName, Description = "URL of another server that speaks Azure Resource Manager's language. Default: https://management.azure.com.", Value = "URL" },
        new() { Name = SlowName, Description = "How many times slower than hardware machines are. Default: 1.", Value = "N" },
    ];

    internal required string Subscription { get; init; }

    internal required string Location { get; init; }

    /// <summary>Empty for none.</summary>
    internal IReadOnlyList<string> Zones { get; init; } = [];

    /// <summary>Null for the smallest that fits.</summary>
    internal string? Size { get; init; }

    internal IReadOnlyList<string> SshFrom { get; init; } = [];

    /// <summary>Null where none is needed.</summary>
    internal Uri? Container { get; init; }

    /// <summary>Null for the file.</summary>
    internal string? Image { get; init; }

    internal string ImageGroup { get; init; } = "kola-images";

    internal Uri Endpoint { get; init; } = new("https://management.azure.com");

    internal double Slowness { get; init; } = 1;

    /// <summary>Reads and checks them, without asking anybody.</summary>
    /// <exception cref="UsageException">One cannot be used.</exception>
    internal static AzureOptions Read(PlatformAccess access)
    {
        PlatformSettings settings = access.Settings;
        return new AzureOptions
        {
            Subscription = Said(SubscriptionName, "AZURE_SUBSCRIPTION_ID", "the id of a subscription; az account show tells it"),
            Location = Said(LocationName, "AZURE_LOCATION", "a location, as germanywestcentral"),
            Zones = settings.All(ZoneName),
            Size = settings.Text(SizeName),
            SshFrom = [.. settings.All(FromName).Select(text => IPNetwork.TryParse(text, out _) ? text : throw Wrong(FromName, text, "a network: 203.0.113.7/32"))],
            Container = UrlOf(ContainerName),
            Image = settings.Text(ImageName) is not { } image ? null : image.StartsWith("/subscriptions/", StringComparison.OrdinalIgnoreCase) ? image : throw Wrong(ImageName, image, "a resource id: /subscriptions/…/providers/Microsoft.Compute/images/NAME"),
            ImageGroup = settings.Text(GroupName) ?? "kola-images",
            Endpoint = UrlOf(EndpointName) ?? new Uri("https://management.azure.com"),
            Slowness = settings.Number(SlowName, 1, 100) ?? 1,
        };

        string Said(string option, string variable, string wanted) => settings.Text(option) ?? (access.Environment(variable) is { Length: > 0 } value ? value : null)
            ?? throw new UsageException($"azure: nobody said --{option}\n  wanted:  {wanted}\n  next:    --{option}, or {variable}");

        Uri? UrlOf(string option) => settings.Text(option) is not { } text ? null : Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" ? new Uri(text) : throw Wrong(option, text, "a URL, http or https");
    }

    /// <summary>The same with what only matters when machines are started.</summary>
    /// <exception cref="UsageException">Something is not said.</exception>
    internal AzureOptions ForMachines()
    {
        if (Image is null && Container is null)
            throw new UsageException($"azure: nobody said how an image is to come there\n  wanted:  a blob container it can go through\n  next:    --{ContainerName} https://ACCOUNT.blob.core.windows.net/CONTAINER, or an image that is there: --{ImageName}");
        return SshFrom.Count > 0 ? this
            : throw new UsageException($"azure: nobody said from where SSH may come to the machines\n  wanted:  the addresses of this host, as the internet sees them\n  next:    --{FromName} 203.0.113.7/32");
    }

    private static UsageException Wrong(string option, string value, string wanted) => new($"--{option} {value}\n  wanted:  {wanted}");
}
