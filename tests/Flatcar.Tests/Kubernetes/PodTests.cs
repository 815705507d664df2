using System.Globalization;
using Flatcar.Tests.Guest;
using k8s.Models;

namespace Flatcar.Tests.Kubernetes;

/// <summary>Pods: what runs in them, what they may take, and who looks after them.</summary>
[Category("kubernetes")]
public sealed class PodTests
{
    [MachineTest("kubeadm.pod", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_pod_runs_is_entered_is_heard_and_is_gone(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.StartPodAsync("talks", worker, "echo from the start; exec sleep 86400");
        Assert.That(await cluster.LogsAsync("talks"), Is.EqualTo("from the start"));
        Assert.That(await cluster.ExecAsync("talks", "hostname; cat /proc/1/comm"), Is.EqualTo("talks\nsleep"));
        (int code, string text) = await cluster.TryExecAsync("talks", "echo wrong >&2; exit 3");
        Assert.That((code, text), Is.EqualTo((3, "wrong")));

        int pid = int.Parse((await worker.RunAsync("pgrep --full '^sleep 86400'")).Text, CultureInfo.InvariantCulture);
        await cluster.KubectlAsync("delete pod talks --timeout=300s", TimeSpan.FromMinutes(5));
        Assert.That((await worker.TryRunAsync($"test -d /proc/{pid}")).ExitCode, Is.EqualTo(1), "its process is gone with it");
    }

    [MachineTest("kubeadm.cgroups", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    [Tolerates("out-of-memory", because: "a container is driven over its limit on purpose")]
    public async Task Limits_of_a_pod_are_in_its_slice_and_bite(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        // One of the two drivers alone would put pods where the other does not look.
        Assert.That(await worker.ReadFileAsync("/var/lib/kubelet/config.yaml"), Does.Contain("cgroupDriver: systemd"));
        await cluster.ApplyAsync(KubernetesCluster.Pod("limited", "sleep 86400", worker, "resources: {limits: {memory: 48Mi, cpu: 200m}}"));
        V1Pod pod = await cluster.PodReadyAsync("limited");
        Assert.That(pod.Status.QosClass, Is.EqualTo("Guaranteed"));
        string slice = $"/sys/fs/cgroup/kubepods.slice/kubepods-pod{pod.Metadata.Uid.Replace('-', '_')}.slice";
        CommandResult limits = await worker.RunAsync($"cat {slice}/memory.max {slice}/cpu.max; cat {slice}/cri-containerd-*.scope/memory.max | sort -u");
        Assert.That(limits.Lines.Take(2), Is.EqualTo(new[] { $"{48 << 20}", "20000 100000" }));
        Assert.That(limits.Lines.Skip(2), Does.Contain($"{48 << 20}"), "and in the container's own scope, which systemd knows");
        Assert.That((await worker.RunAsync($"systemctl show --property=MemoryMax --value $(basename {slice})")).Text, Is.EqualTo($"{48 << 20}"));

        // It is throttled: a second of work in a fifth of a core takes five.
        await cluster.ExecAsync("limited", "timeout 5 sh -c 'while :; do :; done'; true");
        string throttled = (await worker.RunAsync($"grep nr_throttled {slice}/cpu.stat")).Text.Split(' ')[1];
        Assert.That(int.Parse(throttled, CultureInfo.InvariantCulture), Is.Positive);

        await cluster.ApplyAsync(KubernetesCluster.Pod("greedy", "head -c 128m /dev/zero | tail >/dev/null; exit 7", worker, "resources: {limits: {memory: 24Mi}}", "restartPolicy: Never"));
        V1Pod ended = await cluster.PodEndsAsync("greedy", "Failed");
        V1ContainerStateTerminated state = ended.Status.ContainerStatuses[0].State.Terminated;
        Assert.That((state.Reason, state.ExitCode), Is.EqualTo(("OOMKilled", 137)).Or.EqualTo(("OOMKilled", 7)).Or.EqualTo(("Error", 7)));
        Assert.That((await worker.RunAsync("journalctl --dmesg --grep 'Memory cgroup out of memory' --output cat")).Text, Does.Contain("tail"));
        Assert.That((await cluster.PodAsync("limited"))!.Status.ContainerStatuses[0].RestartCount, Is.Zero, "the other is left alone");
    }

    [MachineTest("kubeadm.requests", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_pod_that_fits_nowhere_waits_and_says_why(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.ApplyAsync(KubernetesCluster.Pod("huge", "sleep 86400", container: "resources: {requests: {memory: 64Gi}}"));
        V1PodCondition waits = (await cluster.Control.WaitForAsync("the scheduler to have said why", () => cluster.PodAsync("huge"), pod => pod?.Status.Conditions?.Any(c => c.Reason == "Unschedulable") == true))!.Status.Conditions.First(c => c.Reason == "Unschedulable");
        Assert.That(waits.Message, Does.Contain("Insufficient memory"));
        // Shares of the CPU go by what was asked for.
        await cluster.ApplyAsync(KubernetesCluster.Pod("asks", "sleep 86400", worker, "resources: {requests: {cpu: 100m}}"));
        V1Pod pod = await cluster.PodReadyAsync("asks");
        Assert.That(pod.Status.QosClass, Is.EqualTo("Burstable"));
        string slice = $"/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{pod.Metadata.Uid.Replace('-', '_')}.slice";
        int weight = int.Parse((await worker.RunAsync($"cat {slice}/cpu.weight")).Text, CultureInfo.InvariantCulture);
        Assert.That(weight, Is.InRange(2, 20), "less than the 39 of a whole CPU, by either of the two formulas there are");
    }

    [MachineTest("kubeadm.probes", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_pod_that_is_not_well_gets_no_traffic_and_then_starts_again(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.ApplyAsync($$"""
            {{KubernetesCluster.Pod("probed", "touch /tmp/ready /tmp/alive; exec sleep 86400", worker, """
                readinessProbe: {exec: {command: [test, -e, /tmp/ready]}, periodSeconds: 2, timeoutSeconds: 20}
                livenessProbe: {exec: {command: [test, -e, /tmp/alive]}, periodSeconds: 2, timeoutSeconds: 20, failureThreshold: 2}
                """)}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: probed}, spec: {selector: {app: probed}, ports: [{port: 80} ]} }
            """);
        V1Pod pod = await cluster.PodReadyAsync("probed");
        Task<string> AddressesAsync() => cluster.AddressesOfAsync("probed");
        await control.WaitForAsync("the service to have the pod", AddressesAsync, seen => seen == pod.Status.PodIP);
        await cluster.ExecAsync("probed", "rm /tmp/ready");
        await control.WaitForAsync("the service to have it no longer", AddressesAsync, seen => seen.Length == 0);
        Assert.That((await cluster.PodAsync("probed"))!.Status.ContainerStatuses[0].RestartCount, Is.Zero, "not to be ready is no reason to start again");

        await cluster.ExecAsync("probed", "rm /tmp/alive");
        await control.WaitForAsync("it to have started again", () => cluster.PodAsync("probed"), seen => seen?.Status.ContainerStatuses[0].RestartCount == 1);
        await control.WaitForAsync("the service to have the pod again", AddressesAsync, seen => seen == pod.Status.PodIP);
    }

    [MachineTest("kubeadm.restarts", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_container_that_ends_starts_again_where_it_should(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.ApplyAsync($"""
            {KubernetesCluster.Pod("always", "sleep 3; exit 1", worker)}
            ---
            {KubernetesCluster.Pod("never", "exit 4", worker, spec: "restartPolicy: Never")}
            ---
            {KubernetesCluster.Pod("starts", "cat /scratch/made", worker, "volumeMounts: [{name: work, mountPath: /scratch}]", """
                restartPolicy: OnFailure
                volumes: [{name: work, emptyDir: {} }]
                initContainers: [{name: before, image: "@tools@", imagePullPolicy: Never, command: [sh, -c, "echo before >/scratch/made"], volumeMounts: [{name: work, mountPath: /scratch}]}]
                """)}
            """);
        Assert.That((await cluster.PodEndsAsync("never", "Failed")).Status.ContainerStatuses[0].State.Terminated.ExitCode, Is.EqualTo(4));
        await cluster.PodEndsAsync("starts", "Succeeded");
        Assert.That(await cluster.LogsAsync("starts"), Is.EqualTo("before"), "what runs first has run to its end");
        await control.WaitForAsync("the other to have started again", () => cluster.PodAsync("always"), seen => seen?.Status.ContainerStatuses?[0].RestartCount >= 2, TimeSpan.FromMinutes(4));
    }
}
