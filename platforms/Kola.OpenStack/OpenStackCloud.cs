using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Kola.Clouds;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.OpenStack;

/// <summary>Servers of a run in a project. With floating IPs each has a port of its own, so that its address is known before it runs.</summary>
/// <param name="session">Where.</param>
/// <param name="resources">What they share.</param>
/// <param name="flavors">What they can be.</param>
/// <param name="image">What they boot.</param>
/// <param name="tags">What everything carries.</param>
internal sealed class OpenStackCloud(OpenStackSession session, RunResources resources, Flavors flavors, JsonObject image, ResourceTags tags) : ICloud
{
    private const int Page = 500;
    private static readonly TimeSpan s_gone = TimeSpan.FromMinutes(8);

    // Servers of this run are told apart by a tag of nova's, which it can look for. A run of the same name may be on its way elsewhere.
    private readonly string _mark = "kola-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{tags.Run} {tags.MadeBy} {Guid.NewGuid()}")))[..16];
    private readonly ConcurrentDictionary<string, string> _ids = new();
    private readonly ConcurrentDictionary<string, string> _floating = new();

    /// <inheritdoc/>
    public async Task CreateAsync(InstanceSpec spec, string name, string zone, CancellationToken cancel)
    {
        Flavor flavor = flavors.For(spec.Id, spec.Machine, image);
        JsonObject network = resources.Floating is { } outside ? new() { ["port"] = await PlugAsync(name, outside, cancel) } : new() { ["uuid"] = resources.Network.Id };
        var metadata = new JsonObject { ["kola-machine"] = spec.Id };
        foreach ((string key, string value) in tags.ToPairs())
            metadata[key] = value;
        var server = new JsonObject
        {
            ["name"] = name,
            ["imageRef"] = OpenStackImages.Text(image, "id"),
            ["flavorRef"] = flavor.Id,
            ["key_name"] = resources.Key,
            ["metadata"] = metadata,
            ["tags"] = new JsonArray("kola", _mark),
            ["networks"] = new JsonArray(network),
        };
        if (resources.Floating is null)
            server["security_groups"] = new JsonArray([.. resources.Groups.Select(g => new JsonObject { ["name"] = g })]);
        if (spec.Ignition is { } config)
            server["user_data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(config));
        if (session.Options.ConfigDrive is { } drive)
            server["config_drive"] = drive;
        if (zone.Length > 0)
            server["availability_zone"] = zone;
        ServerAnswer made = await session.Calls.RunAsync($"start {spec.Id} as a {flavor.Name}", Signal.Emulator, c => session.Nova.CreateServerAsync(new JsonObject { ["server"] = server }, c), cancel);
        _ids[name] = made.Server.Id;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, CloudState>> LookAsync(IReadOnlyCollection<string> names, CancellationToken cancel)
    {
        IReadOnlyList<Server> all = await ServersAsync(session, _mark, null, cancel);
        return all.GroupBy(s => s.Name).ToDictionary(g => g.Key, g => StateOf(g.First()));
    }

    /// <inheritdoc/>
    public Task ResetAsync(string name, CancellationToken cancel) => ActAsync(name, "reset a server", new JsonObject { ["reboot"] = new JsonObject { ["type"] = "HARD" } }, cancel);

    /// <inheritdoc/>
    public Task StopAsync(string name, CancellationToken cancel) => ActAsync(name, "stop a server", new JsonObject { ["os-stop"] = null }, cancel);

    /// <inheritdoc/>
    public Task StartAsync(string name, CancellationToken cancel) => ActAsync(name, "start a server", new JsonObject { ["os-start"] = null }, cancel);

    /// <summary>The newest 100 KiB: nova shows no more.</summary>
    public async Task<ConsolePart> ReadConsoleAsync(string name, long from, CancellationToken cancel)
    {
        string id = await IdAsync(name, cancel) ?? throw new PlatformException(Signal.MachineLost, $"openstack: {name} is not there");
        ConsoleAnswer shown = await session.Calls.RunAsync("read a console", Signal.Emulator, c => session.Nova.ConsoleAsync(id, new JsonObject { ["os-getConsoleOutput"] = new JsonObject() }, c), cancel);
        return new ConsolePart(shown.Output ?? "");
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string name, CancellationToken cancel)
    {
        foreach (Server server in (await ServersAsync(session, null, $"^{name}$", cancel)).Where(s => s.Name == name))
            await DeleteServerAsync(session, server.Id, cancel);
        if (resources.Floating is null)
            return;
        IReadOnlyList<Described> ports = await RunResources.AllAsync(session, "look for ports", async (marker, c) => (await session.Neutron.PortsAsync(name, marker, Page, c)).Ports, p => p.Id, cancel);
        foreach (Described port in ports.Where(p => p.Name == name))
        {
            foreach (Described address in await RunResources.AllAsync(session, "look for floating IPs", async (marker, c) => (await session.Neutron.FloatingAsync(port.Id, marker, Page, c)).FloatingIps, f => f.Id, cancel))
                await DeleteFloatingAsync(session, address.Id, cancel);
            await DeletePortAsync(session, port.Id, cancel);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await resources.DeleteAsync();
        session.Dispose();
    }

    /// <summary>All servers of the project, page by page.</summary>
    /// <param name="session">Where.</param>
    /// <param name="tag">With this tag; null for all.</param>
    /// <param name="name">With a name like this expression; null for all.</param>
    /// <param name="cancel">Ends it.</param>
    internal static async Task<IReadOnlyList<Server>> ServersAsync(OpenStackSession session, string? tag, string? name, CancellationToken cancel)
    {
        var all = new List<Server>();
        string? marker = null;
        do
        {
            ServersAnswer page = await session.Calls.RunAsync("look at servers", Signal.Emulator, c => session.Nova.ServersAsync(tag, name, marker, c), cancel);
            all.AddRange(page.Servers);
            marker = page.ServersLinks?.Any(l => l.Rel == "next") == true && page.Servers.Count > 0 ? page.Servers[^1].Id : null;
        }
        while (marker is not null);
        return all;
    }

    /// <summary>Deletes a server and waits until it is gone.</summary>
    internal static async Task DeleteServerAsync(OpenStackSession session, string id, CancellationToken cancel)
    {
        await session.Calls.DeleteAsync("delete a server", Signal.Emulator, c => session.Nova.DeleteServerAsync(id, c), s_gone, cancel);
        (bool gone, string last) = await session.Calls.UntilAsync(async t =>
        {
            try
            {
                JsonObject answer = await session.Calls.RunAsync("look at a server", Signal.Emulator, c => session.Nova.ServerAsync(id, c), t);
                return answer["server"]?["status"]?.ToString() ?? "";
            }
            catch (PlatformException none) when (Refusal.Is(none, RefusalKind.NotFound))
            {
                return "DELETED";
            }
        }, status => status is "DELETED" or "SOFT_DELETED", s_gone, cancel);
        if (!gone)
            throw new PlatformException(Signal.Emulator, FormattableString.Invariant($"openstack: server {id} was deleted and is still there after {s_gone.TotalMinutes:0} min\n  got:     {last}"));
    }

    internal static Task DeletePortAsync(OpenStackSession session, string id, CancellationToken cancel) =>
        session.Calls.DeleteAsync("delete a port", Signal.Emulator, c => session.Neutron.DeletePortAsync(id, c), s_gone, cancel);

    internal static Task DeleteFloatingAsync(OpenStackSession session, string id, CancellationToken cancel) =>
        session.Calls.DeleteAsync("delete a floating IP", Signal.Emulator, c => session.Neutron.DeleteFloatingAsync(id, c), s_gone, cancel);

    private async Task<string> PlugAsync(string name, Network outside, CancellationToken cancel)
    {
        var port = new JsonObject
        {
            ["network_id"] = resources.Network.Id,
            ["name"] = name,
            ["description"] = TagText.Describe(tags),
            ["security_groups"] = new JsonArray([.. resources.Groups.Select(g => (JsonNode)g)]),
        };
        Described plugged = (await session.Calls.RunAsync("make a port", Signal.Quota, c => session.Neutron.CreatePortAsync(new JsonObject { ["port"] = port }, c), cancel)).Port;
        var address = new JsonObject { ["floating_network_id"] = outside.Id, ["port_id"] = plugged.Id, ["description"] = TagText.Describe(tags) };
        FloatingAnswer answer = await session.Calls.RunAsync("take a floating IP", Signal.Quota, c => session.Neutron.CreateFloatingAsync(new JsonObject { ["floatingip"] = address }, c), cancel);
        _floating[name] = answer.FloatingIp.FloatingIpAddress ?? throw new PlatformException(Signal.Quota, $"openstack: floating IP {answer.FloatingIp.Id} has no address");
        return plugged.Id;
    }

    private CloudState StateOf(Server server)
    {
        CloudPower power = server.Status switch
        {
            "ACTIVE" => CloudPower.Running,
            "SHUTOFF" or "STOPPED" => CloudPower.Stopped,
            "ERROR" => CloudPower.Failed,
            "DELETED" or "SOFT_DELETED" => CloudPower.Gone,
            _ => CloudPower.Changing,
        };
        ServerAddress[] addresses = [.. (server.Addresses ?? new Dictionary<string, IReadOnlyList<ServerAddress>>()).SelectMany(a => a.Value).Where(a => a.Type != "floating").OrderBy(a => a.Version)];
        return new CloudState(power, server.Status)
        {
            Address = _floating.GetValueOrDefault(server.Name) ?? addresses.FirstOrDefault()?.Addr,
            Refusal = power == CloudPower.Failed && server.Fault is { } fault ? OpenStackFault.Of(fault) : null,
        };
    }

    private async Task ActAsync(string name, string what, JsonObject action, CancellationToken cancel)
    {
        string id = await IdAsync(name, cancel) ?? throw new PlatformException(Signal.MachineLost, $"openstack: could not {what}: {name} is not there");
        await session.Calls.RunAsync(what, Signal.Emulator, c => session.Nova.ActAsync(id, action, c), cancel);
    }

    private async Task<string?> IdAsync(string name, CancellationToken cancel) =>
        _ids.TryGetValue(name, out string? id) ? id : (await ServersAsync(session, null, $"^{name}$", cancel)).FirstOrDefault(s => s.Name == name)?.Id;
}
