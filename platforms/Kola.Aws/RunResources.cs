using Amazon.EC2;
using Amazon.EC2.Model;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Aws;

/// <summary>What the machines of a run share, and what is made once for it: a key, a security group.</summary>
internal sealed class RunResources(AwsConnection aws)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    /// <summary>Groups of machines.</summary>
    internal List<string> Groups { get; init; } = [];

    /// <summary>The group that was made; null for none.</summary>
    internal string? Group { get; init; }

    /// <summary>Name of the key; null for none.</summary>
    internal string? Key { get; init; }

    /// <summary>Makes them.</summary>
    internal static async Task<RunResources> MakeAsync(AwsConnection aws, AwsNetwork network, ResourceTags tags, CancellationToken cancel)
    {
        (List<string> groups, string? made) = await network.GroupsAsync(aws, tags, cancel);
        var resources = new RunResources(aws) { Groups = groups, Group = made };
        try
        {
            // Machines are logged in to with the key in their config. The image's own agent for keys wants one too, and a person may.
            string key = $"kola-{ResourceTags.Clean(tags.Run)}-{Guid.NewGuid():N}";
            var request = new ImportKeyPairRequest
            {
                KeyName = key,
                PublicKeyMaterial = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(aws.Options.PublicKey ?? SshIdentity.Create().PublicKey)),
                TagSpecifications = [AwsConnection.TagsOf(ResourceType.KeyPair, tags)],
            };
            await aws.Calls.RunAsync("bring a key", Signal.Quota, c => aws.Ec2.ImportKeyPairAsync(request, c), cancel);
            return new RunResources(aws) { Groups = groups, Group = made, Key = key };
        }
        catch
        {
            await resources.DeleteAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Deletes them. A group goes when the last network interface in it has gone, which is waited for. Never throws: what stays is left to kola gc.</summary>
    internal async Task DeleteAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await TryAsync(Key is null ? null : () => Deletion.KeyAsync(aws, Key, limit.Token));
        await TryAsync(Group is null ? null : () => Deletion.GroupAsync(aws, Group, s_limit, limit.Token));
    }

    private static async Task TryAsync(Func<Task>? delete)
    {
        try
        {
            await (delete?.Invoke() ?? Task.CompletedTask);
        }
        catch (Exception fault) when (fault is KolaException or OperationCanceledException)
        {
            // It carries its tags.
        }
    }
}
