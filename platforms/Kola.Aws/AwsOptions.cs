using System.Globalization;
using System.Net;
using Amazon;
using Kola.Platforms;

namespace Kola.Aws;

/// <summary>What a person said of AWS, checked.</summary>
internal sealed record AwsOptions
{
    private const string Endpoint = "aws-endpoint";
    private const string RegionName = "aws-region";
    private const string ProfileName = "aws-profile";
    private const string AmiId = "aws-ami";
    private const string Type = "aws-type";
    private const string Zone = "aws-zone";
    private const string Subnet = "aws-subnet";
    private const string Group = "aws-security-group";
    private const string From = "aws-ssh-from";
    private const string Address = "aws-address";
    private const string SpotSwitch = "aws-spot";
    private const string Boot = "aws-boot-mode";
    private const string KeyFile = "aws-key";
    private const string Role = "aws-iam-profile";
    private const string Slow = "aws-slowness";

    /// <summary>All of them as data.</summary>
    internal static IReadOnlyList<PlatformOption> All { get; } =
    [
        new() { Name = Endpoint, Description = "URL of another endpoint that speaks EC2's, EBS's and STS's language. Default: AWS_ENDPOINT_URL, else AWS's own.", Value = "URL" },
        new() { Name = RegionName, Description = "Region. Default: AWS_REGION, AWS_DEFAULT_REGION, or that of the profile.", Value = "REGION" },
        new() { Name = ProfileName, Description = "Profile of ~/.aws. Default: AWS_PROFILE; without one, credentials are looked for where the SDK looks.", Value = "PROFILE" },
        new() { Name = AmiId, Description = "Image that is there already, instead of --image.", Value = "AMI" },
        new() { Name = Type, Description = "Instance type; the next one given is taken where the first has no capacity. Default: the smallest of t3 and t3a (t4g for arm64) a machine fits in.", Value = "TYPE", Repeatable = true },
        new() { Name = Zone, Description = "Availability zone to use. Default: all with a default subnet.", Value = "ZONE", Repeatable = true },
        new() { Name = Subnet, Description = "Subnet to use, all of one VPC. Default: the default subnets of the default VPC.", Value = "SUBNET", Repeatable = true },
        new() { Name = Group, Description = "Security group of machines, which lets SSH in. Default: one is made for the run.", Value = "GROUP", Repeatable = true },
        new() { Name = From, Description = "Addresses the made security group lets in, to SSH alone: 203.0.113.7/32. Needed with public addresses, unless a group is given; default with private ones: those of the VPC.", Value = "CIDR", Repeatable = true },
        new() { Name = Address, Description = "Where machines are reached: public, or private from within the VPC. Default: public.", Choices = ["public", "private"] },
        new() { Name = SpotSwitch, Description = "Ask for spot instances. They cannot be stopped: power cycles are refused. Default: false.", Choices = ["true", "false"] },
        new() { Name = Boot, Description = "What an uploaded image is started by. Default: --firmware, else uefi-preferred, uefi for arm64.", Choices = ["legacy-bios", "uefi", "uefi-preferred"] },
        new() { Name = KeyFile, Description = "Public SSH key the instances are started with, for a person. Default: one nobody has.", Value = "FILE.pub" },
        new() { Name = Role, Description = "Instance profile, for tests of what a machine's role may do. Default: none.", Value = "NAME" },
        new() { Name = Slow, Description = "How many times slower than hardware machines are, where the endpoint emulates them. Default: 1.", Value = "N" },
    ];

    /// <summary>Null for AWS's own.</summary>
    internal Uri? ServiceUrl { get; init; }

    /// <summary><c>eu-central-1</c>.</summary>
    internal required string Region { get; init; }

    /// <summary>Null for none.</summary>
    internal string? Profile { get; init; }

    /// <summary>Image that is there already; null for the file.</summary>
    internal string? Ami { get; init; }

    /// <summary>In the order in which they are tried; empty for the default ones.</summary>
    internal IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>Empty for all.</summary>
    internal IReadOnlyList<string> Zones { get; init; } = [];

    /// <summary>Empty for the default ones.</summary>
    internal IReadOnlyList<string> Subnets { get; init; } = [];

    /// <summary>Empty to have one made.</summary>
    internal IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Empty for the VPC's own.</summary>
    internal IReadOnlyList<string> SshFrom { get; init; } = [];

    /// <summary>Machines are reached at their private addresses.</summary>
    internal bool Private { get; init; }

    /// <summary>Spot instances.</summary>
    internal bool Spot { get; init; }

    /// <summary>As EC2 names it; null for the default of image and run.</summary>
    internal string? BootMode { get; init; }

    /// <summary>A line as in authorized_keys; null for one nobody has.</summary>
    internal string? PublicKey { get; init; }

    /// <summary>Null for none.</summary>
    internal string? InstanceProfile { get; init; }

    /// <summary>At least 1.</summary>
    internal double Slowness { get; init; } = 1;

    /// <summary>Reads and checks them, without asking anybody.</summary>
    /// <exception cref="UsageException">One cannot be used.</exception>
    internal static AwsOptions Read(PlatformAccess access)
    {
        PlatformSettings settings = access.Settings;
        bool isPrivate = OneOf(settings, Address, "public") == "private";
        string? profile = settings.Text(ProfileName) ?? access.Environment("AWS_PROFILE");
        var options = new AwsOptions
        {
            ServiceUrl = UrlOf(settings.Text(Endpoint), $"--{Endpoint}") ?? UrlOf(access.Environment("AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL"),
            Region = RegionOf(settings.Text(RegionName) ?? access.Environment("AWS_REGION") ?? access.Environment("AWS_DEFAULT_REGION") ?? AwsCredentials.RegionOf(profile, access)),
            Profile = profile,
            Ami = settings.Text(AmiId) is { } ami ? ami.StartsWith("ami-", StringComparison.Ordinal) ? ami : throw Wrong(AmiId, ami, "an image's id: ami-0123456789abcdef0") : null,
            Types = settings.All(Type),
            Zones = settings.All(Zone),
            Subnets = settings.All(Subnet),
            Groups = settings.All(Group),
            SshFrom = [.. settings.All(From).Select(NetworkOf)],
            Private = isPrivate,
            Spot = settings.Switch(SpotSwitch),
            BootMode = settings.Text(Boot) is null ? null : OneOf(settings, Boot, ""),
            PublicKey = settings.Text(KeyFile) is { } file ? KeyIn(file) : null,
            InstanceProfile = settings.Text(Role),
            Slowness = settings.Number(Slow, 1, 100) ?? 1,
        };
        return options;
    }

    /// <summary>Checks what only matters when machines are started.</summary>
    /// <exception cref="UsageException">Nobody said who may come in.</exception>
    internal void CheckForMachines()
    {
        if (Groups.Count == 0 && SshFrom.Count == 0 && !Private)
            throw new UsageException($"aws: nobody said from where SSH may come to the machines\n  wanted:  the addresses of this host, as the internet sees them\n  got:     none\n  next:    --{From} 203.0.113.7/32, or a group of your own: --{Group} sg-…, or from within the VPC: --{Address} private");
    }

    private static string OneOf(PlatformSettings settings, string option, string otherwise)
    {
        IReadOnlyList<string> choices = All.Single(o => o.Name == option).Choices;
        string value = settings.Text(option) ?? otherwise;
        return choices.Contains(value) ? value : throw Wrong(option, value, string.Join(" or ", choices));
    }

    private static Uri? UrlOf(string? text, string from) =>
        text is null or "" ? null
        : Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" ? url
        : throw new UsageException($"{from} {text}\n  wanted:  the URL of an endpoint, http or https");

    private static string RegionOf(string? name) =>
        name is null or "" ? throw new UsageException($"aws: nobody said which region\n  wanted:  a region, as eu-central-1\n  next:    --{RegionName} REGION, AWS_REGION, or `region` in the profile")
        : RegionEndpoint.EnumerableAllRegions.Any(r => r.SystemName == name) ? name
        : throw Wrong(RegionName, name, "a region of AWS, as eu-central-1");

    // 203.0.113.7/32
    private static string NetworkOf(string text) => IPNetwork.TryParse(text, out _) ? text : throw Wrong(From, text, "a network: 203.0.113.7/32");

    private static string KeyIn(string file)
    {
        string text = File.Exists(file) ? File.ReadAllText(file).Trim() : throw Wrong(KeyFile, file, "a file with a public key");
        return text.Split(' ') is ["ssh-ed25519" or "ssh-rsa", _, ..] && !text.Contains('\n', StringComparison.Ordinal) ? text
            : throw Wrong(KeyFile, file, "one line, ssh-ed25519 or ssh-rsa: EC2 takes no others");
    }

    private static UsageException Wrong(string option, string value, string wanted) => new(string.Create(CultureInfo.InvariantCulture, $"--{option} {value}\n  wanted:  {wanted}"));
}
