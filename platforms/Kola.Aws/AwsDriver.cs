using System.Security.Cryptography;
using System.Text;
using Amazon.EC2;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Aws;

/// <summary>Amazon EC2, or an endpoint that speaks its language.</summary>
public sealed class AwsDriver : IPlatformDriver
{
    internal const string PlatformName = "aws";

    /// <summary>A config of 16 KiB, EC2's bound on user data. No disks: EBS chooses serial numbers. No cards: a test's segments are not to be had.</summary>
    internal static PlatformLimits Bounds { get; } = new() { ConfigBytes = UserData.MostBytes, Buses = [], Architectures = ["amd64", "arm64"] };

    /// <inheritdoc/>
    public string Name => PlatformName;

    /// <inheritdoc/>
    public string Summary => "Amazon EC2; the image is brought there once";

    /// <inheritdoc/>
    public IReadOnlyList<PlatformOption> Options => AwsOptions.All;

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features { get; } = new HashSet<Feature> { Feature.Console, Feature.BootLoader, Feature.Uefi };

    /// <inheritdoc/>
    public PlatformLimits Limits => Bounds;

    /// <inheritdoc/>
    public async Task<Image?> FindImageAsync(PlatformAccess access, CancellationToken cancel)
    {
        AwsOptions options = AwsOptions.Read(access);
        if (options.Ami is not { } ami)
            return null;
        using AwsConnection aws = await AwsConnection.OpenAsync(options, access, cancel);
        Amazon.EC2.Model.Image found = await new AwsImages(aws, access).FindAsync(ami, cancel);
        // An AMI never changes: its id says what is in it as a digest does.
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{options.Region}/{ami}")));
        return new Image
        {
            File = ami,
            Format = "ami",
            Digest = $"sha256:{digest}",
            Name = found.Name is { Length: > 0 } name ? name : ami,
            Architecture = found.Architecture == ArchitectureValues.Arm64 ? "arm64" : "amd64",
        };
    }

    /// <inheritdoc/>
    public async Task<IPlatform> OpenAsync(PlatformRequest request, CancellationToken cancel)
    {
        AwsOptions options = AwsOptions.Read(request.Access);
        options.CheckForMachines();
        string bootMode = BootModeOf(request, options);
        AwsConnection aws = await AwsConnection.OpenAsync(options, request.Access, cancel);
        RunResources? resources = null;
        try
        {
            AwsNetwork network = await AwsNetwork.FindAsync(aws, cancel);
            InstanceSizes sizes = await InstanceSizes.FindAsync(aws, request.Image.Architecture, cancel);
            var images = new AwsImages(aws, request.Access);
            Amazon.EC2.Model.Image ami = options.Ami is { } id ? await images.FindAsync(id, cancel) : await images.BringAsync(request.Image, bootMode, request.Tags, cancel);
            resources = await RunResources.MakeAsync(aws, network, request.Tags, cancel);
            return new AwsPlatform(aws, new Launch { Ami = ami, Tags = request.Tags, Resources = resources, Options = options }, sizes, network, request.Machines, request.MemoryMiB);
        }
        catch
        {
            if (resources is not null)
                await resources.DeleteAsync(CancellationToken.None);
            aws.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ILeftover>> FindLeftoversAsync(PlatformAccess access, CancellationToken cancel)
    {
        // What is found is deleted by this connection, later; it goes with the last of them.
        AwsConnection aws = await AwsConnection.OpenAsync(AwsOptions.Read(access), access, cancel);
        return await new Leftovers(aws).FindAsync(cancel);
    }

    private static string BootModeOf(PlatformRequest request, AwsOptions options) => options.BootMode ?? request.Firmware switch
    {
        Firmware.Bios => "legacy-bios",
        Firmware.Uefi => "uefi",
        Firmware.Direct => throw new UsageException("--firmware direct: aws starts machines by the image's own boot loader\n  wanted:  bios, uefi or any"),
        _ => request.Image.Architecture == "arm64" ? "uefi" : "uefi-preferred",
    };
}
