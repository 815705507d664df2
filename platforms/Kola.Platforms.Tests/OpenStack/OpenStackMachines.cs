using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.OpenStack;

/// <summary>Servers of <see cref="OpenStackModel"/> as machines: each boots what was brought to glance, by BIOS, at an address of its own, and asks the metadata server for its user data.</summary>
/// <param name="host">Where they run.</param>
internal sealed class OpenStackMachines(GuestHost host) : IAsyncDisposable
{
    /// <summary>Where the metadata server has the user data.</summary>
    public const string UserData = "/openstack/latest/user_data";

    // nova shows no more of a console.
    private const int ConsoleBytes = 100 << 10;

    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _disks = new();
    private readonly ConcurrentDictionary<string, GuestMachine> _machines = new();
    private readonly GuestWork _work = new();

    /// <summary>Takes an image that was brought, in whatever format.</summary>
    public void Keep(string image, string format, string file)
    {
        string kept = Path.Combine(host.Directory, $"{image}.{format}");
        File.Move(file, kept);
        _disks[image] = new(async () =>
        {
            string raw = Path.Combine(host.Directory, $"{image}.img");
            await GuestHost.RunAsync("qemu-img", "convert", "-f", format, "-O", "raw", kept, raw);
            File.Delete(kept);
            return raw;
        });
    }

    /// <summary>Makes a server and starts it.</summary>
    /// <param name="server">As it was asked for, with its id.</param>
    /// <param name="diskGiB">Of its flavor.</param>
    /// <returns>Its address.</returns>
    public string Make(JsonObject server, int diskGiB)
    {
        string id = IdOf(server), image = server["imageRef"]!.ToString();
        byte[] data = Convert.FromBase64String(server["user_data"]?.ToString() ?? "");
        string address = GuestHost.Loopback();
        _ = _work.DuringAsync(id, "BUILD", async () =>
        {
            GuestMachine machine = await host.MakeAsync(new GuestShape
            {
                Name = id,
                Image = await _disks[image].Value,
                Address = address,
                DiskGiB = diskGiB,
                Metadata = asked => asked.Path == UserData && data.Length > 0 ? new Answer(200) { Text = Encoding.UTF8.GetString(data) } : new Answer(404) { Text = "Not Found" },
            });
            _machines[id] = machine;
            await machine.StartAsync();
        });
        return address;
    }

    /// <summary>Reboots, stops or starts it.</summary>
    /// <param name="id">The server.</param>
    /// <param name="action">As nova calls it.</param>
    /// <param name="abruptly">Whether it is not asked to go: what its image says of <c>os_shutdown_timeout</c>.</param>
    public void Act(string id, string action, bool abruptly)
    {
        GuestMachine machine = _machines[id];
        _ = action switch
        {
            "reboot" => _work.DuringAsync(id, "HARD_REBOOT", machine.ResetAsync),
            "os-stop" => _work.DuringAsync(id, "ACTIVE", abruptly ? machine.PullAsync : machine.StopAsync),
            _ => _work.DuringAsync(id, "SHUTOFF", machine.StartAsync),
        };
    }

    /// <summary>Deletes it.</summary>
    public void Delete(string id) => _ = _work.DuringAsync(id, "ACTIVE", () => host.DeleteAsync(id));

    /// <summary>Writes into its entry how it is.</summary>
    public void Show(JsonObject server)
    {
        string id = IdOf(server);
        string? fault = _work.FaultOf(id);
        if (fault is not null)
            server["fault"] = new JsonObject { ["code"] = 500, ["message"] = fault, ["created"] = "2026-11-28T20:00:00Z" };
        server["status"] = fault is not null ? "ERROR" : _work.StatusOf(id) ?? (_machines.GetValueOrDefault(id) is { IsOn: true } ? "ACTIVE" : "SHUTOFF");
    }

    /// <summary>The newest of what it wrote to its first serial port.</summary>
    public string ConsoleOf(string id)
    {
        byte[] all = _machines.TryGetValue(id, out GuestMachine? machine) ? machine.Console : [];
        return Encoding.Latin1.GetString(all.AsSpan(Math.Max(0, all.Length - ConsoleBytes)));
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private static string IdOf(JsonObject server) => server["id"]!.ToString();
}
