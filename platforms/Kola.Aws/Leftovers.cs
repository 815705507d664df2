using Amazon.EC2;
using Amazon.EC2.Model;
using Kola.Platforms;

namespace Kola.Aws;

/// <summary>
/// All in a region that carries kola's tags, page by page. Instances that are gone, and are shown for an hour more, are none of it.
/// </summary>
internal sealed class Leftovers(AwsConnection aws)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    private static List<Filter> Tagged => [new Filter("tag-key", [ResourceTags.RunTag])];

    /// <summary>In an order in which it can be deleted.</summary>
    internal async Task<IReadOnlyList<ILeftover>> FindAsync(CancellationToken cancel) =>
    [
        .. await InstancesAsync(cancel), .. await ImagesAsync(cancel), .. await SnapshotsAsync(cancel), .. await CardsAsync(cancel),
        .. await VolumesAsync(cancel), .. await GroupsAsync(cancel), .. await KeysAsync(cancel),
    ];

    private Task<List<ILeftover>> InstancesAsync(CancellationToken cancel)
    {
        var request = new DescribeInstancesRequest { Filters = [.. Tagged, new Filter("instance-state-name", ["pending", "running", "stopping", "stopped", "shutting-down"])] };
        return PagesAsync(async (token, c) =>
        {
            request.NextToken = token;
            DescribeInstancesResponse page = await aws.Ec2.DescribeInstancesAsync(request, c);
            return (page.NextToken, (page.Reservations ?? []).SelectMany(r => r.Instances ?? []).Select(i => Of("instance", i.InstanceId, i.Tags, d => Deletion.InstancesAsync(aws, [i.InstanceId], s_limit, d))));
        }, cancel);
    }

    private Task<List<ILeftover>> ImagesAsync(CancellationToken cancel)
    {
        var request = new DescribeImagesRequest { Owners = ["self"], Filters = Tagged };
        return PagesAsync(async (token, c) =>
        {
            request.NextToken = token;
            DescribeImagesResponse page = await aws.Ec2.DescribeImagesAsync(request, c);
            return (page.NextToken, (page.Images ?? []).Select(i => Of("image", i.ImageId, i.Tags, d => Deletion.ImageAsync(aws, i.ImageId, d))));
        }, cancel);
    }

    private Task<List<ILeftover>> SnapshotsAsync(CancellationToken cancel)
    {
        var request = new DescribeSnapshotsRequest { OwnerIds = ["self"], Filters = Tagged };
        return PagesAsync(async (token, c) =>
        {
            request.NextToken = token;
            DescribeSnapshotsResponse page = await aws.Ec2.DescribeSnapshotsAsync(request, c);
            return (page.NextToken, (page.Snapshots ?? []).Select(s => Of("snapshot", s.SnapshotId, s.Tags, d => Deletion.SnapshotAsync(aws, s.SnapshotId, d))));
        }, cancel);
    }

    private Task<List<ILeftover>> CardsAsync(CancellationToken cancel)
    {
        var request = new DescribeNetworkInterfacesRequest { Filters = Tagged };
        return PagesAsync(async (token, c) =>
        {
            request.NextToken = token;
            DescribeNetworkInterfacesResponse page = await aws.Ec2.DescribeNetworkInterfacesAsync(request, c);
            return (page.NextToken, (page.NetworkInterfaces ?? []).Select(n => Of("network interface", n.NetworkInterfaceId, n.TagSet, d => Deletion.InterfaceAsync(aws, n.NetworkInterfaceId, s_limit, d))));
        }, cancel);
    }

    private Task<List<ILeftover>> VolumesAsync(CancellationToken cancel)
    {
        var request = new DescribeVolumesRequest { Filters = Tagged };
        return PagesAsync(async (token, c) =>
        {
            request.NextToken = token;
            DescribeVolumesResponse page = await aws.Ec2.DescribeVolumesAsync(request, c);
            return (page.NextToken, (page.Volumes ?? []).Where(v => v.State != VolumeState.Deleted && v.State != VolumeState.Deleting).Select(v => Of("volume", v.VolumeId, v.Tags, d => Deletion.VolumeAsync(aws, v.VolumeId, s_limit, d))));
        }, cancel);
    }

    private Task<List<ILeftover>> GroupsAsync(CancellationToken cancel)
    {
        var request = new DescribeSecurityGroupsRequest { Filters = Tagged };
        return PagesAsync(async (token, c) =>
        {
            request.NextToken = token;
            DescribeSecurityGroupsResponse page = await aws.Ec2.DescribeSecurityGroupsAsync(request, c);
            return (page.NextToken, (page.SecurityGroups ?? []).Select(g => Of("security group", g.GroupId, g.Tags, d => Deletion.GroupAsync(aws, g.GroupId, s_limit, d))));
        }, cancel);
    }

    // They come all at once.
    private Task<List<ILeftover>> KeysAsync(CancellationToken cancel) => PagesAsync(async (_, c) =>
    {
        DescribeKeyPairsResponse all = await aws.Ec2.DescribeKeyPairsAsync(new DescribeKeyPairsRequest { Filters = Tagged }, c);
        return (null, (all.KeyPairs ?? []).Select(k => Of("key pair", k.KeyName, k.Tags, d => Deletion.KeyAsync(aws, k.KeyName, d))));
    }, cancel);

    private async Task<List<ILeftover>> PagesAsync(Func<string?, CancellationToken, Task<(string? Next, IEnumerable<ILeftover?> Found)>> page, CancellationToken cancel)
    {
        var all = new List<ILeftover>();
        string? token = null;
        do
        {
            (token, IEnumerable<ILeftover?> found) = await aws.Calls.RunAsync("list what runs have left", Signal.Host, c => page(token, c), cancel);
            all.AddRange(found.OfType<ILeftover>());
        }
        while (!string.IsNullOrEmpty(token));
        return all;
    }

    // What has the name of the tag and not its form is somebody else's.
    private static AwsLeftover? Of(string kind, string name, IEnumerable<Tag>? tags, Func<CancellationToken, Task> delete) =>
        AwsConnection.TagsIn(tags) is { } whose ? new AwsLeftover(kind, name, whose, delete) : null;
}
