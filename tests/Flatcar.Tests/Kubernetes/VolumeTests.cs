using Flatcar.Tests.Guest;
using k8s;
using k8s.Models;

namespace Flatcar.Tests.Kubernetes;

/// <summary>Where pods keep what they write.</summary>
[Category("kubernetes")]
public sealed class VolumeTests
{
    [MachineTest("kubeadm.volumes", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_volume_lasts_as_long_as_its_kind(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        const string Mounts = "volumeMounts: [{name: host, mountPath: /host}, {name: pod, mountPath: /pod}, {name: memory, mountPath: /memory}]";
        const string Volumes = "volumes: [{name: host, hostPath: {path: /var/lib/kept, type: DirectoryOrCreate}}, {name: pod, emptyDir: {}}, {name: memory, emptyDir: {medium: Memory, sizeLimit: 8Mi}}]";
        await cluster.ApplyAsync(KubernetesCluster.Pod("writes", "exec sleep 86400", worker, Mounts, Volumes));
        V1Pod first = await cluster.PodReadyAsync("writes");
        await cluster.ExecAsync("writes", "for place in host pod memory; do echo first >/$place/file; done");
        Assert.That((await worker.RunAsync("cat /var/lib/kept/file")).Text, Is.EqualTo("first"));
        Assert.That(await cluster.ExecAsync("writes", "grep ' /memory ' /proc/mounts | cut -d' ' -f3"), Is.EqualTo("tmpfs"));
        string directory = $"/var/lib/kubelet/pods/{first.Metadata.Uid}";
        Assert.That((await worker.RunAsync($"sudo cat {directory}/volumes/kubernetes.io~empty-dir/pod/file")).Text, Is.EqualTo("first"));

        // The container starts again, the pod is the same.
        await cluster.TryExecAsync("writes", "kill -9 -1; kill -9 1");
        await worker.RunAsync("sudo pkill -KILL --full '^sleep 86400'; true");
        await control.WaitForAsync("the container to have started again", () => cluster.PodAsync("writes"), pod => pod?.Status.ContainerStatuses[0] is { RestartCount: > 0, Ready: true });
        Assert.That(await cluster.ExecAsync("writes", "cat /pod/file /memory/file"), Is.EqualTo("first\nfirst"));

        await cluster.KubectlAsync("delete pod writes --timeout=300s", TimeSpan.FromMinutes(5));
        await worker.WaitForAsync("its directory to be gone", () => worker.TryRunAsync($"sudo test -e {directory}"), seen => seen.ExitCode == 1);
        await cluster.ApplyAsync(KubernetesCluster.Pod("writes", "exec sleep 86400", worker, Mounts, Volumes));
        await cluster.PodReadyAsync("writes");
        Assert.That(await cluster.ExecAsync("writes", "cat /host/file; ls /pod /memory"), Is.EqualTo("first\n/memory:\n\n/pod:"), "only the host's is kept");
    }

    [MachineTest("kubeadm.volumes.local", Prepared = Clusters.ThreeNodes, Needs = [Feature.Kubernetes])]
    public async Task A_local_volume_draws_its_pod_to_its_node(Machine control, Machine first, Machine second)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, first, second);
        await second.SudoAsync("mkdir -p /var/lib/disk");
        await cluster.ApplyAsync($$"""
            {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: local}, provisioner: kubernetes.io/no-provisioner, volumeBindingMode: WaitForFirstConsumer}
            ---
            apiVersion: v1
            kind: PersistentVolume
            metadata: {name: disk}
            spec:
              capacity: {storage: 1Gi}
              accessModes: [ReadWriteOnce]
              storageClassName: local
              persistentVolumeReclaimPolicy: Retain
              local: {path: /var/lib/disk}
              nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [second]} ]} ]} }
            ---
            {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: claim}, spec: {accessModes: [ReadWriteOnce], storageClassName: local, resources: {requests: {storage: 1Gi} } } }
            ---
            {{KubernetesCluster.Pod("claims", "echo kept >/data/file; exec sleep 86400", container: "volumeMounts: [{name: data, mountPath: /data}]", spec: "volumes: [{name: data, persistentVolumeClaim: {claimName: claim}}]")}}
            """);
        V1Pod pod = await cluster.PodReadyAsync("claims");
        Assert.That(pod.Spec.NodeName, Is.EqualTo("second"));
        Assert.That((await second.RunAsync("cat /var/lib/disk/file")).Text, Is.EqualTo("kept"));
        Assert.That((await cluster.Client.CoreV1.ReadNamespacedPersistentVolumeClaimAsync("claim", "default")).Status.Phase, Is.EqualTo("Bound"));
        await cluster.KubectlAsync("delete pod claims --timeout=300s && sudo /opt/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf delete pvc claim --timeout=300s", TimeSpan.FromMinutes(10));
        await control.WaitForAsync("the volume to be released", async () => (await cluster.Client.CoreV1.ReadPersistentVolumeAsync("disk")).Status.Phase, seen => seen == "Released");
        Assert.That((await second.RunAsync("cat /var/lib/disk/file")).Text, Is.EqualTo("kept"), "what is to be retained is");
    }

    [MachineTest("kubeadm.volumes.nfs", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task An_nfs_volume_is_one_for_pods_of_all_nodes(Machine control, Machine worker)
    {
        if ((await control.TryRunAsync("command -v exportfs || test -x /usr/sbin/exportfs")).ExitCode != 0)
            Lab.Skip("the image has no NFS server", "Run it on an image with nfs-kernel-server.");
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await control.SudoAsync("mkdir -p /var/lib/shared && chmod 1777 /var/lib/shared && echo '/var/lib/shared *(rw,fsid=0,no_subtree_check,no_root_squash)' >/etc/exports && systemctl start nfs-server.service && exportfs -ra");
        string volume = $"volumes: [{{name: data, nfs: {{server: {control.Address}, path: /}}}}]";
        await cluster.ApplyAsync(KubernetesCluster.Pod("writes", "exec sleep 86400", worker, "volumeMounts: [{name: data, mountPath: /data}]", volume));
        await cluster.ApplyAsync(KubernetesCluster.Pod("reads", "exec sleep 86400", control, "volumeMounts: [{name: data, mountPath: /data}]", volume));
        await cluster.PodReadyAsync("writes");
        await cluster.PodReadyAsync("reads");
        await cluster.ExecAsync("writes", "echo shared >/data/file");
        Assert.That(await cluster.ExecAsync("reads", "cat /data/file"), Is.EqualTo("shared"));
        Assert.That((await control.RunAsync("cat /var/lib/shared/file")).Text, Is.EqualTo("shared"));
        Assert.That(await cluster.ExecAsync("writes", "grep ' /data ' /proc/mounts | cut -d' ' -f3"), Does.StartWith("nfs"));
        await cluster.KubectlAsync("delete pod writes reads --timeout=300s", TimeSpan.FromMinutes(5));
        await worker.WaitForAsync("it to be unmounted", () => worker.TryRunAsync("grep ' nfs' /proc/mounts"), seen => seen.ExitCode == 1);
    }
}
