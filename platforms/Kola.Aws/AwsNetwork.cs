using Amazon.EC2;
using Amazon.EC2.Model;
using Kola.Platforms;

namespace Kola.Aws;

/// <summary>Where machines of a run are plugged in: subnets of one VPC, in different zones, and the groups that let SSH in.</summary>
internal sealed class AwsNetwork
{
    private AwsNetwork(IReadOnlyList<Subnet> subnets) => Subnets = subnets;

    /// <summary>In the order in which they are tried, at least one.</summary>
    internal IReadOnlyList<Subnet> Subnets { get; }

    /// <summary>The VPC of all of them.</summary>
    internal string Vpc => Subnets[0].VpcId;

    /// <summary>Finds the subnets a person named, else the default ones.</summary>
    /// <exception cref="UsageException">There are none, or they are of different VPCs.</exception>
    internal static async Task<AwsNetwork> FindAsync(AwsConnection aws, CancellationToken cancel)
    {
        AwsOptions options = aws.Options;
        var filters = new List<Filter> { options.Subnets.Count > 0 ? new Filter("subnet-id", [.. options.Subnets]) : new Filter("default-for-az", ["true"]) };
        if (options.Zones.Count > 0)
            filters.Add(new Filter("availability-zone", [.. options.Zones]));
        DescribeSubnetsResponse found = await aws.Calls.RunAsync("look for subnets", Signal.Quota, c => aws.Ec2.DescribeSubnetsAsync(new DescribeSubnetsRequest { Filters = filters }, c), cancel);
        Subnet[] subnets = [.. found.Subnets ?? []];
        foreach (string name in options.Subnets.Where(n => subnets.All(s => s.SubnetId != n)))
            throw new UsageException($"--aws-subnet {name}: there is no such subnet in {string.Join(", ", options.Zones.DefaultIfEmpty(options.Region))}");
        if (subnets.Length == 0)
            throw new UsageException($"aws: there is no default subnet in {string.Join(", ", options.Zones.DefaultIfEmpty(options.Region))}\n  wanted:  a subnet for the machines\n  got:     none\n  next:    --aws-subnet SUBNET, or aws ec2 create-default-vpc");
        string[] vpcs = [.. subnets.Select(s => s.VpcId).Distinct()];
        return vpcs.Length == 1 ? new AwsNetwork([.. Ordered(subnets, options)])
            : throw new UsageException($"--aws-subnet: the subnets are of different VPCs\n  wanted:  one VPC, so that one security group fits\n  got:     {string.Join(", ", vpcs)}");
    }

    /// <summary>The groups of machines: those a person named, else one that is made, which lets SSH in and nothing else.</summary>
    /// <returns>The groups, and the one among them that was made and has to go; null for none.</returns>
    internal async Task<(List<string> Groups, string? Made)> GroupsAsync(AwsConnection aws, ResourceTags tags, CancellationToken cancel)
    {
        if (aws.Options.Groups.Count > 0)
            return ([.. aws.Options.Groups], null);
        IReadOnlyList<string> from = aws.Options.SshFrom.Count > 0 ? aws.Options.SshFrom : await OwnAddressesAsync(aws, cancel);
        var request = new CreateSecurityGroupRequest
        {
            GroupName = $"kola-{ResourceTags.Clean(tags.Run)}-{Guid.NewGuid():N}",
            Description = $"kola {ResourceTags.Clean(tags.Run)}: SSH to the machines of one run",
            VpcId = Vpc,
            TagSpecifications = [AwsConnection.TagsOf(ResourceType.SecurityGroup, tags, ("Name", $"kola {tags.Run}"))],
        };
        CreateSecurityGroupResponse made = await aws.Calls.RunAsync("make a security group", Signal.Quota, c => aws.Ec2.CreateSecurityGroupAsync(request, c), cancel);
        try
        {
            // A list that is empty is said as such, and refused.
            ILookup<bool, string> six = from.ToLookup(n => n.Contains(':', StringComparison.Ordinal));
            var ssh = new IpPermission { IpProtocol = "tcp", FromPort = 22, ToPort = 22 };
            if (six[false].Any())
                ssh.Ipv4Ranges = [.. six[false].Select(n => new IpRange { CidrIp = n, Description = "kola" })];
            if (six[true].Any())
                ssh.Ipv6Ranges = [.. six[true].Select(n => new Ipv6Range { CidrIpv6 = n, Description = "kola" })];
            await aws.Calls.RunAsync("let SSH in", Signal.Quota, c => aws.Ec2.AuthorizeSecurityGroupIngressAsync(new AuthorizeSecurityGroupIngressRequest { GroupId = made.GroupId, IpPermissions = [ssh] }, c), cancel);
            return ([made.GroupId], made.GroupId);
        }
        catch
        {
            await new RunResources(aws) { Group = made.GroupId }.DeleteAsync(CancellationToken.None);
            throw;
        }
    }

    private async Task<IReadOnlyList<string>> OwnAddressesAsync(AwsConnection aws, CancellationToken cancel)
    {
        DescribeVpcsResponse found = await aws.Calls.RunAsync("look at the VPC", Signal.Quota, c => aws.Ec2.DescribeVpcsAsync(new DescribeVpcsRequest { VpcIds = [Vpc] }, c), cancel);
        Vpc vpc = found.Vpcs[0];
        return [.. (vpc.CidrBlockAssociationSet ?? []).Select(a => a.CidrBlock).DefaultIfEmpty(vpc.CidrBlock)];
    }

    // As the person gave them; by zone else, so that two runs try them in one order.
    private static IEnumerable<Subnet> Ordered(Subnet[] subnets, AwsOptions options) =>
        options.Subnets.Count > 0 ? options.Subnets.Distinct().Select(n => subnets.Single(s => s.SubnetId == n)) : subnets.OrderBy(s => s.AvailabilityZone, StringComparer.Ordinal);
}
