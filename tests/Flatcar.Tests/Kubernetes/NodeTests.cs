using Flatcar.Tests.Guest;
using k8s;
using k8s.Models;

namespace Flatcar.Tests.Kubernetes;

/// <summary>The nodes themselves: what they say of themselves, and how soon a copy of a cluster is one that works.</summary>
[Category("kubernetes")]
public sealed class NodeTests
{
    [MachineTest("kubeadm.base", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task Both_nodes_are_ready_with_the_distributions_version(Machine control, Machine worker, Lab lab)
    {
        KubernetesDistribution distribution = KubernetesDistribution.Of(lab);
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        foreach (Machine machine in cluster.Machines)
        {
            V1Node node = await cluster.NodeAsync(machine);
            Assert.That(node.Status.NodeInfo.KubeletVersion, Is.EqualTo($"v{distribution.Kubernetes}"));
            Assert.That(node.Status.NodeInfo.ContainerRuntimeVersion, Does.StartWith("containerd://"));
            Assert.That(node.Status.Addresses.Single(address => address.Type == "InternalIP").Address, Is.EqualTo(machine.Address));
            Assert.That(node.Status.NodeInfo.BootID, Is.EqualTo((await machine.RunAsync("cat /proc/sys/kernel/random/boot_id")).Text));
            Assert.That(node.Status.Conditions.Where(c => c.Type != "Ready" && c.Status != "False").Select(c => c.Type), Is.Empty, "nothing presses");
        }

        Assert.That((await cluster.NodeAsync(control)).Spec.Taints?.Select(taint => taint.Effect), Does.Contain("NoSchedule"));
        Assert.That((await cluster.NodeAsync(worker)).Spec.Taints ?? [], Is.Empty);
    }

    [MachineTest("kubeadm.copies", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_cluster_goes_on_within_seconds_of_being_copied(Machine control, Machine worker)
    {
        // Leases, watches and certificates are from before the freeze, which may have been weeks ago.
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.SettleAsync(TimeSpan.FromSeconds(30));
        await cluster.StartPodAsync("new", on: null);
        Assert.That((await cluster.PodAsync("new"))!.Spec.NodeName, Is.EqualTo("worker"), "the scheduler hears of pods, and the worker of its own");
        DateTime[] clocks = [await cluster.NowAsync(), DateTimeOffset.FromUnixTimeSeconds(long.Parse((await worker.RunAsync("date +%s")).Text, null)).UtcDateTime];
        DateTime made = (await cluster.PodAsync("new"))!.Metadata.CreationTimestamp!.Value;
        Assert.That(clocks, Has.All.GreaterThanOrEqualTo(made.AddSeconds(-2)).And.All.LessThan(made.AddMinutes(30)), "all go by one clock");
        // A change of a node's is told to those who watch it.
        await cluster.KubectlAsync("label node worker kola=seen");
        CommandResult seen = await cluster.KubectlAsync("get nodes --selector=kola=seen --output=name");
        Assert.That(seen.Text, Is.EqualTo("node/worker"));
    }

    [MachineTest("kubeadm.control-plane", Minutes = 20, Needs = [Feature.Kubernetes])]
    public async Task A_control_plane_comes_up_alone_and_runs_a_pod([Spec(MemoryMiB = 2048, Cpus = 2)] Machine control, Lab lab)
    {
        await KubernetesCluster.CreateAsync(lab, control);
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control);
        V1Pod[] own = [.. (await cluster.Client.CoreV1.ListNamespacedPodAsync("kube-system")).Items];
        Assert.That(own.Select(pod => pod.Metadata.Name), Is.SupersetOf(new[] { "etcd-control", "kube-apiserver-control", "kube-controller-manager-control", "kube-scheduler-control" }));
        await cluster.StartPodAsync("first");
        Assert.That(await cluster.ExecAsync("first", "echo from inside"), Is.EqualTo("from inside"));
    }

    [MachineTest("kubeadm.rejoin", Prepared = Clusters.TwoNodes, Minutes = 15, Needs = [Feature.Kubernetes])]
    public async Task A_worker_that_was_reset_joins_again(Machine control, Machine worker, Lab lab)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        string before = (await cluster.NodeAsync(worker)).Metadata.Uid;
        await cluster.KubectlAsync("delete node worker");
        await worker.KubeadmAsync("reset --force");
        Assert.That((await worker.TryRunAsync("sudo test -e /etc/kubernetes/kubelet.conf")).ExitCode, Is.EqualTo(1));
        // kubeadm leaves the pods' network to whoever made it, and says so; its bridge keeps an address of the range the node had.
        await worker.SudoAsync("ip link delete cni0; rm /etc/cni/net.d/*");

        await worker.JoinClusterAsync(KubernetesDistribution.Of(lab), control);
        await cluster.ConnectPodsAsync();
        await cluster.SettleAsync();
        Assert.That((await cluster.NodeAsync(worker)).Metadata.Uid, Is.Not.EqualTo(before));
        await cluster.StartPodAsync("after", worker);
    }

    [MachineTest("kubeadm.join.refused", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_wrong_token_joins_nothing(Machine control, Machine worker, Lab lab)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        CommandResult refused = await worker.TryRunAsync($"sudo curl --silent --insecure --max-time 60 --header 'Authorization: Bearer abcdef.0123456789abcdef' https://{control.Address}:6443/api/v1/nodes");
        Assert.That(refused.Text, Does.Contain("Unauthorized"));
        // Who has no credentials may see that there is an API, and no more.
        Assert.That((await worker.RunAsync($"curl --silent --insecure --max-time 60 https://{control.Address}:6443/version")).Text, Does.Contain(KubernetesDistribution.Of(lab).Kubernetes));
        Assert.That((await worker.RunAsync($"curl --silent --insecure --max-time 60 https://{control.Address}:6443/api/v1/secrets")).Text, Does.Contain("Forbidden").And.Contain("system:anonymous"));
        Assert.That((await cluster.Client.CoreV1.ListNodeAsync()).Items, Has.Count.EqualTo(2));
    }
}
