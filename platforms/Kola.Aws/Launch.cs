using Amazon.EC2;
using Amazon.EC2.Model;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Aws;

/// <summary>What all machines of a run are started with.</summary>
internal sealed record Launch
{
    /// <summary>The image.</summary>
    public required Amazon.EC2.Model.Image Ami { get; init; }

    /// <summary>What everything carries.</summary>
    public required ResourceTags Tags { get; init; }

    /// <summary>Key and groups.</summary>
    public required RunResources Resources { get; init; }

    /// <summary>What the person said.</summary>
    public required AwsOptions Options { get; init; }

    /// <summary>As EC2 names it: that of the image; <c>legacy-bios</c> or <c>uefi</c> by the instance type where the image says nothing or has no wish.</summary>
    internal string BootMode => Ami.BootMode?.Value ?? (Ami.Architecture == ArchitectureValues.Arm64 ? "uefi" : "legacy-bios");

    /// <summary>Whether UEFI starts a machine of a type.</summary>
    internal bool IsUefi(InstanceSize size) => BootMode == "uefi" || BootMode == "uefi-preferred" && size.Uefi;

    /// <summary>The request for one machine. Nothing it makes is without tags, and everything goes with the instance.</summary>
    /// <param name="spec">The machine.</param>
    /// <param name="place">Where.</param>
    /// <param name="token">The same for each attempt at one machine in one place: a repeated request starts no second one.</param>
    internal RunInstancesRequest RequestFor(InstanceSpec spec, Place place, string token)
    {
        (string, string)[] names = [("Name", $"kola {spec.Id}"), ("kola-machine", spec.Id)];
        List<TagSpecification> tags = [.. new[] { ResourceType.Instance, ResourceType.Volume, ResourceType.NetworkInterface }.Select(type => AwsConnection.TagsOf(type, Tags, names))];
        if (Options.Spot)
            tags.Add(AwsConnection.TagsOf(ResourceType.SpotInstancesRequest, Tags, names));
        return new RunInstancesRequest
        {
            ImageId = Ami.ImageId,
            InstanceType = place.Size.Name,
            MinCount = 1,
            MaxCount = 1,
            ClientToken = token,
            UserData = UserData.Of(spec.Id, spec.Ignition),
            KeyName = Resources.Key,
            IamInstanceProfile = Options.InstanceProfile is { } role ? new IamInstanceProfileSpecification { Name = role } : null,
            // A guest that powers off leaves nothing, also when kola was killed.
            InstanceInitiatedShutdownBehavior = ShutdownBehavior.Terminate,
            InstanceMarketOptions = Options.Spot ? new InstanceMarketOptionsRequest
            {
                MarketType = MarketType.Spot,
                SpotOptions = new SpotMarketOptions { SpotInstanceType = SpotInstanceType.OneTime, InstanceInterruptionBehavior = InstanceInterruptionBehavior.Terminate },
            } : null,
            MetadataOptions = new InstanceMetadataOptionsRequest { HttpTokens = HttpTokensState.Required, HttpEndpoint = InstanceMetadataEndpointState.Enabled, HttpPutResponseHopLimit = 2 },
            NetworkInterfaces = [new InstanceNetworkInterfaceSpecification
            {
                DeviceIndex = 0,
                SubnetId = place.Subnet.SubnetId,
                Groups = Resources.Groups,
                AssociatePublicIpAddress = !Options.Private,
                DeleteOnTermination = true,
            }],
            BlockDeviceMappings = [RootDisk(spec.Machine)],
            TagSpecifications = tags,
        };
    }

    private BlockDeviceMapping RootDisk(MachineSpec machine)
    {
        string device = Ami.RootDeviceName ?? "/dev/xvda";
        var disk = new EbsBlockDevice { DeleteOnTermination = true, VolumeType = VolumeType.Gp3 };
        int? inImage = (Ami.BlockDeviceMappings ?? []).FirstOrDefault(m => m.DeviceName == device)?.Ebs?.VolumeSize;
        // What is not said is as the image has it; no disk can be smaller.
        disk.VolumeSize = machine.DiskMiB is { } size ? Math.Max((size + 1023) >> 10, inImage ?? 1) : inImage;
        return new BlockDeviceMapping { DeviceName = device, Ebs = disk };
    }
}
