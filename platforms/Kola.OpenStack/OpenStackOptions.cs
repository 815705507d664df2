using System.Net;
using Kola.Platforms;

namespace Kola.OpenStack;

/// <summary>What a person said of OpenStack, checked.</summary>
internal sealed record OpenStackOptions
{
    private const string CloudName = "openstack-cloud";
    private const string RegionName = "openstack-region";
    private const string FlavorName = "openstack-flavor";
    private const string NetworkName = "openstack-network";
    private const string FloatingName = "openstack-floating-network";
    private const string GroupName = "openstack-security-group";
    private const string FromName = "openstack-ssh-from";
    private const string ZoneName = "openstack-zone";
    private const string ImageName = "openstack-image";
    private const string FormatName = "openstack-disk-format";
    private const string DriveName = "openstack-config-drive";
    private const string KeyName = "openstack-key";
    private const string SlowName = "openstack-slowness";

    /// <summary>All of them as data.</summary>
    internal static IReadOnlyList<PlatformOption> All { get; } =
    [
        new() { Name = CloudName, Description = "Cloud of clouds.yaml. Default: OS_CLOUD, else the OS_* variables, else the only cloud of the file.", Value = "CLOUD" },
        new() { Name = RegionName, Description = "Region. Default: that of the cloud, or OS_REGION_NAME, or the only one.", Value = "REGION" },
        new() { Name = FlavorName, Description = "Flavor, by name or id; the first given that a machine fits in is taken. Default: the smallest of all.", Value = "FLAVOR", Repeatable = true },
        new() { Name = NetworkName, Description = "Network of the machines, by name or id. Default: the only one of the project.", Value = "NETWORK" },
        new() { Name = FloatingName, Description = "Network floating IPs are taken from, by name or id. Default: none, machines are reached at their fixed addresses.", Value = "NETWORK" },
        new() { Name = GroupName, Description = "Security group of the machines, by name or id. Default: one is made for the run, which lets SSH in.", Value = "GROUP", Repeatable = true },
        new() { Name = FromName, Description = "Addresses the made group lets in, to SSH alone: 203.0.113.7/32. Needed with floating IPs, unless a group is given; default without: all.", Value = "CIDR", Repeatable = true },
        new() { Name = ZoneName, Description = "Availability zone; the next one given is taken where the first has no room. Default: nova chooses.", Value = "ZONE", Repeatable = true },
        new() { Name = ImageName, Description = "Id of an image that is there already, instead of --image.", Value = "IMAGE" },
        new() { Name = FormatName, Description = "What the image is in glance: qcow2 is as large as what is written in it; raw is as large as the disk, and where Ceph wants it. Default: qcow2.", Choices = ["qcow2", "raw"] },
        new() { Name = DriveName, Description = "Give configs on a config drive as well as by the metadata server. Default: as the cloud has it.", Choices = ["true", "false"] },
        new() { Name = KeyName, Description = "Public SSH key the servers are started with, for a person. Default: one nobody has.", Value = "FILE.pub" },
        new() { Name = SlowName, Description = "How many times slower than hardware machines are, where the cloud emulates them. Default: 1.", Value = "N" },
    ];

    /// <summary>Null for what the environment says.</summary>
    internal string? Cloud { get; init; }

    /// <summary>Null for that of the cloud.</summary>
    internal string? Region { get; init; }

    /// <summary>Names or ids; empty for all.</summary>
    internal IReadOnlyList<string> Flavors { get; init; } = [];

    /// <summary>Name or id; null for the only one.</summary>
    internal string? Network { get; init; }

    /// <summary>Name or id; null for no floating IPs.</summary>
    internal string? FloatingNetwork { get; init; }

    /// <summary>Names or ids; empty to have one made.</summary>
    internal IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Never empty where a group is made.</summary>
    internal IReadOnlyList<string> SshFrom { get; init; } = [];

    /// <summary>Empty leaves it to nova.</summary>
    internal IReadOnlyList<string> Zones { get; init; } = [];

    /// <summary>Id; null for the file.</summary>
    internal string? Image { get; init; }

    /// <summary><c>qcow2</c> or <c>raw</c>.</summary>
    internal string DiskFormat { get; init; } = "qcow2";

    /// <summary>Null as the cloud has it.</summary>
    internal bool? ConfigDrive { get; init; }

    /// <summary>A line as in authorized_keys; null for one nobody has.</summary>
    internal string? PublicKey { get; init; }

    /// <summary>At least 1.</summary>
    internal double Slowness { get; init; } = 1;

    /// <summary>Reads and checks them, without asking anybody.</summary>
    /// <exception cref="UsageException">One cannot be used.</exception>
    internal static OpenStackOptions Read(PlatformSettings settings) => new()
    {
        Cloud = settings.Text(CloudName),
        Region = settings.Text(RegionName),
        Flavors = settings.All(FlavorName),
        Network = settings.Text(NetworkName),
        FloatingNetwork = settings.Text(FloatingName),
        Groups = settings.All(GroupName),
        SshFrom = [.. settings.All(FromName).Select(NetworkOf)],
        Zones = settings.All(ZoneName),
        Image = settings.Text(ImageName) is not { } image ? null : Guid.TryParse(image, out Guid id) ? id.ToString() : throw Wrong(ImageName, image, "an image's id: 70a599e0-31e7-49b7-b260-868f441e862b"),
        DiskFormat = settings.Text(FormatName) ?? "qcow2",
        ConfigDrive = settings.Text(DriveName) is null ? null : settings.Switch(DriveName),
        PublicKey = settings.Text(KeyName) is { } file ? KeyIn(file) : null,
        Slowness = settings.Number(SlowName, 1, 100) ?? 1,
    };

    /// <summary>The same with what only matters when machines are started.</summary>
    /// <exception cref="UsageException">Nobody said who may come in.</exception>
    internal OpenStackOptions ForMachines() => Groups.Count > 0 || SshFrom.Count > 0 ? this
        : FloatingNetwork is null ? this with { SshFrom = ["0.0.0.0/0", "::/0"] }
        : throw new UsageException($"openstack: nobody said from where SSH may come to the machines\n  wanted:  the addresses of this host, as the floating network sees them\n  got:     none\n  next:    --{FromName} 203.0.113.7/32, or a group of your own: --{GroupName} GROUP");

    private static string NetworkOf(string text) => IPNetwork.TryParse(text, out _) ? text : throw Wrong(FromName, text, "a network: 203.0.113.7/32");

    private static string KeyIn(string file)
    {
        string text = File.Exists(file) ? File.ReadAllText(file).Trim() : throw Wrong(KeyName, file, "a file with a public key");
        return text.Contains(' ', StringComparison.Ordinal) && !text.Contains('\n', StringComparison.Ordinal) ? text : throw Wrong(KeyName, file, "one line, as ssh-keygen writes it");
    }

    private static UsageException Wrong(string option, string value, string wanted) => new($"--{option} {value}\n  wanted:  {wanted}");
}
