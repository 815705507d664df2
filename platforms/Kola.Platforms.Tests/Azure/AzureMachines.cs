using System.Collections.Concurrent;
using System.Security;
using System.Text;
using System.Text.Json.Nodes;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.Azure;

/// <summary>
/// Virtual machines of <see cref="AzureModel"/> as machines: each boots what was brought as a page blob, at the address it was given, and finds its custom data on the disc of its drive, as on Azure. The
/// metadata server says that there is no user data.
/// </summary>
/// <param name="host">Where they run.</param>
/// <param name="blobs">Where their images are.</param>
internal sealed class AzureMachines(GuestHost host, AzureBlobs blobs) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, GuestMachine> _machines = new(StringComparer.OrdinalIgnoreCase);
    private readonly GuestWork _work = new();

    public GuestHost Host => host;

    /// <summary>Makes a machine and starts it.</summary>
    /// <param name="machine">Its resource.</param>
    /// <param name="generation">Of its image: <c>V1</c> or <c>V2</c>.</param>
    /// <param name="address">Its public address.</param>
    public Task MakeAsync(JsonObject machine, string generation, string address)
    {
        string id = machine["id"]!.ToString();
        return _work.DuringAsync(id, "PowerState/starting", async () =>
        {
            JsonNode storage = machine["properties"]!["storageProfile"]!;
            JsonNode system = machine["properties"]!["osProfile"]!;
            GuestMachine guest = await host.MakeAsync(new GuestShape
            {
                Name = machine["name"]!.ToString(),
                Image = blobs.ImageOf(storage["imageReference"]!["id"]!.ToString()),
                Address = address,
                DiskGiB = storage["osDisk"]!["diskSizeGB"]?.GetValue<int>(),
                Uefi = generation == "V2",
                Disc = await BurnAsync(machine["name"]!.ToString(), system),
                Metadata = Tell,
            });
            _machines[id] = guest;
            await guest.StartAsync();
        });
    }

    /// <summary>Restarts, stops or starts it.</summary>
    /// <param name="id">The machine.</param>
    /// <param name="action">As Azure calls it.</param>
    /// <param name="abruptly">Whether it is not asked to go.</param>
    public Task ActAsync(string id, string action, bool abruptly) => action switch
    {
        "powerOff" => _work.DuringAsync(id, "PowerState/stopping", abruptly ? _machines[id].PullAsync : _machines[id].StopAsync),
        "start" => _work.DuringAsync(id, "PowerState/starting", _machines[id].StartAsync),
        _ => _work.DuringAsync(id, "PowerState/stopping", _machines[id].RestartAsync),
    };

    /// <summary>Deletes it.</summary>
    public Task DeleteAsync(string id) => host.DeleteAsync(id.Split('/')[^1]);

    /// <summary>Its states, as an instance view has them.</summary>
    public (string Code, string Message)[] StatesOf(string id)
    {
        if (_work.FaultOf(id) is { } problem)
            return [("ProvisioningState/failed/InternalExecutionError", problem)];
        bool made = _machines.TryGetValue(id, out GuestMachine? machine);
        string power = _work.StatusOf(id) ?? (machine is { IsOn: true } ? "PowerState/running" : "PowerState/stopped");
        return [(made ? "ProvisioningState/succeeded" : "ProvisioningState/creating", ""), (power, "")];
    }

    /// <summary>What it wrote to its serial port.</summary>
    public string ConsoleOf(string name) => Encoding.Latin1.GetString(_machines.Values.FirstOrDefault(m => m.Name == name)?.Console ?? []);

    public ValueTask DisposeAsync() => host.DisposeAsync();

    // A disc in UDF, with what the machine is given at its first start.
    private async Task<string> BurnAsync(string name, JsonNode system)
    {
        string content = Directory.CreateDirectory(Path.Combine(host.Directory, $"{name}-disc")).FullName;
        string data = system["customData"]?.ToString() ?? "";
        string inside = data.Length > 0 ? $"<CustomData>{data}</CustomData>" : "";
        await File.WriteAllTextAsync(Path.Combine(content, "ovf-env.xml"), $"""
            <?xml version="1.0" encoding="utf-8"?>
            <Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:wa="http://schemas.microsoft.com/windowsazure">
              <wa:ProvisioningSection><wa:Version>1.0</wa:Version>
                <LinuxProvisioningConfigurationSet xmlns="http://schemas.microsoft.com/windowsazure">
                  <ConfigurationSetType>LinuxProvisioningConfiguration</ConfigurationSetType><HostName>{SecurityElement.Escape(system["computerName"]!.ToString())}</HostName><UserName>{SecurityElement.Escape(system["adminUsername"]!.ToString())}</UserName>{inside}
                </LinuxProvisioningConfigurationSet>
              </wa:ProvisioningSection>
            </Environment>
            """);
        if (data.Length > 0)
            await File.WriteAllBytesAsync(Path.Combine(content, "CustomData.bin"), Convert.FromBase64String(data));
        string disc = Path.Combine(host.Directory, $"{name}.iso");
        await GuestHost.RunAsync("genisoimage", "-quiet", "-udf", "-V", "OVF ENV", "-o", disc, content);
        return disc;
    }

    private static Answer Tell(Received asked) =>
        asked.Headers.GetValueOrDefault("metadata") != "true" || asked.Asked("api-version") is null ? new Answer(400) { Text = "Bad request. Required metadata header not specified." }
        : asked.Path == "/metadata/instance/compute/userData" ? new Answer(200) { Text = "" }
        : new Answer(404) { Text = "Not found" };
}
