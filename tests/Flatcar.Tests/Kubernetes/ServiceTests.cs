using System.Net.WebSockets;
using System.Text;
using Flatcar.Tests.Guest;
using k8s;
using k8s.Models;

namespace Flatcar.Tests.Kubernetes;

/// <summary>How pods reach one another, and others reach them.</summary>
[Category("kubernetes")]
public sealed class ServiceTests
{
    private const string Serves = "mkdir /www; hostname >/www/name; exec busybox httpd -f -p 8080 -h /www";

    [MachineTest("kubeadm.pod-network", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task Pods_of_two_nodes_reach_each_other_at_their_own_addresses(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        V1Pod near = await cluster.StartPodAsync("near", control);
        V1Pod far = await cluster.StartPodAsync("far", worker, "exec nc -ll -p 9000 -e sh -c 'netstat -tn | grep :9000'");
        Assert.That((near.Status.PodIP[..9], far.Status.PodIP[..9]), Is.EqualTo(("10.244.0.", "10.244.1.")));
        // No address is translated between pods: who listens sees who asked.
        string seen = await control.WaitForAsync("the far pod to answer the near one", async () => (await cluster.TryExecAsync("near", $"nc -w 20 {far.Status.PodIP} 9000 </dev/null")).Text, text => text.Contains(":9000", StringComparison.Ordinal));
        Assert.That(seen, Does.Contain(near.Status.PodIP));
        Assert.That(await cluster.ExecAsync("far", $"ping -c 2 -W 20 {near.Status.PodIP} >/dev/null && echo reached"), Is.EqualTo("reached"));
        Assert.That((await worker.RunAsync($"ping -c 1 -W 20 {near.Status.PodIP} >/dev/null && echo reached")).Text, Is.EqualTo("reached"), "a node reaches pods elsewhere");
    }

    [MachineTest("kubeadm.service", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_service_leads_to_its_pods_from_nodes_and_pods(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.ApplyAsync($$"""
            {{WorkloadTests.Deployment("web", 2, "serves", command: Serves)}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080} ]} }
            """);
        IReadOnlyList<V1Pod> pods = await cluster.PodsReadyAsync("web", 2);
        string address = (await cluster.Client.CoreV1.ReadNamespacedServiceAsync("web", "default")).Spec.ClusterIP;
        string ask = $"curl --silent --max-time 60 http://{address}/name";
        foreach (Machine machine in cluster.Machines)
            await machine.WaitForAsync("the service to answer", () => machine.TryRunAsync(ask), seen => pods.Any(pod => pod.Metadata.Name == seen.Text));
        await cluster.StartPodAsync("asks", worker);
        HashSet<string> answers = [];
        for (int i = 0; i < 16; i++)
            answers.Add(await cluster.ExecAsync("asks", ask));
        Assert.That(answers, Is.EquivalentTo(pods.Select(pod => pod.Metadata.Name)), "each takes its share");

        await cluster.KubectlAsync("delete deployment web");
        await control.WaitForAsync("the service to have no pod", () => cluster.AddressesOfAsync("web"), seen => seen.Length == 0);
        await worker.WaitForAsync("the service to refuse", () => worker.TryRunAsync(ask), seen => seen.ExitCode == 7);
    }

    [MachineTest("kubeadm.nodeport", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_node_port_is_open_on_every_node(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.ApplyAsync($$"""
            {{KubernetesCluster.Pod("web", Serves, worker)}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30080} ]} }
            """);
        await cluster.PodReadyAsync("web");
        foreach ((Machine from, Machine to) in new[] { (control, worker), (worker, control), (control, control) })
            await from.WaitForAsync($"the port of {to.Name} to answer", () => from.TryRunAsync($"curl --silent --max-time 60 http://{to.Address}:30080/name"), seen => seen.Text == "web");
    }

    [MachineTest("kubeadm.port-forward", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_port_of_a_pod_is_reached_through_the_api(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.StartPodAsync("web", worker, Serves);
        using WebSocket socket = await cluster.Client.WebSocketNamespacedPodPortForwardAsync("web", "default", [8080], "v4.channel.k8s.io");
        using var streams = new StreamDemuxer(socket, StreamType.PortForward);
        streams.Start();
        await using Stream port = streams.GetStream((byte?)0, (byte?)0);
        await port.WriteAsync(Encoding.ASCII.GetBytes("GET /name HTTP/1.0\r\n\r\n"));
        var answer = new StringBuilder();
        byte[] part = new byte[4096];
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (!answer.ToString().Contains("\r\n\r\nweb", StringComparison.Ordinal) && await port.ReadAsync(part, late.Token) is > 0 and var read)
            answer.Append(Encoding.ASCII.GetString(part, 0, read));
        Assert.That(answer.ToString(), Does.StartWith("HTTP/1.").And.Contain(" 200 ").And.Contain("\r\n\r\nweb"));
    }

    [MachineTest("kubeadm.host-port", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_host_port_is_the_pods_and_free_when_it_is_gone(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.ApplyAsync(KubernetesCluster.Pod("web", Serves, worker, "ports: [{containerPort: 8080, hostPort: 8888}]"));
        await cluster.PodReadyAsync("web");
        string ask = $"curl --silent --max-time 60 http://{worker.Address}:8888/name";
        await control.WaitForAsync("the host's port to answer", () => control.TryRunAsync(ask), seen => seen.Text == "web");
        // A pod on the host's own network has the host's name and addresses.
        await cluster.ApplyAsync(KubernetesCluster.Pod("host", "sleep 86400", worker, spec: "hostNetwork: true"));
        V1Pod host = await cluster.PodReadyAsync("host");
        Assert.That(host.Status.PodIP, Is.EqualTo(worker.Address));
        await cluster.KubectlAsync("delete pod web --timeout=300s", TimeSpan.FromMinutes(5));
        Assert.That((await control.TryRunAsync(ask)).ExitCode, Is.EqualTo(7), "refused");
    }

    [MachineTest("kubeadm.dns", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_service_has_a_name(Machine control, Machine worker, Lab lab)
    {
        KubernetesDistribution.Of(lab).SkipWithout("dns");
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.StartPodAsync("asks", worker);
        await control.WaitForAsync("the name to be known", () => cluster.TryExecAsync("asks", "nslookup kubernetes.default.svc.cluster.local"), seen => seen.ExitCode == 0 && seen.Text.Contains("10.96.0.1", StringComparison.Ordinal));
    }

    [MachineTest("kubeadm.dual-stack", Minutes = 20, Needs = [Feature.Kubernetes])]
    public async Task Pods_and_services_have_addresses_of_both_families([Spec(MemoryMiB = 2048, Cpus = 2)] Machine control, Lab lab)
    {
        KubernetesDistribution.Of(lab).SkipWithout("dual-stack");
        await KubernetesCluster.CreateDualStackAsync(lab, control);
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control);
        await cluster.ApplyAsync($$"""
            {{KubernetesCluster.Pod("web", Serves)}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ipFamilyPolicy: RequireDualStack, selector: {app: web}, ports: [{port: 80, targetPort: 8080} ]} }
            """);
        await cluster.PodReadyAsync("web");
        V1Pod asks = await cluster.StartPodAsync("asks");
        string[] families = ["10.244.", "fd00:10:244:"];
        Assert.That(asks.Status.PodIPs.Zip(families, (given, family) => given.Ip.StartsWith(family, StringComparison.Ordinal)), Is.EqualTo((bool[])[true, true]), string.Join(' ', asks.Status.PodIPs.Select(given => given.Ip)));
        string inside = await cluster.ExecAsync("asks", "ip -o addr show dev eth0 scope global");
        foreach (V1PodIP given in asks.Status.PodIPs)
            Assert.That(inside, Does.Contain($" {given.Ip}/"));

        IList<string> addresses = (await cluster.Client.CoreV1.ReadNamespacedServiceAsync("web", "default")).Spec.ClusterIPs;
        Assert.That(addresses, Has.Count.EqualTo(2));
        foreach (string address in addresses)
        {
            string ask = $"curl --silent --max-time 60 http://{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}/name";
            await control.WaitForAsync($"the service to answer the node at {address}", () => control.TryRunAsync(ask), seen => seen.Text == "web");
            await control.WaitForAsync($"the service to answer a pod at {address}", () => cluster.TryExecAsync("asks", ask), seen => seen.Text == "web");
        }
    }

    [MachineTest("kubeadm.network-policy", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_policy_keeps_others_out(Machine control, Machine worker, Lab lab)
    {
        KubernetesDistribution.Of(lab).SkipWithout("network-policy");
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        V1Pod web = await cluster.StartPodAsync("web", worker, Serves);
        await cluster.StartPodAsync("friend", control);
        await cluster.StartPodAsync("stranger", control);
        await cluster.ApplyAsync("""
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: friends}, spec: {podSelector: {matchLabels: {app: web} }, ingress: [{from: [{podSelector: {matchLabels: {app: friend} } } ]} ]} }
            """);
        string ask = $"curl --silent --max-time 20 http://{web.Status.PodIP}:8080/name";
        await control.WaitForAsync("the stranger to be kept out", () => cluster.TryExecAsync("stranger", ask), seen => seen.ExitCode == 28);
        Assert.That(await cluster.ExecAsync("friend", ask), Is.EqualTo("web"));
    }
}
