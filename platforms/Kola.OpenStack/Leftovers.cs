using System.Text.Json.Nodes;
using Kola.Clouds;
using Kola.Platforms;

namespace Kola.OpenStack;

/// <summary>All in a project that carries kola's tags, page by page: servers first, then what they used, then images.</summary>
internal sealed class Leftovers(OpenStackSession session, PlatformAccess access)
{
    private const int Page = 500;
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    /// <summary>In an order in which it can be deleted.</summary>
    internal async Task<IReadOnlyList<ILeftover>> FindAsync(CancellationToken cancel)
    {
        var all = new List<ILeftover?>();
        all.AddRange((await OpenStackCloud.ServersAsync(session, "kola", null, cancel)).Where(s => s.Status is not ("DELETED" or "SOFT_DELETED"))
            .Select(s => Of("server", s.Id, ResourceTags.Of(s.Metadata ?? new Dictionary<string, string>()), false, c => OpenStackCloud.DeleteServerAsync(session, s.Id, c))));
        all.AddRange((await RunResources.AllAsync(session, "list floating IPs", async (marker, c) => (await session.Neutron.FloatingAsync(null, marker, Page, c)).FloatingIps, f => f.Id, cancel))
            .Select(f => Of("floating IP", f.Id, TagText.OfDescription(f.Description), false, c => OpenStackCloud.DeleteFloatingAsync(session, f.Id, c))));
        all.AddRange((await RunResources.AllAsync(session, "list ports", async (marker, c) => (await session.Neutron.PortsAsync(null, marker, Page, c)).Ports, p => p.Id, cancel))
            .Select(p => Of("port", p.Id, TagText.OfDescription(p.Description), false, c => OpenStackCloud.DeletePortAsync(session, p.Id, c))));
        all.AddRange((await RunResources.AllAsync(session, "list security groups", async (marker, c) => (await session.Neutron.GroupsAsync(marker, Page, c)).SecurityGroups, g => g.Id, cancel))
            .Select(g => Of("security group", g.Id, TagText.OfDescription(g.Description), true, c => session.Calls.DeleteAsync("delete a security group", Signal.Quota, d => session.Neutron.DeleteGroupAsync(g.Id, d), s_limit, c))));
        all.AddRange((await KeysAsync(cancel)).Select(k => Of("key pair", k, TagText.OfName(k), true, c => session.Calls.DeleteAsync("delete a key", Signal.Quota, d => session.Nova.DeleteKeyPairAsync(k, d), s_limit, c))));
        var images = new OpenStackImages(session, access);
        foreach (JsonObject image in await images.AllAsync(OpenStackImages.Mark, cancel))
        {
            string id = OpenStackImages.Text(image, "id")!;
            all.Add(Of("image", id, OpenStackImages.TagsOf(image), true, c => images.DeleteAsync(id, c)));
        }

        return [.. all.OfType<ILeftover>()];
    }

    private async Task<IReadOnlyList<string>> KeysAsync(CancellationToken cancel)
    {
        var all = new List<string>();
        string? marker = null;
        do
        {
            KeyPairsAnswer page = await session.Calls.RunAsync("list keys", Signal.Host, c => session.Nova.KeyPairsAsync(marker, c), cancel);
            all.AddRange(page.KeyPairs.Select(k => k.KeyPair.Name));
            marker = page.Links?.Any(l => l.Rel == "next") == true && page.KeyPairs.Count > 0 ? page.KeyPairs[^1].KeyPair.Name : null;
        }
        while (marker is not null);
        return all;
    }

    // What looks like kola's and does not say whose it is, is somebody else's.
    private static CloudLeftover? Of(string kind, string name, ResourceTags? tags, bool shared, Func<CancellationToken, Task> delete) =>
        tags is null ? null : new CloudLeftover(kind, name, tags, shared, delete);
}
