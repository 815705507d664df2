using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using k8s;
using k8s.Autorest;
using k8s.KubeConfigModels;
using k8s.Models;

namespace Flatcar.Tests.Guest;

/// <summary>
/// A cluster that is up: the first machine is its control plane, the others are workers, and each node is called as its machine's role. The API is
/// reached through the control plane's SSH connection.
/// </summary>
public sealed partial class KubernetesCluster : IAsyncDisposable
{
    private const string Kubectl = "/opt/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf";
    private const string NoAnswer = "no answer";

    private readonly PortForward _way;

    private KubernetesCluster(IReadOnlyList<Machine> machines, PortForward way, IKubernetes client) => (Machines, _way, Client) = (machines, way, client);

    /// <summary>All its machines, the control plane first.</summary>
    public IReadOnlyList<Machine> Machines { get; }

    /// <summary>The machine of the control plane.</summary>
    public Machine Control => Machines[0];

    /// <summary>Its API, as an administrator.</summary>
    public IKubernetes Client { get; }

    /// <summary>Makes a cluster of machines that have nothing of it yet, and returns when all nodes are ready and have their pods' network.</summary>
    /// <param name="lab">Has the run's distribution.</param>
    /// <param name="control">Its control plane.</param>
    /// <param name="workers">The others; with none, pods run on the control plane.</param>
    public static Task CreateAsync(Lab lab, Machine control, params Machine[] workers) => CreateAsync(lab, ClusterNetwork.IPv4, control, workers);

    /// <summary>As <see cref="CreateAsync(Lab, Machine, Machine[])"/>, with pods and services of IPv4 and IPv6, on a control plane alone.</summary>
    public static Task CreateDualStackAsync(Lab lab, Machine control) => CreateAsync(lab, ClusterNetwork.DualStack, control, []);

    private static async Task CreateAsync(Lab lab, ClusterNetwork network, Machine control, Machine[] workers)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(workers);
        KubernetesDistribution distribution = KubernetesDistribution.Of(lab);
        await Task.WhenAll([control.InstallKubernetesAsync(distribution, controls: true), .. workers.Select(worker => worker.InstallKubernetesAsync(distribution, controls: false))]);
        await control.InitClusterAsync(distribution, network);
        await using KubernetesCluster cluster = await ConnectAsync([control, .. workers]);
        // One after the other: of two at once, on two slow emulating cores, neither had an answer of the API within kubeadm's ten seconds.
        foreach (Machine worker in workers)
            await worker.JoinClusterAsync(distribution, control);
        await cluster.ConnectPodsAsync();
        if (workers.Length == 0)
            await cluster.LetPodsOntoControlAsync();
        await cluster.SettleAsync();
        // A pod with a network of its own on every node: what cannot do that is no cluster, and twenty tests would say so.
        foreach (Machine node in cluster.Machines)
            await cluster.ApplyAsync(Pod($"first-on-{node.Name}", "sleep 86400", node));
        foreach (Machine node in cluster.Machines)
            await cluster.PodReadyAsync($"first-on-{node.Name}");
        await cluster.KubectlAsync("delete pods --all --timeout=300s", TimeSpan.FromMinutes(5));
    }

    /// <summary>The cluster of machines that have it behind them, when it has settled: every node is ready and has said so since now.</summary>
    public static async Task<KubernetesCluster> OpenAsync(params Machine[] machines)
    {
        KubernetesCluster cluster = await ConnectAsync(machines);
        try
        {
            await cluster.SettleAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _way.DisposeAsync();
    }

    /// <summary>Waits until every node has told the control plane that it is ready, after this was called, and what runs on each node does.</summary>
    /// <param name="within">Default 3 minutes, times the platform's slowness.</param>
    public async Task SettleAsync(TimeSpan? within = null)
    {
        TimeSpan limit = within ?? TimeSpan.FromMinutes(3);
        DateTime since = await NowAsync();
        await Control.WaitForAsync("every node to have renewed its lease", () => AskAsync(async () => await Client.CoordinationV1.ListNamespacedLeaseAsync("kube-node-lease")),
            leases => leases is not null && Machines.All(machine => leases.Items.Any(lease => lease.Metadata.Name == machine.Name && lease.Spec.RenewTime > since)), limit);
        await ReadyAsync(limit);
        await Control.WaitForAsync("the cluster's own pods to run", () => AskAsync(async () => (await Client.CoreV1.ListNamespacedPodAsync("kube-system")).Items),
            pods => pods is { Count: > 0 } && pods.All(IsReady) && pods.Count(pod => pod.Metadata.Name.StartsWith("kube-proxy-", StringComparison.Ordinal)) == Machines.Count, limit);
    }

    /// <summary>Waits until every node is ready.</summary>
    public Task<string> ReadyAsync(TimeSpan? within = null) => NodesAsync("every node to be ready", seen => seen == string.Join(' ', Machines.Select(machine => $"{machine.Name}:True")), within);

    /// <summary>Waits until a node is, or is no longer, ready as the control plane sees it.</summary>
    /// <param name="machine">The node's machine.</param>
    /// <param name="ready">What is waited for.</param>
    /// <param name="within">Default 2 minutes, times the platform's slowness.</param>
    public Task<string> NodeAsync(Machine machine, bool ready, TimeSpan? within = null) =>
        NodesAsync($"node {machine.Name} to be {(ready ? "ready" : "not ready")}", seen => seen.Split(' ').Any(node => node.StartsWith(machine.Name + ":", StringComparison.Ordinal) && node.EndsWith(":True", StringComparison.Ordinal) == ready), within);

    /// <summary>The node of a machine.</summary>
    public Task<V1Node> NodeAsync(Machine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        return Client.CoreV1.ReadNodeAsync(machine.Name);
    }

    /// <summary>Runs kubectl as an administrator on the control plane.</summary>
    public Task<CommandResult> KubectlAsync(string arguments, TimeSpan? within = null) => Control.RunAsync($"sudo {Kubectl} {arguments}", within);

    /// <summary>As <see cref="KubectlAsync"/>, and what comes of it is the test's to judge.</summary>
    public Task<CommandResult> TryKubectlAsync(string arguments, TimeSpan? within = null) => Control.TryRunAsync($"sudo {Kubectl} {arguments}", within);

    /// <summary>Applies manifests, YAML. <c>@tools@</c> in them stands for the image tests run. Where the server is too slow to answer it is asked again.</summary>
    public async Task ApplyAsync(string manifests)
    {
        // What begins with a brace is taken for JSON as a whole. To be validated, kubectl asks for all the server can do, which takes an emulated one half a minute.
        string command = $"sudo {Kubectl} apply --validate=false --filename=- <<'END'\n---\n{await WithToolsAsync(manifests)}\nEND";
        CommandResult applied = await Control.WaitForAsync("the manifests to be applied", () => Control.TryRunAsync(command), seen => seen.ExitCode == 0 || !s_slow.Any(seen.Error.Contains));
        if (applied.ExitCode != 0)
            throw new MachineException($"the manifests cannot be applied\n  wanted:  exit code 0 of kubectl apply\n  got:     {applied.ExitCode}: {applied.Error}\n  manifests:\n{manifests}");
    }

    // Unable to connect to the server: context deadline exceeded (Client.Timeout exceeded while awaiting headers)
    // Error from server (Timeout): error when creating "STDIN": Timeout: request did not complete within requested timeout 34s
    // Unable to connect to the server: net/http: TLS handshake timeout
    private static readonly string[] s_slow = ["Unable to connect to the server", "Error from server (Timeout)", "connection refused", "etcdserver: "];

    /// <summary>Stops giving a node new pods and moves those it has elsewhere.</summary>
    public Task DrainAsync(Machine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        return KubectlAsync($"drain {machine.Name} --ignore-daemonsets --force --grace-period=5 --timeout=600s", TimeSpan.FromMinutes(5));
    }

    /// <summary>Lets it have pods again.</summary>
    public Task UncordonAsync(Machine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        return KubectlAsync($"uncordon {machine.Name}");
    }

    /// <summary>Gives every node that has addresses for pods its bridge and its routes to the others.</summary>
    public async Task ConnectPodsAsync()
    {
        IList<V1Node> nodes = await Control.WaitForAsync("every node to have addresses for its pods", async () => (await Client.CoreV1.ListNodeAsync()).Items,
            seen => Machines.All(machine => seen.Any(node => node.Metadata.Name == machine.Name && node.Spec.PodCIDR is { Length: > 0 })));
        V1NodeSpec SpecOf(Machine machine) => nodes.First(node => node.Metadata.Name == machine.Name).Spec;
        string Of(Machine machine) => SpecOf(machine).PodCIDR;
        await Task.WhenAll(Machines.Select(machine => machine.JoinPodNetworkAsync(SpecOf(machine).PodCIDRs, Machines.Where(other => other != machine).Select(other => (Of(other), other.Address)))));
    }

    /// <summary>The control plane's clock.</summary>
    public async Task<DateTime> NowAsync() =>
        DateTimeOffset.FromUnixTimeMilliseconds(long.Parse((await Control.RunAsync("date +%s%3N")).Text, CultureInfo.InvariantCulture)).UtcDateTime;

    private static async Task<KubernetesCluster> ConnectAsync(Machine[] machines)
    {
        PortForward way = machines[0].Forward(6443);
        using var text = new MemoryStream(Encoding.UTF8.GetBytes(await machines[0].ReadFileAsync("/etc/kubernetes/admin.conf")));
        K8SConfiguration admin = await KubernetesYaml.LoadFromStreamAsync<K8SConfiguration>(text);
        KubernetesClientConfiguration config = KubernetesClientConfiguration.BuildConfigFromConfigObject(admin);
        config.Host = $"https://127.0.0.1:{way.Port}";
        config.HttpClientTimeout = TimeSpan.FromSeconds(60);
        return new KubernetesCluster(machines, way, new k8s.Kubernetes(config));
    }

    private async Task<string> WithToolsAsync(string manifests) =>
        manifests.Replace("@tools@", _tools ??= (await Control.RunAsync("sudo ctr --namespace=k8s.io images list --quiet | grep tools")).Lines[0], StringComparison.Ordinal);

    private string? _tools;

    // Its key is another in each age of Kubernetes. Taken away while the node becomes ready it was back once, most likely by whoever took away the one for
    // not being ready, and wrote all as it knew them: it is taken away until there is none of either kind.
    private Task<string[]> LetPodsOntoControlAsync() => Control.WaitForAsync("pods to be let onto the control plane", async () =>
    {
        V1Node? node = await AskAsync(() => NodeAsync(Control));
        string[] keys = node is null ? [NoAnswer] : [.. (node.Spec.Taints ?? []).Select(taint => taint.Key).Distinct()];
        foreach (string key in keys.Where(key => key.StartsWith("node-role.kubernetes.io/", StringComparison.Ordinal)))
            await TryKubectlAsync($"taint nodes {Control.Name} {key}-");
        return keys;
    }, keys => keys.Length == 0, TimeSpan.FromMinutes(3));

    // control:True worker:Unknown
    private Task<string> NodesAsync(string what, Func<string, bool> holds, TimeSpan? within) => Control.WaitForAsync(what, async () =>
    {
        V1NodeList? nodes = await AskAsync(() => Client.CoreV1.ListNodeAsync());
        return nodes is null ? NoAnswer : string.Join(' ', Machines.Select(machine => $"{machine.Name}:{nodes.Items.FirstOrDefault(node => node.Metadata.Name == machine.Name)?.Status.Conditions.FirstOrDefault(c => c.Type == "Ready")?.Status}"));
    }, holds, within);

    /// <summary>Asks the API in a wait: no answer yet, or one that it is not ready, is nothing.</summary>
    private static async Task<T?> AskAsync<T>(Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TaskCanceledException or WebSocketException or HttpOperationException { Response.StatusCode: >= System.Net.HttpStatusCode.InternalServerError or System.Net.HttpStatusCode.NotFound or System.Net.HttpStatusCode.Forbidden or System.Net.HttpStatusCode.Unauthorized })
        {
            return null;
        }
    }

    private static bool IsReady(V1Pod pod) => pod.Status.Conditions?.FirstOrDefault(c => c.Type == "Ready")?.Status == "True";
}
