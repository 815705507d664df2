using Amazon.EC2.Model;

namespace Kola.Aws;

/// <summary>Asks EC2 for the states of instances, all in one request: an account's requests are counted together.</summary>
internal static class InstanceLook
{
    // EC2 takes this many values in one filter.
    private const int MostAtOnce = 200;

    /// <summary>How long an instance that was seen may be missing from an answer: not every request of EC2's sees the same.</summary>
    internal static TimeSpan Missing { get; } = TimeSpan.FromMinutes(2);

    /// <summary>The states of those EC2 knows, by id.</summary>
    internal static async Task<IReadOnlyDictionary<string, InstanceState>> AtAsync(AwsConnection aws, IReadOnlyCollection<string> instances, CancellationToken cancel)
    {
        AwsCalls calls = aws.Calls.Running;
        var seen = new Dictionary<string, InstanceState>();
        foreach (string[] some in instances.Chunk(MostAtOnce))
        {
            // By a filter, not by ids: one that is unknown would fail the whole request else.
            var request = new DescribeInstancesRequest { Filters = [new Filter("instance-id", [.. some])] };
            do
            {
                DescribeInstancesResponse page = await calls.RunAsync("look at instances", Signal.Emulator, c => aws.Ec2.DescribeInstancesAsync(request, c), cancel);
                foreach (Instance instance in (page.Reservations ?? []).SelectMany(r => r.Instances ?? []))
                    seen[instance.InstanceId] = StateOf(instance);
                request.NextToken = page.NextToken;
            }
            while (!string.IsNullOrEmpty(request.NextToken));
        }

        return seen;
    }

    /// <summary>As EC2 describes it.</summary>
    internal static InstanceState StateOf(Instance instance) => new(instance.State.Name.Value)
    {
        Reason = instance.StateReason?.Code ?? "",
        Message = instance.StateReason?.Message ?? "",
        PublicAddress = instance.PublicIpAddress is { Length: > 0 } address ? address : null,
        PrivateAddress = instance.PrivateIpAddress is { Length: > 0 } own ? own : null,
    };
}
