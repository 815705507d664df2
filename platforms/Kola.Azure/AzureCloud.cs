using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Kola.Clouds;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Azure;

/// <summary>Virtual machines of a run, in a resource group of its own with a network and a security group; all goes with the group.</summary>
/// <param name="session">Where.</param>
/// <param name="group">The resource group.</param>
/// <param name="image">Resource id of what they boot.</param>
/// <param name="architecture">Of the image.</param>
/// <param name="key">Public key they are started with.</param>
/// <param name="tags">What everything carries.</param>
internal sealed class AzureCloud(AzureSession session, string group, string image, string architecture, string key, ResourceTags tags) : ICloud
{
    private const string Machines = "Microsoft.Compute/virtualMachines";
    private const string Addresses = "Microsoft.Network/publicIPAddresses";
    private const string Cards = "Microsoft.Network/networkInterfaces";
    private const string Shared = "kola";

    // Memory in MiB and CPUs of what is cheap.
    private static readonly (string Name, int MemoryMiB, int Cpus)[] s_amd64 = [("Standard_B1s", 1024, 1), ("Standard_B1ms", 2048, 1), ("Standard_B2s", 4096, 2), ("Standard_B2ms", 8192, 2), ("Standard_B4ms", 16384, 4), ("Standard_B8ms", 32768, 8)];
    private static readonly (string Name, int MemoryMiB, int Cpus)[] s_arm64 = [("Standard_B2pls_v2", 4096, 2), ("Standard_B2ps_v2", 8192, 2), ("Standard_B4ps_v2", 16384, 4), ("Standard_B8ps_v2", 32768, 8)];

    private AzureOptions Options => session.Options;

    /// <summary>Makes what the machines of a run share.</summary>
    internal static async Task MakeGroupAsync(AzureSession session, string group, ResourceTags tags, CancellationToken cancel)
    {
        JsonObject Resource(JsonObject properties) => new() { ["location"] = session.Options.Location, ["tags"] = AzureSession.TagsFor(tags), ["properties"] = properties };
        await session.MakeAsync("make a resource group", Signal.Quota, session.GroupPath(group), AzureSession.Groups, new JsonObject { ["location"] = session.Options.Location, ["tags"] = AzureSession.TagsFor(tags) }, cancel);
        var rule = new JsonObject
        {
            ["name"] = "ssh",
            ["properties"] = new JsonObject
            {
                ["priority"] = 1000,
                ["direction"] = "Inbound",
                ["access"] = "Allow",
                ["protocol"] = "Tcp",
                ["sourceAddressPrefixes"] = new JsonArray([.. session.Options.SshFrom.Select(f => (JsonNode)f)]),
                ["sourcePortRange"] = "*",
                ["destinationAddressPrefix"] = "*",
                ["destinationPortRange"] = "22",
            },
        };
        string wall = session.PathOf(group, "Microsoft.Network/networkSecurityGroups", Shared);
        await session.MakeAsync("make a security group", Signal.Quota, wall, AzureSession.Network, Resource(new JsonObject { ["securityRules"] = new JsonArray(rule) }), cancel);
        var subnet = new JsonObject { ["name"] = Shared, ["properties"] = new JsonObject { ["addressPrefix"] = "10.11.0.0/16", ["networkSecurityGroup"] = new JsonObject { ["id"] = $"/{wall}" } } };
        await session.MakeAsync("make a network", Signal.Quota, session.PathOf(group, "Microsoft.Network/virtualNetworks", Shared), AzureSession.Network,
            Resource(new JsonObject { ["addressSpace"] = new JsonObject { ["addressPrefixes"] = new JsonArray("10.11.0.0/16") }, ["subnets"] = new JsonArray(subnet) }), cancel);
    }

    /// <inheritdoc/>
    public async Task CreateAsync(InstanceSpec spec, string name, string zone, CancellationToken cancel)
    {
        string size = SizeFor(spec.Id, spec.Machine);
        JsonObject address = Resource(zone, new JsonObject { ["publicIPAllocationMethod"] = "Static", ["publicIPAddressVersion"] = "IPv4" });
        address["sku"] = new JsonObject { ["name"] = "Standard" };
        await session.MakeAsync("make an address", Signal.Quota, session.PathOf(group, Addresses, name), AzureSession.Network, address, cancel);
        var config = new JsonObject
        {
            ["name"] = "first",
            ["properties"] = new JsonObject { ["subnet"] = new JsonObject { ["id"] = $"/{session.PathOf(group, "Microsoft.Network/virtualNetworks", Shared)}/subnets/{Shared}" }, ["publicIPAddress"] = new JsonObject { ["id"] = $"/{session.PathOf(group, Addresses, name)}" } },
        };
        await session.MakeAsync("make a network interface", Signal.Quota, session.PathOf(group, Cards, name), AzureSession.Network, Resource("", new JsonObject { ["ipConfigurations"] = new JsonArray(config) }), cancel);
        JsonObject machine = Resource(zone, MachineOf(spec, name, size));
        // Its end is seen by who looks at all of them.
        await session.Calls.RunAsync($"start {spec.Id} as a {size}", Signal.Emulator, c => session.Arm.PutAsync(session.PathOf(group, Machines, name), AzureSession.Compute, machine, c), cancel);
    }

    /// <summary>Azure tells how a machine is of that machine alone: a list has no instance views.</summary>
    public async Task<IReadOnlyDictionary<string, CloudState>> LookAsync(IReadOnlyCollection<string> names, CancellationToken cancel)
    {
        IReadOnlyList<JsonObject> addresses = await session.AllAsync("look at addresses", session.PathOf(group, Addresses), AzureSession.Network, cancel);
        var where = addresses.ToDictionary(a => a["name"]!.ToString(), a => a["properties"]?["ipAddress"]?.ToString());
        (string Name, JsonObject? Machine)[] all = await Task.WhenAll(names.Select(async n => (n, await FindAsync(n, cancel))));
        return all.Where(m => m.Machine is not null).ToDictionary(m => m.Name, m => StateOf(m.Machine!) with { Address = where.GetValueOrDefault(m.Name) });
    }

    /// <summary>Azure asks the system to restart, and forces it when it does not.</summary>
    public Task ResetAsync(string name, CancellationToken cancel) => ActAsync("restart a machine", name, "restart", cancel);

    /// <inheritdoc/>
    public Task StopAsync(string name, CancellationToken cancel) =>
        session.ActAsync("stop a machine", Signal.Emulator, c => session.Arm.PowerOffAsync($"{session.PathOf(group, Machines, name)}/powerOff", AzureSession.Compute, "true", c), cancel);

    /// <inheritdoc/>
    public Task StartAsync(string name, CancellationToken cancel) => ActAsync("start a machine", name, "start", cancel);

    /// <inheritdoc/>
    public async Task<ConsolePart> ReadConsoleAsync(string name, long from, CancellationToken cancel)
    {
        JsonObject shown = await session.Calls.RunAsync("read a console", Signal.Emulator, c => session.Arm.DiagnosticsAsync($"{session.PathOf(group, Machines, name)}/retrieveBootDiagnosticsData", AzureSession.Compute, c), cancel);
        return new ConsolePart(Uri.TryCreate(shown["serialConsoleLogBlobUri"]?.ToString(), UriKind.Absolute, out Uri? log) ? await session.LogAsync(log, cancel) : "");
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string name, CancellationToken cancel)
    {
        await session.DeleteAsync("delete a machine", Signal.Emulator, session.PathOf(group, Machines, name), AzureSession.Compute, cancel);
        await session.DeleteAsync("delete a network interface", Signal.Emulator, session.PathOf(group, Cards, name), AzureSession.Network, cancel);
        await session.DeleteAsync("delete an address", Signal.Emulator, session.PathOf(group, Addresses, name), AzureSession.Network, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DropGroupAsync(session, group);
        session.Dispose();
    }

    /// <summary>Deletes a resource group with all that is in it. Never throws: what stays carries its tags.</summary>
    internal static async Task DropGroupAsync(AzureSession session, string group)
    {
        try
        {
            await session.DeleteAsync("delete a resource group", Signal.Quota, session.GroupPath(group), AzureSession.Groups, CancellationToken.None);
        }
        catch (KolaException)
        {
            // Left to kola gc.
        }
    }

    private JsonObject MachineOf(InstanceSpec spec, string name, string size)
    {
        var disk = new JsonObject { ["createOption"] = "FromImage", ["deleteOption"] = "Delete", ["managedDisk"] = new JsonObject { ["storageAccountType"] = "StandardSSD_LRS" } };
        if (spec.Machine.DiskMiB is { } mebibytes)
            disk["diskSizeGB"] = (mebibytes + 1023) >> 10;
        // A name of its own system would be longer than one may be.
        var system = new JsonObject
        {
            ["computerName"] = "kola",
            ["adminUsername"] = spec.Machine.User,
            ["linuxConfiguration"] = new JsonObject
            {
                ["disablePasswordAuthentication"] = true,
                ["ssh"] = new JsonObject { ["publicKeys"] = new JsonArray(new JsonObject { ["path"] = $"/home/{spec.Machine.User}/.ssh/authorized_keys", ["keyData"] = key }) },
            },
        };
        if (spec.Ignition is { } config)
            system["customData"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(config));
        return new JsonObject
        {
            ["hardwareProfile"] = new JsonObject { ["vmSize"] = size },
            ["storageProfile"] = new JsonObject { ["imageReference"] = new JsonObject { ["id"] = image }, ["osDisk"] = disk },
            ["osProfile"] = system,
            ["networkProfile"] = new JsonObject { ["networkInterfaces"] = new JsonArray(new JsonObject { ["id"] = $"/{session.PathOf(group, Cards, name)}", ["properties"] = new JsonObject { ["primary"] = true, ["deleteOption"] = "Delete" } }) },
            ["diagnosticsProfile"] = new JsonObject { ["bootDiagnostics"] = new JsonObject { ["enabled"] = true } },
        };
    }

    private JsonObject Resource(string zone, JsonObject properties)
    {
        var resource = new JsonObject { ["location"] = Options.Location, ["tags"] = AzureSession.TagsFor(tags), ["properties"] = properties };
        if (zone.Length > 0)
            resource["zones"] = new JsonArray(zone);
        return resource;
    }

    private Task ActAsync(string what, string name, string action, CancellationToken cancel) =>
        session.ActAsync(what, Signal.Emulator, c => session.Arm.ActAsync($"{session.PathOf(group, Machines, name)}/{action}", AzureSession.Compute, c), cancel);

    private async Task<JsonObject?> FindAsync(string name, CancellationToken cancel)
    {
        try
        {
            return await session.Calls.RunAsync("look at a machine", Signal.Emulator, c => session.Arm.GetExpandedAsync(session.PathOf(group, Machines, name), AzureSession.Compute, "instanceView", c), cancel);
        }
        catch (PlatformException none) when (Refusal.Is(none, RefusalKind.NotFound))
        {
            return null;
        }
    }

    // ProvisioningState/succeeded, ProvisioningState/failed/AllocationFailed; PowerState/running
    private static CloudState StateOf(JsonObject machine)
    {
        (string Code, string Text)[] statuses = [.. (machine["properties"]?["instanceView"]?["statuses"]?.AsArray() ?? []).Select(s => (s!["code"]!.ToString(), s["message"]?.ToString() ?? ""))];
        string power = statuses.FirstOrDefault(s => s.Code.StartsWith("PowerState/", StringComparison.Ordinal)).Code ?? "";
        (string code, string text) = statuses.FirstOrDefault(s => s.Code.StartsWith("ProvisioningState/failed", StringComparison.Ordinal));
        if (code is not null)
            return new CloudState(CloudPower.Failed, code) { Refusal = AzureFault.Of(code.Split('/')[^1], text) };
        return power switch
        {
            "PowerState/running" => new CloudState(CloudPower.Running, power),
            "PowerState/stopped" or "PowerState/deallocated" => new CloudState(CloudPower.Stopped, power),
            _ => new CloudState(CloudPower.Changing, power.Length > 0 ? power : machine["properties"]?["provisioningState"]?.ToString() ?? "unknown"),
        };
    }

    private string SizeFor(string id, MachineSpec machine)
    {
        if (Options.Size is { } said)
            return said;
        (string Name, int MemoryMiB, int Cpus)[] all = architecture == "arm64" ? s_arm64 : s_amd64;
        return all.FirstOrDefault(t => t.MemoryMiB >= machine.MemoryMiB && t.Cpus >= machine.Cpus).Name ?? throw new UsageException(string.Create(
            CultureInfo.InvariantCulture, $"{id}: no size has {machine.MemoryMiB} MiB and {machine.Cpus} CPUs\n  wanted:  one of {string.Join(", ", all.Select(t => $"{t.Name} ({t.MemoryMiB} MiB, {t.Cpus})"))}\n  next:    --azure-size with a larger one"));
    }
}
