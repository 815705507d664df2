using System.Text.Json.Nodes;
using Kola.Clouds;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.OpenStack;

/// <summary>What the machines of a run share: a key pair, a security group, and where they are plugged in.</summary>
internal sealed class RunResources(OpenStackSession session)
{
    private const int Page = 500;
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    /// <summary>Network of the machines.</summary>
    internal required Network Network { get; init; }

    /// <summary>Where floating IPs come from; null for none.</summary>
    internal Network? Floating { get; init; }

    /// <summary>Ids of the groups of machines.</summary>
    internal List<string> Groups { get; } = [];

    /// <summary>Name of the key.</summary>
    internal string? Key { get; private set; }

    private string? MadeGroup { get; set; }

    /// <summary>Finds networks and makes the rest.</summary>
    internal static async Task<RunResources> MakeAsync(OpenStackSession session, ResourceTags tags, CancellationToken cancel)
    {
        OpenStackOptions options = session.Options;
        IReadOnlyList<Network> networks = await AllAsync(session, "list networks", async (marker, c) => (await session.Neutron.NetworksAsync(marker, Page, c)).Networks, n => n.Id, cancel);
        var resources = new RunResources(session)
        {
            Network = Choose(networks, "openstack-network", options.Network, n => !n.External),
            Floating = options.FloatingNetwork is { } floating ? Choose(networks, "openstack-floating-network", floating, n => n.External) : null,
        };
        try
        {
            await resources.MakeGroupAsync(tags, cancel);
            string name = TagText.Name(tags);
            // Machines are logged in to with the key in their config. The image's own agent for keys wants one too, and a person may.
            var key = new JsonObject { ["keypair"] = new JsonObject { ["name"] = name, ["type"] = "ssh", ["public_key"] = options.PublicKey ?? SshIdentity.Create().PublicKey } };
            resources.Key = name;
            await session.Calls.RunAsync("bring a key", Signal.Quota, c => session.Nova.CreateKeyPairAsync(key, c), cancel);
            return resources;
        }
        catch
        {
            await resources.DeleteAsync();
            throw;
        }
    }

    /// <summary>Deletes what was made. Never throws: what stays carries its tags.</summary>
    internal async Task DeleteAsync()
    {
        if (Key is { } key)
            await TryAsync(c => session.Calls.DeleteAsync("delete a key", Signal.Quota, d => session.Nova.DeleteKeyPairAsync(key, d), s_limit, c));
        if (MadeGroup is { } group)
            await TryAsync(c => session.Calls.DeleteAsync("delete a security group", Signal.Quota, d => session.Neutron.DeleteGroupAsync(group, d), s_limit, c));
    }

    /// <summary>All of a list of neutron's, page by page.</summary>
    internal static async Task<IReadOnlyList<T>> AllAsync<T>(OpenStackSession session, string what, Func<string?, CancellationToken, Task<IReadOnlyList<T>>> page, Func<T, string> id, CancellationToken cancel)
    {
        var all = new List<T>();
        while (true)
        {
            string? marker = all.Count > 0 ? id(all[^1]) : null;
            IReadOnlyList<T> more = await session.Calls.RunAsync(what, Signal.Host, c => page(marker, c), cancel);
            all.AddRange(more);
            if (more.Count < Page)
                return all;
        }
    }

    private static Network Choose(IReadOnlyList<Network> all, string option, string? wanted, Func<Network, bool> fits)
    {
        Network[] found = [.. all.Where(n => wanted is null ? fits(n) : n.Id == wanted || n.Name == wanted)];
        string head = wanted is null ? "openstack: nobody said which network machines are in" : found.Length == 0 ? $"--{option} {wanted}: there is no such network" : $"--{option} {wanted}: there are several of that name";
        return found is [var only] ? only
            : throw new UsageException($"{head}\n  wanted:  one of {string.Join(", ", all.Where(fits).Select(n => $"{n.Name} ({n.Id})").DefaultIfEmpty("none"))}\n  next:    --{option} NETWORK");
    }

    private async Task MakeGroupAsync(ResourceTags tags, CancellationToken cancel)
    {
        if (session.Options.Groups.Count > 0)
        {
            IReadOnlyList<Described> all = await AllAsync(session, "list security groups", async (marker, c) => (await session.Neutron.GroupsAsync(marker, Page, c)).SecurityGroups, g => g.Id, cancel);
            foreach (string wanted in session.Options.Groups)
                Groups.Add(all.FirstOrDefault(g => g.Id == wanted || g.Name == wanted)?.Id ?? throw new UsageException($"--openstack-security-group {wanted}: there is no such group\n  wanted:  one of openstack security group list"));
            return;
        }

        var group = new JsonObject { ["security_group"] = new JsonObject { ["name"] = $"kola-{ResourceTags.Clean(tags.Run)}-{Guid.NewGuid():N}", ["description"] = TagText.Describe(tags) } };
        Described made = (await session.Calls.RunAsync("make a security group", Signal.Quota, c => session.Neutron.CreateGroupAsync(group, c), cancel)).SecurityGroup;
        MadeGroup = made.Id;
        Groups.Add(made.Id);
        foreach (string from in session.Options.SshFrom)
        {
            var rule = new JsonObject
            {
                ["security_group_rule"] = new JsonObject
                {
                    ["security_group_id"] = made.Id,
                    ["direction"] = "ingress",
                    ["ethertype"] = from.Contains(':', StringComparison.Ordinal) ? "IPv6" : "IPv4",
                    ["protocol"] = "tcp",
                    ["port_range_min"] = 22,
                    ["port_range_max"] = 22,
                    ["remote_ip_prefix"] = from,
                },
            };
            await session.Calls.RunAsync("let SSH in", Signal.Quota, c => session.Neutron.CreateRuleAsync(rule, c), cancel);
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> delete)
    {
        using var limit = new CancellationTokenSource(s_limit * 2, session.Calls.Clock);
        try
        {
            await delete(limit.Token);
        }
        catch (Exception fault) when (fault is KolaException or OperationCanceledException)
        {
            // Left to kola gc.
        }
    }
}
