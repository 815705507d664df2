using Flatcar.Tests.Guest;
using k8s;
using k8s.Models;

namespace Flatcar.Tests.Kubernetes;

/// <summary>What makes pods: deployments, jobs, daemon sets, stateful sets, and who may.</summary>
[Category("kubernetes")]
public sealed class WorkloadTests
{
    [MachineTest("kubeadm.deployment", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_deployment_keeps_its_count_and_rolls_over(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.ApplyAsync(Deployment("web", 2, "first"));
        IReadOnlyList<V1Pod> pods = await cluster.PodsReadyAsync("web", 2);
        await cluster.Client.CoreV1.DeleteNamespacedPodAsync(pods[0].Metadata.Name, "default");
        IReadOnlyList<V1Pod> again = await cluster.PodsReadyAsync("web", 2);
        Assert.That(again.Select(pod => pod.Metadata.Name), Does.Contain(pods[1].Metadata.Name).And.Not.Contain(pods[0].Metadata.Name));

        await cluster.ApplyAsync(Deployment("web", 2, "second"));
        await cluster.KubectlAsync("rollout status deployment/web --timeout=900s", TimeSpan.FromMinutes(10));
        foreach (V1Pod pod in await cluster.PodsReadyAsync("web", 2))
            Assert.That(await cluster.LogsAsync(pod.Metadata.Name), Is.EqualTo("second"));
        await cluster.KubectlAsync("rollout undo deployment/web && sudo /opt/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf rollout status deployment/web --timeout=900s", TimeSpan.FromMinutes(10));
        await cluster.KubectlAsync("scale deployment/web --replicas=1");
        V1Pod last = (await cluster.PodsReadyAsync("web", 1))[0];
        Assert.That(await cluster.LogsAsync(last.Metadata.Name), Is.EqualTo("first"));
    }

    [MachineTest("kubeadm.jobs", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_job_runs_until_enough_have_succeeded(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.ApplyAsync("""
            apiVersion: batch/v1
            kind: Job
            metadata: {name: counts}
            spec:
              completions: 3
              parallelism: 2
              backoffLimit: 2
              template:
                metadata: {labels: {app: counts}}
                spec: {restartPolicy: Never, containers: [{name: main, image: "@tools@", imagePullPolicy: Never, command: [sh, -c, "echo done"]}]}
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: {name: fails}
            spec:
              backoffLimit: 1
              template:
                metadata: {labels: {app: fails}}
                spec: {restartPolicy: Never, containers: [{name: main, image: "@tools@", imagePullPolicy: Never, command: [sh, -c, "exit 1"]}]}
            """);
        await control.WaitForAsync("three to have succeeded", async () => (await cluster.Client.BatchV1.ReadNamespacedJobAsync("counts", "default")).Status, seen => seen.Succeeded == 3 && seen.Conditions?.Any(c => c.Type == "Complete") == true, TimeSpan.FromMinutes(4));
        V1JobStatus failed = await control.WaitForAsync("the other to have been given up", async () => (await cluster.Client.BatchV1.ReadNamespacedJobAsync("fails", "default")).Status, seen => seen.Conditions?.Any(c => c.Type == "Failed") == true, TimeSpan.FromMinutes(4));
        Assert.That((failed.Succeeded ?? 0, failed.Conditions.First(c => c.Type == "Failed").Reason), Is.EqualTo((0, "BackoffLimitExceeded")));
    }

    [MachineTest("kubeadm.sets", Prepared = Clusters.ThreeNodes, Needs = [Feature.Kubernetes])]
    public async Task A_daemon_set_is_on_every_node_and_a_stateful_set_keeps_its_names(Machine control, Machine first, Machine second)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, first, second);
        await cluster.ApplyAsync($"""
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {Name("agent")}
            spec:
              selector: {Labels("agent")}
              template:
                metadata: {Labelled("agent")}
                spec:
                  tolerations: [{Tolerates}]
                  containers: {Containers("echo $NODE; exec sleep 86400", NodeName)}
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {Name("member")}
            spec:
              serviceName: member
              replicas: 2
              selector: {Labels("member")}
              template:
                metadata: {Labelled("member")}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: {Containers("hostname; exec sleep 86400", "")}
            """);
        IReadOnlyList<V1Pod> agents = await cluster.PodsReadyAsync("agent", 3);
        foreach (V1Pod agent in agents)
            Assert.That(await cluster.LogsAsync(agent.Metadata.Name), Is.EqualTo(agent.Spec.NodeName));
        Assert.That(agents.Select(agent => agent.Spec.NodeName), Is.EquivalentTo(new[] { "control", "first", "second" }));
        IReadOnlyList<V1Pod> members = await cluster.PodsReadyAsync("member", 2);
        Assert.That(members.Select(member => member.Metadata.Name), Is.EquivalentTo(new[] { "member-0", "member-1" }));
        string before = members.First(member => member.Metadata.Name == "member-0").Metadata.Uid;
        await cluster.Client.CoreV1.DeleteNamespacedPodAsync("member-0", "default");
        await control.WaitForAsync("another of that name", () => cluster.PodAsync("member-0"), pod => pod is not null && pod.Metadata.Uid != before);
        await cluster.PodReadyAsync("member-0");
        Assert.That(await cluster.LogsAsync("member-0"), Is.EqualTo("member-0"));
    }

    [MachineTest("kubeadm.config", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task A_pod_has_its_config_and_its_secrets(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.ApplyAsync($$"""
            {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {color: blue, file.txt: "two\nlines"} }
            ---
            {apiVersion: v1, kind: Secret, metadata: {name: hidden}, stringData: {word: sesame} }
            ---
            {{KubernetesCluster.Pod("reads", "sleep 86400", worker, """
                env: [{name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}, {name: WORD, valueFrom: {secretKeyRef: {name: hidden, key: word}}}]
                volumeMounts: [{name: settings, mountPath: /settings}, {name: hidden, mountPath: /hidden}]
                """, "volumes: [{name: settings, configMap: {name: settings}}, {name: hidden, secret: {secretName: hidden, defaultMode: 256}}]")}}
            """);
        await cluster.PodReadyAsync("reads");
        Assert.That(await cluster.ExecAsync("reads", "echo $COLOR $WORD; cat /settings/file.txt; echo; cat /hidden/word"), Is.EqualTo("blue sesame\ntwo\nlines\nsesame"));
        // A secret is never on a disk.
        Assert.That(await cluster.ExecAsync("reads", "grep ' /hidden ' /proc/mounts | cut -d' ' -f3"), Is.EqualTo("tmpfs"));
        Assert.That(await cluster.ExecAsync("reads", "stat -L -c %a /hidden/word"), Is.EqualTo("400"));
        await cluster.KubectlAsync("patch configmap settings --patch '{\"data\":{\"color\":\"green\"}}'");
        await control.WaitForAsync("the file to follow the map", () => cluster.ExecAsync("reads", "cat /settings/color"), seen => seen == "green", TimeSpan.FromMinutes(4));
        Assert.That(await cluster.ExecAsync("reads", "echo $COLOR"), Is.EqualTo("blue"), "the environment is from its start");
    }

    [MachineTest("kubeadm.rbac", Prepared = Clusters.TwoNodes, Needs = [Feature.Kubernetes])]
    public async Task Who_was_granted_nothing_may_do_nothing(Machine control, Machine worker)
    {
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(control, worker);
        await cluster.ApplyAsync($$"""
            {apiVersion: v1, kind: ServiceAccount, metadata: {name: reader} }
            ---
            {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: reads-pods}, rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]} ]}
            ---
            {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: reader}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reads-pods}, subjects: [{kind: ServiceAccount, name: reader, namespace: default} ]}
            ---
            {{KubernetesCluster.Pod("asks", "sleep 86400", worker, spec: "serviceAccountName: reader")}}
            """);
        await cluster.PodReadyAsync("asks");
        async Task<string> AskAsync(string path, string verb = "GET") => (await cluster.TryExecAsync("asks",
            $"curl --silent --cacert /var/run/secrets/kubernetes.io/serviceaccount/ca.crt --header \"Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)\" --request {verb} --output /dev/null --write-out '%{{http_code}}' https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT{path}")).Text;
        Assert.That(await AskAsync("/api/v1/namespaces/default/pods"), Is.EqualTo("200"));
        Assert.That(await AskAsync("/api/v1/namespaces/default/pods/asks", "DELETE"), Is.EqualTo("403"), "what it may read it may not take away");
        Assert.That(await AskAsync("/api/v1/namespaces/default/secrets"), Is.EqualTo("403"));
        Assert.That(await AskAsync("/api/v1/namespaces/kube-system/pods"), Is.EqualTo("403"), "nor read what is elsewhere");
        Assert.That((await cluster.KubectlAsync("auth can-i list pods --as=system:serviceaccount:default:reader; true")).Text, Is.EqualTo("yes"));
        // A node may not speak for another: its own credentials say who it is.
        CommandResult node = await worker.TryRunAsync("sudo /opt/bin/kubectl --kubeconfig=/etc/kubernetes/kubelet.conf label node control kola=mine");
        Assert.That(node.ExitCode, Is.EqualTo(1));
        Assert.That(node.Error, Does.Contain("forbidden").IgnoreCase);
    }

    private const string NodeName = "env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]";

    private const string Tolerates = "{operator: Exists}";

    internal static string Deployment(string name, int replicas, string word, string spec = "", string command = "exec sleep 86400") => $"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {Name(name)}
        spec:
          replicas: {replicas}
          selector: {Labels(name)}
          template:
            metadata: {Labelled(name)}
            spec:
              terminationGracePeriodSeconds: 1
              {spec}
              containers: {Containers($"echo {word}; {command}", "")}
        """;

    private static string Name(string name) => $"{{ name: {name} }}";

    private static string Labels(string name) => $"{{ matchLabels: {{ app: {name} }} }}";

    private static string Labelled(string name) => $"{{ labels: {{ app: {name} }} }}";

    private static string Containers(string command, string more) =>
        $"[{{ name: main, image: \"@tools@\", imagePullPolicy: Never, command: [sh, -c, {KubernetesCluster.Yaml(command)}]{(more.Length > 0 ? ", " + more : "")} }}]";
}
