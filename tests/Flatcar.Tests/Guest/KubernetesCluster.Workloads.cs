using System.Text;
using k8s;
using k8s.Models;

namespace Flatcar.Tests.Guest;

/// <content>Pods and what is made of them, in the namespace <c>default</c>.</content>
public sealed partial class KubernetesCluster
{
    private const string Default = "default";

    // What no patience helps against.
    private static readonly string[] s_hopeless = ["ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError", "RunContainerError", "CreateContainerError"];

    /// <summary>Starts a pod that sleeps, with a shell and the tools in it, and returns when it runs.</summary>
    /// <param name="name">Its name, and its label <c>app</c>.</param>
    /// <param name="on">The machine it is to run on; null leaves that to the scheduler.</param>
    /// <param name="command">What it runs. Default sleeps.</param>
    public async Task<V1Pod> StartPodAsync(string name, Machine? on = null, string command = "sleep 86400")
    {
        await ApplyAsync(Pod(name, command, on));
        return await PodReadyAsync(name);
    }

    /// <summary>Manifest of such a pod.</summary>
    /// <param name="name">Its name, and its label <c>app</c>.</param>
    /// <param name="command">A line of shell.</param>
    /// <param name="on">The machine it is to run on; null leaves that to the scheduler.</param>
    /// <param name="container">More lines of the container: <c>resources: {…}</c>. Default none.</param>
    /// <param name="spec">More lines of the pod's spec, likewise.</param>
    public static string Pod(string name, string command, Machine? on = null, string container = "", string spec = "") => $"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {name}
          labels:
            app: {name}
        spec:
          terminationGracePeriodSeconds: 1
          {(on is null ? "" : $"nodeName: {on.Name}")}
          {Indented(spec, 2)}
          containers:
          - name: main
            image: "@tools@"
            imagePullPolicy: Never
            command: [sh, -c, {Yaml(command)}]
            {Indented(container, 4)}
        """;

    private static string Indented(string lines, int by) => lines.Replace("\n", "\n" + new string(' ', by), StringComparison.Ordinal);

    /// <summary>Quotes a word for YAML.</summary>
    public static string Yaml(string word) => System.Text.Json.JsonSerializer.Serialize(word);

    /// <summary>A pod as it is now; null when there is none of that name, or no answer.</summary>
    public Task<V1Pod?> PodAsync(string name, string space = Default) => AskAsync(() => Client.CoreV1.ReadNamespacedPodAsync(name, space));

    /// <summary>Waits until a pod is ready.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="within">Default 2 minutes, times the platform's slowness.</param>
    public async Task<V1Pod> PodReadyAsync(string name, TimeSpan? within = null)
    {
        string last = await Control.WaitForAsync($"pod {name} to be ready", async () => Tell(await PodAsync(name)), seen => seen.EndsWith(" ready", StringComparison.Ordinal) || s_hopeless.Any(seen.Contains), within);
        if (!last.EndsWith(" ready", StringComparison.Ordinal))
            throw new MachineException($"pod {name} does not start\n  wanted:  a pod that is ready\n  got:     {last}");
        return await Client.CoreV1.ReadNamespacedPodAsync(name, Default);
    }

    /// <summary>Waits until a pod has a phase: <c>Succeeded</c>, <c>Failed</c>.</summary>
    public async Task<V1Pod> PodEndsAsync(string name, string phase, TimeSpan? within = null)
    {
        await Control.WaitForAsync($"pod {name} to have {phase}", async () => Tell(await PodAsync(name)), seen => seen.StartsWith(phase, StringComparison.Ordinal), within);
        return await Client.CoreV1.ReadNamespacedPodAsync(name, Default);
    }

    /// <summary>Waits until so many pods with a label <c>app</c>, none of them on its way out, are ready.</summary>
    public async Task<IReadOnlyList<V1Pod>> PodsReadyAsync(string app, int count, TimeSpan? within = null)
    {
        await Control.WaitForAsync($"{count} pods of {app} to be ready", async () => string.Join(", ", (await PodsOfAsync(app)).Select(Tell).Order(StringComparer.Ordinal)),
            seen => seen.Split(", ").Length == count && seen.Split(", ").All(pod => pod.EndsWith(" ready", StringComparison.Ordinal)), within ?? TimeSpan.FromMinutes(3));
        return await PodsOfAsync(app);
    }

    /// <summary>The pods with a label <c>app</c> that are not on their way out.</summary>
    public async Task<IReadOnlyList<V1Pod>> PodsOfAsync(string app) =>
        [.. (await AskAsync(() => Client.CoreV1.ListNamespacedPodAsync(Default, labelSelector: $"app={app}")))?.Items.Where(pod => pod.Metadata.DeletionTimestamp is null) ?? []];

    /// <summary>Waits until the API says that there is no pod of that name; silence does not.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="within">Default 2 minutes, times the platform's slowness.</param>
    public Task PodGoneAsync(string name, TimeSpan? within = null) => Control.WaitForAsync($"pod {name} to be gone", async () =>
    {
        V1PodList? found = await AskAsync(() => Client.CoreV1.ListNamespacedPodAsync(Default, fieldSelector: $"metadata.name={name}"));
        return found is null ? NoAnswer : string.Join(", ", found.Items.Select(Tell));
    }, seen => seen.Length == 0, within);

    /// <summary>Addresses of the ready pods behind a service, in order, with blanks between; empty for none, <c>no answer</c> where the API is silent or knows no such service.</summary>
    public async Task<string> AddressesOfAsync(string service)
    {
        // Endpoints, not EndpointSlices: those have had their v1 since 1.21 only.
        V1Endpoints? found = await AskAsync(() => Client.CoreV1.ReadNamespacedEndpointsAsync(service, Default));
        return found is null ? NoAnswer : string.Join(' ', (found.Subsets ?? []).SelectMany(subset => subset.Addresses ?? []).Select(address => address.Ip).Order(StringComparer.Ordinal));
    }

    /// <summary>Runs a line of shell in a pod. Its exit code is the first of the result.</summary>
    public async Task<(int ExitCode, string Text)> TryExecAsync(string pod, string command)
    {
        string text = "";
        int code = await Client.NamespacedPodExecAsync(pod, Default, container: null, ["sh", "-c", command], tty: false, async (_, output, error) =>
        {
            using var from = new StreamReader(output, Encoding.UTF8);
            using var wrong = new StreamReader(error, Encoding.UTF8);
            string[] said = await Task.WhenAll(from.ReadToEndAsync(), wrong.ReadToEndAsync());
            text = string.Concat(said).TrimEnd();
        }, CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(10), TimeProvider.System);
        return (code, text);
    }

    /// <summary>As <see cref="TryExecAsync"/>, and fails when its exit code is not 0.</summary>
    public async Task<string> ExecAsync(string pod, string command)
    {
        (int code, string text) = await TryExecAsync(pod, command);
        return code == 0 ? text : throw new MachineException($"pod {pod}: `{command}` ended with exit code {code}\n  wanted:  exit code 0\n  got:     {text}");
    }

    /// <summary>What a pod's container has written.</summary>
    public async Task<string> LogsAsync(string pod, bool previous = false)
    {
        await using Stream log = await Client.CoreV1.ReadNamespacedPodLogAsync(pod, Default, previous: previous);
        using var text = new StreamReader(log, Encoding.UTF8);
        return (await text.ReadToEndAsync()).TrimEnd();
    }

    // Running on worker restarted 1 ready
    // Pending on worker restarted 0 RunContainerError: executable file not found in $PATH
    // Pending on no node: 0/1 nodes are available: 1 node(s) had taint {node-role.kubernetes.io/master: }, that the pod didn't tolerate. restarted 0
    private static string Tell(V1Pod? pod) => pod?.Status is null ? "no pod"
        : $"{pod.Status.Phase} on {pod.Spec.NodeName ?? $"no node: {pod.Status.Conditions?.FirstOrDefault(c => c.Type == "PodScheduled")?.Message}"} restarted {pod.Status.ContainerStatuses?.Sum(c => c.RestartCount) ?? 0}{(pod.Status.Reason is { } why ? $" {why}" : "")}{string.Concat(pod.Status.ContainerStatuses?.Select(c => c.State?.Waiting).Where(w => w?.Reason is not (null or "ContainerCreating")).Select(w => $" {w!.Reason}: {w.Message}") ?? [])}{(IsReady(pod) ? " ready" : "")}";
}
