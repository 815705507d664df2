using Flatcar.Tests.Guest;
using k8s.Models;

namespace Flatcar.Tests.Kubernetes;

/// <summary>A node that runs out of something puts pods out, those first that took more than they asked for.</summary>
[Category("kubernetes")]
public sealed class PressureTests
{
    [MachineTest("kubeadm.eviction.memory", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task Under_memory_pressure_the_greedy_pod_goes_first(Machine control, Machine worker, Lab lab)
    {
        // The root of cgroups v2 has no memory.current, and 1.20 reads nothing else: its node always has all its memory. That 1.22 does not is what is known of its runc, and was not tried.
        KubernetesDistribution.Of(lab).SkipBefore(new Version(1, 22), "does not know how much memory of a node with cgroups v2 is used");
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        // The threshold comes to what is there, rather than the worker to the edge where the kernel would choose.
        int available = int.Parse((await worker.RunAsync("awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo")).Text, null);
        await SetEvictionAsync(worker, $"memory.available: {available - 120}Mi");
        await cluster.SettleAsync();
        await cluster.ApplyAsync($"""
            {KubernetesCluster.Pod("modest", "exec sleep 86400", worker, "resources: {requests: {memory: 16Mi}, limits: {memory: 16Mi}}")}
            ---
            {KubernetesCluster.Pod("greedy", "head -c 260m /dev/zero >/memory/much; exec sleep 86400", worker, "volumeMounts: [{name: memory, mountPath: /memory}]", "volumes: [{name: memory, emptyDir: {medium: Memory}}]")}
            """);
        V1Pod gone = await cluster.PodEndsAsync("greedy", "Failed", TimeSpan.FromMinutes(4));
        Assert.That(gone.Status.Reason, Is.EqualTo("Evicted"));
        Assert.That(gone.Status.Message, Does.Contain("memory"));
        Assert.That((await cluster.PodAsync("modest"))!.Status.Phase, Is.EqualTo("Running"));
        Assert.That((await worker.RunAsync("journalctl --dmesg --output cat --grep 'Out of memory: Killed' | wc -l")).Text, Is.EqualTo("0"), "the kernel had to kill nobody");
    }

    [MachineTest("kubeadm.eviction.disk", Prepared = Clusters.TwoNodes, Minutes = 15, Needs = [Feature.Kubernetes])]
    public async Task Under_disk_pressure_the_writing_pod_goes_and_none_comes(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        int free = int.Parse((await worker.RunAsync("df --block-size=1M --output=avail /var/lib/kubelet | tail -1")).Text.Trim(), null);
        await SetEvictionAsync(worker, $"nodefs.available: {free - 200}Mi");
        await cluster.SettleAsync();
        await cluster.ApplyAsync(KubernetesCluster.Pod("writes", "dd if=/dev/zero of=/scratch/much bs=1M count=400; exec sleep 86400", worker, "volumeMounts: [{name: work, mountPath: /scratch}]", "volumes: [{name: work, emptyDir: {}}]"));
        V1Pod gone = await cluster.PodEndsAsync("writes", "Failed", TimeSpan.FromMinutes(4));
        Assert.That(gone.Status.Reason, Is.EqualTo("Evicted"));
        await control.WaitForAsync("the node to say so", async () => (await cluster.NodeAsync(worker)).Spec.Taints?.Select(taint => taint.Key) ?? [], keys => keys.Contains("node.kubernetes.io/disk-pressure"));
        await cluster.ApplyAsync(KubernetesCluster.Pod("waits", "exec sleep 86400"));
        await control.WaitForAsync("the scheduler to place nothing there", () => cluster.PodAsync("waits"), pod => pod?.Status.Conditions?.Any(c => c.Reason == "Unschedulable") == true);
        // The room is back with the pod's volume; the node gets pods again when it has been well for a while.
        await control.WaitForAsync("the pressure to be over", async () => (await cluster.NodeAsync(worker)).Spec.Taints?.Select(taint => taint.Key) ?? [], keys => !keys.Contains("node.kubernetes.io/disk-pressure"), TimeSpan.FromMinutes(4));
        await cluster.PodReadyAsync("waits");
    }

    private static async Task SetEvictionAsync(Machine worker, string threshold)
    {
        string config = await worker.ReadFileAsync("/var/lib/kubelet/config.yaml");
        await worker.WriteFileAsync("/var/lib/kubelet/config.yaml", $"{config}\nevictionHard:\n  {threshold}\n");
        // By default five minutes. The room is back at once: it has to be long enough for a slow control plane to be asked meanwhile.
        await worker.SudoAsync("sed -i 's/^evictionPressureTransitionPeriod: .*/evictionPressureTransitionPeriod: 1m0s/' /var/lib/kubelet/config.yaml; systemctl restart kubelet.service");
    }
}
