using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Kola.Clouds;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Gcp;

/// <summary>Instances of a run in a project.</summary>
/// <param name="session">Where.</param>
/// <param name="image">Path of what they boot.</param>
/// <param name="architecture">Of the image.</param>
/// <param name="mark">Label and network tag of this run alone; also the name of its firewall rule.</param>
/// <param name="tags">What everything carries.</param>
internal sealed class GcpCloud(GcpSession session, string image, string architecture, string mark, ResourceTags tags) : ICloud
{
    /// <summary>Label that tells one run's instances from all others.</summary>
    internal const string MarkLabel = "kola-mark";

    private static readonly TimeSpan s_gone = TimeSpan.FromMinutes(8);

    // Memory in MiB and CPUs of what is cheap.
    private static readonly (string Name, int MemoryMiB, int Cpus)[] s_amd64 = [("e2-micro", 1024, 2), ("e2-small", 2048, 2), ("e2-medium", 4096, 2), ("e2-standard-2", 8192, 2), ("e2-standard-4", 16384, 4), ("e2-standard-8", 32768, 8)];
    private static readonly (string Name, int MemoryMiB, int Cpus)[] s_arm64 = [("t2a-standard-1", 4096, 1), ("t2a-standard-2", 8192, 2), ("t2a-standard-4", 16384, 4), ("t2a-standard-8", 32768, 8)];

    private readonly ConcurrentDictionary<string, string> _zones = new();

    private GcpOptions Options => session.Options;

    /// <inheritdoc/>
    public Task CreateAsync(InstanceSpec spec, string name, string zone, CancellationToken cancel)
    {
        string type = TypeFor(spec.Id, spec.Machine);
        JsonObject labels = GcpImages.Labels(tags);
        labels[MarkLabel] = mark;
        var card = new JsonObject { ["network"] = $"projects/{Options.Project}/global/networks/{Options.Network}" };
        if (Options.Subnet is { } subnet)
            card["subnetwork"] = $"projects/{Options.Project}/{subnet}";
        if (!Options.Private)
            card["accessConfigs"] = new JsonArray(new JsonObject { ["type"] = "ONE_TO_ONE_NAT", ["name"] = "External NAT" });
        var disk = new JsonObject { ["sourceImage"] = image, ["labels"] = labels.DeepClone() };
        if (spec.Machine.DiskMiB is { } size)
            disk["diskSizeGb"] = ((size + 1023) >> 10).ToString(CultureInfo.InvariantCulture);
        var metadata = new JsonArray(new JsonObject { ["key"] = "block-project-ssh-keys", ["value"] = "TRUE" });
        if (spec.Ignition is { } config)
            metadata.Add(new JsonObject { ["key"] = "user-data", ["value"] = config });
        var instance = new JsonObject
        {
            ["name"] = name,
            ["description"] = $"kola {spec.Id}",
            ["machineType"] = $"zones/{zone}/machineTypes/{type}",
            ["labels"] = labels,
            ["tags"] = new JsonObject { ["items"] = new JsonArray(mark) },
            ["disks"] = new JsonArray(new JsonObject { ["boot"] = true, ["autoDelete"] = true, ["initializeParams"] = disk }),
            ["networkInterfaces"] = new JsonArray(card),
            ["metadata"] = new JsonObject { ["items"] = metadata },
            ["scheduling"] = new JsonObject { ["automaticRestart"] = false },
        };
        _zones[name] = zone;
        return session.ZoneAsync($"start {spec.Id} as a {type} in {zone}", Signal.Emulator, zone, c => session.Compute.InsertAsync(Options.Project, zone, Guid.NewGuid().ToString(), instance, c), cancel);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, CloudState>> LookAsync(IReadOnlyCollection<string> names, CancellationToken cancel) =>
        (await InstancesAsync(session, $"labels.{MarkLabel}={mark}", cancel)).GroupBy(i => i.Name).ToDictionary(g => g.Key, g => StateOf(g.First()));

    /// <inheritdoc/>
    public Task ResetAsync(string name, CancellationToken cancel) => session.ZoneAsync("reset an instance", Signal.Emulator, ZoneOf(name), c => session.Compute.ResetAsync(Options.Project, ZoneOf(name), name, c), cancel);

    /// <summary>Compute Engine tells the system that its plug is about to be pulled, and pulls it when it has not gone in some time.</summary>
    public Task StopAsync(string name, CancellationToken cancel) => session.ZoneAsync("stop an instance", Signal.Emulator, ZoneOf(name), c => session.Compute.StopAsync(Options.Project, ZoneOf(name), name, c), cancel);

    /// <inheritdoc/>
    public Task StartAsync(string name, CancellationToken cancel) => session.ZoneAsync("start an instance", Signal.Emulator, ZoneOf(name), c => session.Compute.StartAsync(Options.Project, ZoneOf(name), name, c), cancel);

    /// <inheritdoc/>
    public async Task<ConsolePart> ReadConsoleAsync(string name, long from, CancellationToken cancel)
    {
        SerialPort shown = await session.Calls.RunAsync("read a console", Signal.Emulator, c => session.Compute.SerialPortAsync(Options.Project, ZoneOf(name), name, 1, from, c), cancel);
        return new ConsolePart(shown.Contents ?? "", long.TryParse(shown.Next, NumberStyles.None, CultureInfo.InvariantCulture, out long next) ? next : from);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancel) => DeleteAsync(session, ZoneOf(name), name, cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DropFirewallAsync(session, mark);
        session.Dispose();
    }

    /// <summary>Makes the rule that lets SSH in to the instances of a run.</summary>
    internal static Task MakeFirewallAsync(GcpSession session, string mark, ResourceTags tags, CancellationToken cancel)
    {
        var firewall = new JsonObject
        {
            ["name"] = mark,
            ["description"] = TagText.Describe(tags),
            ["network"] = $"projects/{session.Options.Project}/global/networks/{session.Options.Network}",
            ["direction"] = "INGRESS",
            ["sourceRanges"] = new JsonArray([.. session.Options.SshFrom.Select(f => (JsonNode)f)]),
            ["targetTags"] = new JsonArray(mark),
            ["allowed"] = new JsonArray(new JsonObject { ["IPProtocol"] = "tcp", ["ports"] = new JsonArray("22") }),
        };
        return session.GlobalAsync("let SSH in", Signal.Quota, c => session.Compute.InsertFirewallAsync(session.Options.Project, firewall, c), cancel);
    }

    /// <summary>Deletes a rule. Never throws: what stays carries its tags.</summary>
    internal static async Task DropFirewallAsync(GcpSession session, string name)
    {
        using var limit = new CancellationTokenSource(s_gone, session.Calls.Clock);
        try
        {
            await DeleteFirewallAsync(session, name, limit.Token);
        }
        catch (Exception fault) when (fault is KolaException or OperationCanceledException)
        {
            // Left to kola gc.
        }
    }

    internal static Task DeleteFirewallAsync(GcpSession session, string name, CancellationToken cancel) => session.Calls.DeleteAsync("delete a firewall rule", Signal.Quota,
        c => session.GlobalAsync("delete a firewall rule", Signal.Quota, d => session.Compute.DeleteFirewallAsync(session.Options.Project, name, d), c), s_gone, cancel);

    internal static Task DeleteAsync(GcpSession session, string zone, string name, CancellationToken cancel) => session.Calls.DeleteAsync("delete an instance", Signal.Emulator,
        c => session.ZoneAsync("delete an instance", Signal.Emulator, zone, d => session.Compute.DeleteInstanceAsync(session.Options.Project, zone, name, d), c), s_gone, cancel);

    /// <summary>Instances of all zones, page by page.</summary>
    internal static Task<IReadOnlyList<Instance>> InstancesAsync(GcpSession session, string filter, CancellationToken cancel) => session.AllAsync("look at instances", async (token, c) =>
    {
        AggregatedInstances page = await session.Compute.InstancesAsync(session.Options.Project, filter, token, c);
        return ((page.Items?.Values ?? []).SelectMany(z => z.Instances ?? []), page.NextPageToken);
    }, cancel);

    private CloudState StateOf(Instance instance)
    {
        CloudPower power = instance.Status switch
        {
            "RUNNING" => CloudPower.Running,
            "TERMINATED" or "STOPPED" => CloudPower.Stopped,
            "REPAIRING" => CloudPower.Failed,
            _ => CloudPower.Changing,
        };
        Card? card = instance.NetworkInterfaces is [var first, ..] ? first : null;
        return new CloudState(power, instance.Status) { Address = Options.Private ? card?.NetworkIP : card?.AccessConfigs is [var nat, ..] ? nat.NatIP : null };
    }

    private string ZoneOf(string name) => _zones.GetValueOrDefault(name) ?? Options.Zones[0];

    private string TypeFor(string id, MachineSpec machine)
    {
        if (Options.Type is { } said)
            return said;
        (string Name, int MemoryMiB, int Cpus)[] all = architecture == "arm64" ? s_arm64 : s_amd64;
        return all.FirstOrDefault(t => t.MemoryMiB >= machine.MemoryMiB && t.Cpus >= machine.Cpus).Name ?? throw new UsageException(string.Create(
            CultureInfo.InvariantCulture, $"{id}: no machine type has {machine.MemoryMiB} MiB and {machine.Cpus} CPUs\n  wanted:  one of {string.Join(", ", all.Select(t => $"{t.Name} ({t.MemoryMiB} MiB, {t.Cpus})"))}\n  next:    --gcp-type with a larger one"));
    }
}
