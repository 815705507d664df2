using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.Gcp;

/// <summary>Instances of <see cref="GcpModel"/> as machines: each boots what was brought through the bucket, by UEFI, and asks metadata.google.internal for its config.</summary>
/// <param name="host">Where they run.</param>
/// <param name="bucket">Where their images are.</param>
internal sealed class GcpMachines(GuestHost host, GcpBucket bucket) : IAsyncDisposable
{
    private const string Attributes = "/computeMetadata/v1/instance/attributes/";

    private readonly ConcurrentDictionary<string, GuestMachine> _machines = new();
    private readonly GuestWork _work = new();

    public GuestHost Host => host;

    public GuestMachine this[string name] => _machines[name];

    /// <summary>Makes an instance and starts it.</summary>
    public Task<(string Code, string Message)?> MakeAsync(JsonObject instance) => DuringAsync(NameOf(instance), "STAGING", async () =>
    {
        JsonNode disk = instance["disks"]![0]!["initializeParams"]!;
        var items = instance["metadata"]!["items"]!.AsArray().ToDictionary(i => i!["key"]!.ToString(), i => i!["value"]!.ToString());
        GuestMachine machine = await host.MakeAsync(new GuestShape
        {
            Name = NameOf(instance),
            Image = bucket.DiskOf(disk["sourceImage"]!.ToString().Split('/')[^1]),
            DiskGiB = disk["diskSizeGb"] is { } size ? int.Parse(size.ToString(), System.Globalization.CultureInfo.InvariantCulture) : null,
            Uefi = true,
            Bus = DiskBus.Scsi,
            Metadata = asked => Tell(items, asked),
        });
        _machines[machine.Name] = machine;
        await machine.StartAsync();
    });

    /// <summary>Resets, stops or starts it.</summary>
    public Task<(string Code, string Message)?> ActAsync(string name, string action) => action switch
    {
        "stop" => DuringAsync(name, "STOPPING", _machines[name].StopAsync),
        "start" => DuringAsync(name, "STAGING", _machines[name].StartAsync),
        _ => DuringAsync(name, "RUNNING", _machines[name].ResetAsync),
    };

    /// <summary>Deletes it.</summary>
    public Task<(string Code, string Message)?> DeleteAsync(string name) => DuringAsync(name, "STOPPING", () => host.DeleteAsync(name));

    /// <summary>Writes into its entry how it is: an address is there while it runs.</summary>
    public void Show(JsonObject instance)
    {
        string name = NameOf(instance);
        GuestMachine? machine = _machines.GetValueOrDefault(name);
        instance["status"] = _work.StatusOf(name) ?? (machine is { IsOn: true } ? "RUNNING" : "TERMINATED");
        JsonObject nat = instance["networkInterfaces"]![0]!["accessConfigs"]![0]!.AsObject();
        nat.Remove("natIP");
        if (machine is { IsOn: true, Address: { } address })
            nat["natIP"] = address;
    }

    /// <summary>What it wrote to its first serial port.</summary>
    public string ConsoleOf(string name) => _machines.TryGetValue(name, out GuestMachine? machine) ? Encoding.Latin1.GetString(machine.Console) : "";

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private static string NameOf(JsonObject instance) => instance["name"]!.ToString();

    private async Task<(string Code, string Message)?> DuringAsync(string name, string status, Func<Task> act) =>
        await _work.DuringAsync(name, status, act) is { } fault ? ("INTERNAL_ERROR", fault) : null;

    private static Answer Tell(Dictionary<string, string> items, Received asked) =>
        asked.Headers.GetValueOrDefault("metadata-flavor") != "Google" ? new Answer(403) { Text = "Missing Metadata-Flavor:Google header." }
        : asked.Path.StartsWith(Attributes, StringComparison.Ordinal) && items.TryGetValue(asked.Path[Attributes.Length..], out string? value) ? new Answer(200) { Text = value, Type = "application/text", Headers = [("Metadata-Flavor", "Google")] }
        : new Answer(404) { Text = "Not Found", Headers = [("Metadata-Flavor", "Google")] };
}
