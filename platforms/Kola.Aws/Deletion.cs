using Amazon.EC2;
using Amazon.EC2.Model;

namespace Kola.Aws;

/// <summary>Deletes a resource and waits for what it depends on to let go. What is not there any more is deleted.</summary>
internal static class Deletion
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    /// <summary>Terminates instances in one request, without a word to their systems, and waits until they are gone.</summary>
    internal static async Task InstancesAsync(AwsConnection aws, IReadOnlyCollection<string> instances, TimeSpan within, CancellationToken cancel)
    {
        await TerminateAsync(aws, instances, cancel);
        (bool held, IReadOnlyList<string> left) = await aws.Calls.UntilAsync(token => LeftAsync(aws, instances, token), l => l.Count == 0, within, s_pause, cancel);
        if (!held)
            throw new PlatformException(Signal.Emulator, FormattableString.Invariant($"aws: instances were terminated and are still there after {within.TotalMinutes:0} min\n  got:     {string.Join(", ", left)}"));
    }

    /// <summary>Terminates instances in one request. Returns when EC2 has taken it.</summary>
    internal static async Task TerminateAsync(AwsConnection aws, IReadOnlyCollection<string> instances, CancellationToken cancel)
    {
        try
        {
            await aws.Calls.RunAsync("terminate instances", Signal.Emulator, c => aws.Ec2.TerminateInstancesAsync(new TerminateInstancesRequest([.. instances]) { SkipOsShutdown = true }, c), cancel);
        }
        catch (PlatformException fault) when (AwsFault.IsNotFound(fault))
        {
            // One that is unknown fails them all.
            foreach (string instance in instances.Where(_ => instances.Count > 1))
                await TerminateAsync(aws, [instance], cancel);
        }
    }

    internal static Task ImageAsync(AwsConnection aws, string ami, CancellationToken cancel) =>
        GoneAsync(() => aws.Calls.RunAsync("deregister an image", Signal.ImageStore, c => aws.Ec2.DeregisterImageAsync(new DeregisterImageRequest(ami), c), cancel));

    internal static Task SnapshotAsync(AwsConnection aws, string snapshot, CancellationToken cancel) =>
        GoneAsync(() => aws.Calls.RunAsync("delete a snapshot", Signal.ImageStore, c => aws.Ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest(snapshot), c), cancel));

    internal static Task KeyAsync(AwsConnection aws, string key, CancellationToken cancel) =>
        GoneAsync(() => aws.Calls.RunAsync("delete a key", Signal.Quota, c => aws.Ec2.DeleteKeyPairAsync(new DeleteKeyPairRequest(key), c), cancel));

    /// <summary>A group goes when no network interface is in it.</summary>
    internal static Task GroupAsync(AwsConnection aws, string group, TimeSpan within, CancellationToken cancel) =>
        FreedAsync(aws, "DependencyViolation", within, () => aws.Calls.RunAsync("delete a security group", Signal.Quota, c => aws.Ec2.DeleteSecurityGroupAsync(new DeleteSecurityGroupRequest { GroupId = group }, c), cancel), cancel);

    /// <summary>A volume goes when no instance has it; most go with theirs.</summary>
    internal static Task VolumeAsync(AwsConnection aws, string volume, TimeSpan within, CancellationToken cancel) =>
        FreedAsync(aws, "VolumeInUse", within, () => aws.Calls.RunAsync("delete a volume", Signal.Quota, c => aws.Ec2.DeleteVolumeAsync(new DeleteVolumeRequest(volume), c), cancel), cancel);

    /// <summary>A network interface goes when no instance has it; most go with theirs.</summary>
    internal static Task InterfaceAsync(AwsConnection aws, string card, TimeSpan within, CancellationToken cancel) =>
        FreedAsync(aws, "InvalidParameterValue", within, () => aws.Calls.RunAsync("delete a network interface", Signal.Quota, c => aws.Ec2.DeleteNetworkInterfaceAsync(new DeleteNetworkInterfaceRequest { NetworkInterfaceId = card }, c), cancel), cancel);

    private static async Task FreedAsync<T>(AwsConnection aws, string held, TimeSpan within, Func<Task<T>> delete, CancellationToken cancel)
    {
        PlatformException? last = null;
        (bool gone, bool _) = await aws.Calls.UntilAsync(
            async _ =>
            {
                try
                {
                    await GoneAsync(delete);
                    return true;
                }
                catch (PlatformException fault) when (AwsFault.CodeOf(fault) is var code && (code == held || code == "InvalidNetworkInterface.InUse"))
                {
                    last = fault;
                    return false;
                }
            },
            done => done, within, s_pause, cancel);
        if (!gone)
            throw last!;
    }

    private static async Task GoneAsync<T>(Func<Task<T>> delete)
    {
        try
        {
            await delete();
        }
        catch (PlatformException fault) when (AwsFault.IsNotFound(fault))
        {
            // So it is.
        }
    }

    private static async Task<IReadOnlyList<string>> LeftAsync(AwsConnection aws, IReadOnlyCollection<string> instances, CancellationToken cancel)
    {
        var request = new DescribeInstancesRequest { Filters = [new Filter("instance-id", [.. instances])] };
        DescribeInstancesResponse found = await aws.Calls.RunAsync("look at instances", Signal.Emulator, c => aws.Ec2.DescribeInstancesAsync(request, c), cancel);
        return [.. (found.Reservations ?? []).SelectMany(r => r.Instances).Where(i => i.State.Name != InstanceStateName.Terminated).Select(i => i.InstanceId)];
    }
}
