using System.Net.WebSockets;
using Flatcar.Tests.Guest;
using k8s;
using k8s.Models;

namespace Flatcar.Tests.Kubernetes;

/// <summary>What a cluster promises to survive: restarts, power that is pulled, networks that fall apart, updates of the system below it.</summary>
[Category("kubernetes")]
public sealed class FaultTests
{
    // A node is given up after 40 s without a word, and its pods are moved when they have put up with that for a while.
    private const string Impatient = "tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 5}, {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 5}]";

    private const string Spread = "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}]";

    [MachineTest("kubeadm.reboot", Prepared = Clusters.TwoNodes, Minutes = 15, Needs = [Feature.Kubernetes])]
    public async Task A_worker_reboots_and_is_a_node_again(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.StartPodAsync("stays", worker);
        string boot = (await cluster.NodeAsync(worker)).Status.NodeInfo.BootID;
        await worker.RebootAsync();
        await control.WaitForAsync("the node to tell its new boot", async () => (await cluster.NodeAsync(worker)).Status.NodeInfo.BootID, seen => seen != boot, TimeSpan.FromMinutes(4));
        await cluster.SettleAsync(TimeSpan.FromMinutes(4));
        await control.WaitForAsync("its pod to have started again", () => cluster.PodAsync("stays"), pod => pod?.Status.ContainerStatuses?[0] is { RestartCount: > 0, Ready: true }, TimeSpan.FromMinutes(4));
        V1Pod near = await cluster.StartPodAsync("near", control);
        await control.WaitForAsync("the pods' network to be whole", () => cluster.TryExecAsync("stays", $"ping -c 1 -W 20 {near.Status.PodIP}"), seen => seen.ExitCode == 0);
    }

    [MachineTest("kubeadm.power", Prepared = Clusters.ThreeNodes, Minutes = 20, Needs = [Feature.Kubernetes])]
    public async Task Pods_of_a_node_that_lost_its_power_go_elsewhere(Machine control, Machine first, Machine second, Lab lab)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, first, second);
        // Up to 1.20, controllers that saw nodes join before their pods had a network, as in every bring-up, never give up a node (kubernetes/kubernetes#96876).
        if (KubernetesDistribution.Of(lab).IsBefore(new Version(1, 21)))
            await RestartControllersAsync(cluster);
        await cluster.ApplyAsync(WorkloadTests.Deployment("web", 2, "serves", Impatient + "\n      " + Spread));
        IReadOnlyList<V1Pod> before = await cluster.PodsReadyAsync("web", 2);
        V1Pod hit = before.First(pod => pod.Spec.NodeName == "second");
        // It stays away: its power comes back, and nobody hears of it.
        await lab.Network.PartitionAsync(second);
        await second.ResetAsync();
        await cluster.NodeAsync(second, ready: false, TimeSpan.FromMinutes(4));
        // The dead node's own pod cannot be seen to end: it is on its way out until the node says so.
        await control.WaitForAsync("another pod in its place", async () => (await cluster.PodsOfAsync("web")).Select(pod => $"{pod.Metadata.Name} {pod.Spec.NodeName} {pod.Status.ContainerStatuses?[0].Ready}").ToArray(), seen => seen.Count(pod => pod.EndsWith(" first True", StringComparison.Ordinal)) == 2, TimeSpan.FromMinutes(6));
        Assert.That((await cluster.PodAsync(hit.Metadata.Name))?.Metadata.DeletionTimestamp, Is.Not.Null);

        await lab.Network.HealAsync();
        await cluster.SettleAsync(TimeSpan.FromMinutes(6));
        await cluster.PodGoneAsync(hit.Metadata.Name, TimeSpan.FromMinutes(4));
        await second.WaitForAsync("nothing of it to run", () => second.TryRunAsync($"sudo ctr --namespace=k8s.io containers list | grep -c {hit.Metadata.Uid}"), seen => seen.Text == "0", TimeSpan.FromMinutes(4));
        Assert.That(await cluster.PodsReadyAsync("web", 2), Has.Count.EqualTo(2));
    }

    [MachineTest("kubeadm.kubelet", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task Pods_go_on_while_kubelet_starts_again(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.StartPodAsync("runs", worker);
        string pid = (await worker.RunAsync("pgrep --full '^sleep 86400'")).Text;
        await worker.SudoAsync("systemctl kill --signal=KILL kubelet.service");
        await worker.WaitForUnitAsync("kubelet.service");
        await cluster.SettleAsync();
        Assert.That((await worker.RunAsync("pgrep --full '^sleep 86400'")).Text, Is.EqualTo(pid));
        V1Pod pod = (await cluster.PodAsync("runs"))!;
        Assert.That(pod.Status.ContainerStatuses[0].RestartCount, Is.Zero);
        await IsEnteredAsync(cluster, "runs");
    }

    [MachineTest("kubeadm.containerd", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task Pods_go_on_while_containerd_starts_again(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.StartPodAsync("runs", worker);
        string pid = (await worker.RunAsync("pgrep --full '^sleep 86400'")).Text;
        int before = (await worker.UnitAsync("containerd.service")).MainPid;
        await worker.RunAsync($"sudo kill -KILL {before}");
        await worker.WaitForAsync("containerd to run again", () => worker.UnitAsync("containerd.service"), seen => seen.Sub == "running" && seen.MainPid != before);
        await cluster.SettleAsync();
        Assert.That((await worker.RunAsync("pgrep --full '^sleep 86400'")).Text, Is.EqualTo(pid));
        await IsEnteredAsync(cluster, "runs");
        await cluster.StartPodAsync("new", worker);
    }

    [MachineTest("kubeadm.control-plane.restart", Prepared = Clusters.TwoNodes, Minutes = 15, Needs = [Feature.Kubernetes])]
    public async Task Workers_go_on_without_the_control_plane_which_comes_back_with_all_it_knew(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.StartPodAsync("runs", worker, "i=0; while :; do i=$((i+1)); echo $i >/tmp/count; sleep 1; done");
        await cluster.KubectlAsync("create configmap remembers --from-literal=word=kept");
        await control.ResetAsync();
        await cluster.SettleAsync(TimeSpan.FromMinutes(6));
        Assert.That((await cluster.Client.CoreV1.ReadNamespacedConfigMapAsync("remembers", "default")).Data["word"], Is.EqualTo("kept"));
        V1Pod pod = (await cluster.PodAsync("runs"))!;
        Assert.That((pod.Status.Phase, pod.Status.ContainerStatuses[0].RestartCount), Is.EqualTo(("Running", 0)), "the worker's pod did not notice");
        await cluster.StartPodAsync("new");
        // A container of the control plane that is killed is started by its node, without anybody's word.
        string uid = (await cluster.PodAsync("kube-scheduler-control", "kube-system"))!.Metadata.Uid;
        await control.SudoAsync("pkill -KILL kube-scheduler");
        await control.WaitForAsync("the scheduler to run again", () => cluster.PodAsync("kube-scheduler-control", "kube-system"), seen => seen?.Status.ContainerStatuses[0] is { RestartCount: > 0, Ready: true }, TimeSpan.FromMinutes(4));
        Assert.That((await cluster.PodAsync("kube-scheduler-control", "kube-system"))!.Metadata.Uid, Is.EqualTo(uid));
        await cluster.StartPodAsync("newer");
    }

    [MachineTest("kubeadm.drain", Prepared = Clusters.ThreeNodes, Minutes = 15, Needs = [Feature.Kubernetes])]
    public async Task A_node_is_drained_into_the_others_and_takes_pods_again(Machine control, Machine first, Machine second)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, first, second);
        await cluster.ApplyAsync($$"""
            {{WorkloadTests.Deployment("web", 3, "serves")}}
            ---
            {apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 2, selector: {matchLabels: {app: web} } } }
            """.Replace("policy/v1beta1", await PolicyAsync(cluster), StringComparison.Ordinal));
        await cluster.PodsReadyAsync("web", 3);
        await cluster.DrainAsync(second);
        Assert.That((await cluster.NodeAsync(second)).Spec.Unschedulable, Is.True);
        IReadOnlyList<V1Pod> moved = await cluster.PodsReadyAsync("web", 3);
        Assert.That(moved.Select(pod => pod.Spec.NodeName), Has.All.EqualTo("first"));
        await cluster.UncordonAsync(second);
        await cluster.DrainAsync(first);
        Assert.That((await cluster.PodsReadyAsync("web", 3)).Select(pod => pod.Spec.NodeName), Has.All.EqualTo("second"));
    }

    [MachineTest("kubeadm.partition", Prepared = Clusters.ThreeNodes, Minutes = 20, Needs = [Feature.Kubernetes, Feature.LinkFaults])]
    public async Task A_worker_that_is_cut_off_keeps_its_pods_until_it_is_heard_again(Machine control, Machine first, Machine second, Lab lab)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, first, second);
        await cluster.ApplyAsync(KubernetesCluster.Pod("patient", "sleep 86400", second));
        await cluster.PodReadyAsync("patient");
        string pid = (await second.RunAsync("pgrep --full '^sleep 86400'")).Text;
        await lab.Network.PartitionAsync(second);
        await cluster.NodeAsync(second, ready: false, TimeSpan.FromMinutes(4));
        await control.WaitForAsync("the node to be tainted", async () => (await cluster.NodeAsync(second)).Spec.Taints?.Select(taint => taint.Key) ?? [], keys => keys.Contains("node.kubernetes.io/unreachable"));
        // The rest of the cluster works, and what is cut off goes on by itself.
        await cluster.StartPodAsync("elsewhere", first);
        Assert.That((await second.RunAsync("pgrep --full '^sleep 86400'")).Text, Is.EqualTo(pid));
        await lab.Network.HealAsync();
        await cluster.SettleAsync(TimeSpan.FromMinutes(4));
        await control.WaitForAsync("the taint to be gone", async () => (await cluster.NodeAsync(second)).Spec.Taints ?? [], taints => taints.Count == 0);
        Assert.That((await cluster.PodAsync("patient"))!.Status.ContainerStatuses[0].RestartCount, Is.Zero);
        Assert.That((await second.RunAsync("pgrep --full '^sleep 86400'")).Text, Is.EqualTo(pid), "it put up with that, for less than five minutes");
    }

    [MachineTest("kubeadm.update", Prepared = Clusters.ThreeNodes, Minutes = 30, Needs = [Feature.Kubernetes, Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer])]
    public async Task A_worker_is_updated_under_a_running_cluster(Machine control, Machine first, Machine second, Lab lab)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, first, second);
        await cluster.ApplyAsync(WorkloadTests.Deployment("web", 2, "serves"));
        await cluster.PodsReadyAsync("web", 2);
        string before = await second.VersionIdAsync();
        lab.Updates.Offer(lab.Payloads.All[0].AsOffer());
        await second.ReadyForUpdatesAsync(lab);
        await second.UpdateAsync(lab);
        Assert.That(await cluster.PodsReadyAsync("web", 2), Has.Count.EqualTo(2), "an update that is installed disturbs nobody");

        await cluster.DrainAsync(second);
        await second.RebootAsync(TimeSpan.FromMinutes(8));
        Assert.That(await second.UsrSlotAsync(), Is.EqualTo(UsrSlot.B));
        await cluster.SettleAsync(TimeSpan.FromMinutes(6));
        await cluster.UncordonAsync(second);
        Assert.That(await second.VersionIdAsync(), Is.EqualTo(lab.Payloads.All[0].Version).And.Not.EqualTo(before));
        string name = (await second.OsReleaseAsync())["PRETTY_NAME"];
        await control.WaitForAsync("the node to tell its new system", async () => (await cluster.NodeAsync(second)).Status.NodeInfo.OsImage, seen => seen == name, TimeSpan.FromMinutes(4));
        await cluster.StartPodAsync("after", second);
        Assert.That((await cluster.PodsReadyAsync("web", 2)).Select(pod => pod.Spec.NodeName), Has.All.EqualTo("first"));
    }

    // A kubelet that has just started does not know its pods yet, and says that there is none.
    private static Task<string> IsEnteredAsync(KubernetesCluster cluster, string pod) => cluster.Control.WaitForAsync($"pod {pod} to be entered", async () =>
    {
        try
        {
            return (await cluster.TryExecAsync(pod, "echo entered")).Text;
        }
        catch (WebSocketException fault)
        {
            return fault.Message;
        }
    }, seen => seen == "entered");

    // policy/v1 is there since Kubernetes 1.21, and the other not since 1.25.
    private static async Task<string> PolicyAsync(KubernetesCluster cluster) =>
        (await cluster.KubectlAsync("api-versions")).Lines.Contains("policy/v1") ? "policy/v1" : "policy/v1beta1";

    private static async Task RestartControllersAsync(KubernetesCluster cluster)
    {
        async Task<int?> StartsAsync() => (await cluster.PodAsync($"kube-controller-manager-{cluster.Control.Name}", "kube-system"))?.Status.ContainerStatuses?[0].RestartCount;
        int? before = await StartsAsync();
        await cluster.Control.SudoAsync("pkill --signal KILL kube-controller");
        await cluster.Control.WaitForAsync("the controller manager to have started again", StartsAsync, seen => seen > before, TimeSpan.FromMinutes(4));
    }
}
