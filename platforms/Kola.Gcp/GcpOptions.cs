using System.Net;
using Kola.Platforms;

namespace Kola.Gcp;

/// <summary>What a person said of GCP, checked.</summary>
internal sealed record GcpOptions
{
    private const string ProjectName = "gcp-project";
    private const string ZoneName = "gcp-zone";
    private const string TypeName = "gcp-type";
    private const string NetworkName = "gcp-network";
    private const string SubnetName = "gcp-subnetwork";
    private const string FromName = "gcp-ssh-from";
    private const string AddressName = "gcp-address";
    private const string BucketName = "gcp-bucket";
    private const string ImageName = "gcp-image";
    private const string EndpointName = "gcp-endpoint";
    private const string SlowName = "gcp-slowness";

    /// <summary>All of them as data.</summary>
    internal static IReadOnlyList<PlatformOption> All { get; } =
    [
        new() { Name = ProjectName, Description = "Project. Default: GOOGLE_CLOUD_PROJECT or CLOUDSDK_CORE_PROJECT.", Value = "PROJECT" },
        new() { Name = ZoneName, Description = "Zone; the next one given is taken where the first has no room. Default: CLOUDSDK_COMPUTE_ZONE.", Value = "ZONE", Repeatable = true },
        new() { Name = TypeName, Description = "Machine type. Default: the smallest of e2 (t2a for arm64) a machine fits in.", Value = "TYPE" },
        new() { Name = NetworkName, Description = "VPC network. Default: default.", Value = "NETWORK" },
        new() { Name = SubnetName, Description = "Subnetwork, as regions/REGION/subnetworks/NAME. Default: that of the zone's region.", Value = "SUBNET" },
        new() { Name = FromName, Description = "Addresses the run's firewall rule lets in, to SSH alone: 203.0.113.7/32. Needed with public addresses; default with private ones: 10.0.0.0/8.", Value = "CIDR", Repeatable = true },
        new() { Name = AddressName, Description = "Where machines are reached: public, or private from within the network. Default: public.", Choices = ["public", "private"] },
        new() { Name = BucketName, Description = "Bucket an image goes through on its way. Needed where one is to be brought.", Value = "BUCKET" },
        new() { Name = ImageName, Description = "Image that is there already, instead of --image: projects/PROJECT/global/images/NAME.", Value = "IMAGE" },
        new() { Name = EndpointName, Description = "URL of another server that speaks Compute Engine's and Cloud Storage's language. Default: Google's.", Value = "URL" },
        new() { Name = SlowName, Description = "How many times slower than hardware machines are. Default: 1.", Value = "N" },
    ];

    internal required string Project { get; init; }

    /// <summary>At least one where machines are started.</summary>
    internal IReadOnlyList<string> Zones { get; init; } = [];

    /// <summary>Null for the smallest that fits.</summary>
    internal string? Type { get; init; }

    internal string Network { get; init; } = "default";

    /// <summary>Null for that of the region.</summary>
    internal string? Subnet { get; init; }

    internal IReadOnlyList<string> SshFrom { get; init; } = [];

    internal bool Private { get; init; }

    /// <summary>Null where none is needed.</summary>
    internal string? Bucket { get; init; }

    /// <summary>Null for the file.</summary>
    internal string? Image { get; init; }

    /// <summary>Null for Google's.</summary>
    internal Uri? Endpoint { get; init; }

    internal double Slowness { get; init; } = 1;

    /// <summary>Reads and checks them, without asking anybody.</summary>
    /// <exception cref="UsageException">One cannot be used.</exception>
    internal static GcpOptions Read(PlatformAccess access)
    {
        PlatformSettings settings = access.Settings;
        IReadOnlyList<string> zones = settings.All(ZoneName);
        return new GcpOptions
        {
            Project = settings.Text(ProjectName) ?? Variable("GOOGLE_CLOUD_PROJECT") ?? Variable("CLOUDSDK_CORE_PROJECT")
                ?? throw new UsageException($"gcp: nobody said which project\n  wanted:  a project's id\n  next:    --{ProjectName} PROJECT, or GOOGLE_CLOUD_PROJECT"),
            Zones = zones.Count > 0 ? zones : Variable("CLOUDSDK_COMPUTE_ZONE") is { } zone ? [zone] : [],
            Type = settings.Text(TypeName),
            Network = settings.Text(NetworkName) ?? "default",
            Subnet = settings.Text(SubnetName),
            SshFrom = [.. settings.All(FromName).Select(NetworkOf)],
            Private = settings.Text(AddressName) switch { null or "public" => false, "private" => true, var other => throw Wrong(AddressName, other, "public or private") },
            Bucket = settings.Text(BucketName),
            Image = settings.Text(ImageName) is not { } image ? null : image.Split('/') is ["projects", _, "global", "images", ..] ? image : throw Wrong(ImageName, image, "projects/PROJECT/global/images/NAME, or …/images/family/FAMILY"),
            Endpoint = settings.Text(EndpointName) is not { } url ? null : Uri.TryCreate(url, UriKind.Absolute, out Uri? endpoint) && endpoint.Scheme is "http" or "https" ? new Uri(url) : throw Wrong(EndpointName, url, "a URL, http or https"),
            Slowness = settings.Number(SlowName, 1, 100) ?? 1,
        };

        string? Variable(string name) => access.Environment(name) is { Length: > 0 } value ? value : null;
    }

    /// <summary>The same with what only matters when machines are started.</summary>
    /// <exception cref="UsageException">Something is not said.</exception>
    internal GcpOptions ForMachines()
    {
        if (Zones.Count == 0)
            throw new UsageException($"gcp: nobody said which zone\n  wanted:  a zone, as europe-west3-a\n  next:    --{ZoneName} ZONE, or CLOUDSDK_COMPUTE_ZONE");
        if (Image is null && Bucket is null)
            throw new UsageException($"gcp: nobody said how an image is to come there\n  wanted:  a bucket it can go through\n  next:    --{BucketName} BUCKET, or an image that is there: --{ImageName}");
        return SshFrom.Count > 0 ? this : Private ? this with { SshFrom = ["10.0.0.0/8"] }
            : throw new UsageException($"gcp: nobody said from where SSH may come to the machines\n  wanted:  the addresses of this host, as the internet sees them\n  next:    --{FromName} 203.0.113.7/32, or from within the network: --{AddressName} private");
    }

    private static string NetworkOf(string text) => IPNetwork.TryParse(text, out _) ? text : throw Wrong(FromName, text, "a network: 203.0.113.7/32");

    private static UsageException Wrong(string option, string value, string wanted) => new($"--{option} {value}\n  wanted:  {wanted}");
}
