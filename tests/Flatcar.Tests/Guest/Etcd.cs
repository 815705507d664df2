using System.Globalization;
using System.Text.Json;

namespace Flatcar.Tests.Guest;

/// <summary>A cluster of etcd, one member on each machine, all on the machines' private segment. Its data are in /var/lib and outlive a restart of the machine.</summary>
public sealed record EtcdCluster
{
    private const string Name = "kola-etcd";

    /// <summary>The machines its members run on.</summary>
    public required IReadOnlyList<Machine> Members { get; init; }

    /// <summary>Starts a member on each machine and returns when all of them are healthy.</summary>
    public static async Task<EtcdCluster> StartAsync(params Machine[] machines)
    {
        if ((await machines[0].TryRunAsync("command -v etcd && command -v etcdctl")).ExitCode != 0)
            Lab.Skip("the image has no etcd", "Run it on an image that has etcd and etcdctl on its path.");
        var cluster = new EtcdCluster { Members = machines };
        // A member alone does not report that it is ready, so all are started before any is waited for.
        await Task.WhenAll(machines.Select(cluster.StartMemberAsync));
        await cluster.HealthyAsync(machines[0], machines.Length);
        return cluster;
    }

    /// <summary>Starts the member of a machine: a new one, or one that has its data from before the machine was restarted.</summary>
    // Etcd's own pace is ten heartbeats a second, which emulated machines miss, and then choose leaders all the time.
    public Task StartMemberAsync(Machine machine) => machine.RunAsync($"""
        sudo systemd-run --quiet --unit={Name} etcd --name {machine.Name} --data-dir /var/lib/{Name} --log-level warn \
            --heartbeat-interval 500 --election-timeout 5000 --initial-cluster-token {Name} --initial-cluster {Peers} \
            --initial-advertise-peer-urls http://{machine.Address}:2380 --listen-peer-urls http://{machine.Address}:2380 \
            --advertise-client-urls http://{machine.Address}:2379 --listen-client-urls http://{machine.Address}:2379,http://127.0.0.1:2379
        """);

    /// <summary>Ends the member of a machine at once, as a crash does.</summary>
    public static Task KillMemberAsync(Machine machine) => machine.SudoAsync($"systemctl kill --signal=KILL {Name}.service; systemctl reset-failed {Name}.service; true");

    /// <summary>Puts a value through one member. Fails when the cluster has no majority, within the command's ten seconds.</summary>
    public static Task PutAsync(Machine through, string key, string value) => through.RunAsync(Put(key, value));

    /// <summary>As <see cref="PutAsync"/>, and whether it was taken is the test's to judge.</summary>
    public static Task<CommandResult> TryPutAsync(Machine through, string key, string value) => through.TryRunAsync(Put(key, value));

    /// <summary>What the cluster agrees a key to be; empty for nothing. Fails when the cluster has no majority.</summary>
    public static async Task<string> GetAsync(Machine through, string key) => (await through.RunAsync(Get(key, "l"))).Text;

    /// <summary>What one member has in its own store, whatever the others have; empty for nothing. Fails when no member runs there.</summary>
    public static async Task<string> GetOwnAsync(Machine member, string key) => (await member.RunAsync(Get(key, "s"))).Text;

    /// <summary>Waits until one member has a value in its own store.</summary>
    public static Task<string> HasAsync(Machine member, string key, string value, TimeSpan? within = null) =>
        member.WaitForAsync($"{key} to be {value} on {member.Name}", () => GetOwnAsync(member, key), seen => seen == value, within ?? TimeSpan.FromSeconds(20));

    /// <summary>Waits until so many members answer that they are healthy: they take part in a majority with a leader.</summary>
    /// <param name="from">The machine that asks; its member has to be one of them.</param>
    /// <param name="count">How many. Members that do not answer are not counted.</param>
    /// <param name="within">Default 30 seconds, times the platform's slowness.</param>
    public Task<int> HealthyAsync(Machine from, int count, TimeSpan? within = null) =>
        from.WaitForAsync($"{count} members of {Members.Count} to be healthy", () => HealthyNowAsync(from), seen => seen == count, within ?? TimeSpan.FromSeconds(30));

    /// <summary>The machine whose member leads, as one member sees it; null when it knows of none.</summary>
    public async Task<Machine?> LeaderAsync(Machine from)
    {
        CommandResult status = await from.RunAsync($"{Client} endpoint status --write-out=json");
        CommandResult members = await from.RunAsync($"{Client} member list --write-out=json");
        ulong leader = JsonDocument.Parse(status.Text).RootElement[0].GetProperty("Status").TryGetProperty("leader", out JsonElement id) ? id.GetUInt64() : 0;
        string? name = JsonDocument.Parse(members.Text).RootElement.GetProperty("members").EnumerateArray()
            .FirstOrDefault(member => member.GetProperty("ID").GetUInt64() == leader) is { ValueKind: JsonValueKind.Object } found ? found.GetProperty("name").GetString() : null;
        return Members.FirstOrDefault(machine => machine.Name == name);
    }

    private const string Client = "ETCDCTL_API=3 etcdctl --dial-timeout=5s --command-timeout=10s";

    private string Peers => string.Join(',', Members.Select(machine => string.Create(CultureInfo.InvariantCulture, $"{machine.Name}=http://{machine.Address}:2380")));

    // [{"endpoint":"http://198.18.0.1:2379","health":true,"took":"4.1ms"}]
    private async Task<int> HealthyNowAsync(Machine from)
    {
        // Its exit code is 1 as soon as one member does not answer.
        CommandResult health = await from.TryRunAsync($"{Client} endpoint health --write-out=json --endpoints={string.Join(',', Members.Select(machine => $"http://{machine.Address}:2379"))} 2>/dev/null");
        return health.Text.StartsWith('[') ? JsonDocument.Parse(health.Text).RootElement.EnumerateArray().Count(member => member.GetProperty("health").GetBoolean()) : 0;
    }

    private static string Put(string key, string value) => $"{Client} put {Machine.Quote(key)} {Machine.Quote(value)}";

    private static string Get(string key, string consistency) => $"{Client} get --print-value-only --consistency={consistency} {Machine.Quote(key)}";
}
