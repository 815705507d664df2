using System.Formats.Tar;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flatcar.Tests.Guest;

/// <summary>A machine as a node of a cluster: what a distribution puts on it, and what kubeadm is told. Its node's name is its role.</summary>
public static class KubernetesNode
{
    // /usr is read-only, and PATH of root ends before it.
    private const string Programs = "/opt/bin";

    // Where upstream has them; a distribution's containerd may look elsewhere.
    private const string PlugIns = "/opt/cni/bin";

    // Upstream's default lies below /usr, which nothing can write.
    private const string VolumePlugins = "/var/lib/kubelet/volumeplugins";

    extension(Machine machine)
    {
        /// <summary>Puts Kubernetes on a machine: programs, plug-ins, images of a node, containerd with the systemd cgroup driver, kubelet as a service that waits for its config.</summary>
        /// <param name="distribution">What is put there.</param>
        /// <param name="controls">Whether it gets the control plane's images, too.</param>
        public async Task InstallKubernetesAsync(KubernetesDistribution distribution, bool controls)
        {
            await machine.PutProgramsAsync(distribution);
            await machine.WriteFileAsync("/etc/modules-load.d/kubernetes.conf", "overlay\nbr_netfilter\n");
            await machine.WriteFileAsync("/etc/sysctl.d/90-kubernetes.conf", """
                net.ipv4.ip_forward = 1
                net.ipv6.conf.default.forwarding = 1
                net.ipv6.conf.all.forwarding = 1
                net.bridge.bridge-nf-call-iptables = 1
                net.bridge.bridge-nf-call-ip6tables = 1
                """);
            await machine.WriteFileAsync("/etc/systemd/system/kubelet.service", $$"""
                [Unit]
                Description=kubelet
                Wants=network-online.target containerd.service
                After=network-online.target containerd.service
                ConditionPathExists=/var/lib/kubelet/config.yaml

                [Service]
                Environment=PATH={{Programs}}:/usr/sbin:/usr/bin:/sbin:/bin
                EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
                ExecStart={{Programs}}/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS
                Restart=always
                RestartSec=5

                [Install]
                WantedBy=multi-user.target
                """);
            await machine.WriteFileAsync("/etc/systemd/system/containerd.service.d/10-kubernetes.conf", "[Service]\nEnvironment=CONTAINERD_CONFIG=/etc/containerd/config.toml\n");
            await machine.WriteFileAsync("/etc/containerd/config.toml", await ContainerdConfigAsync(machine, distribution));
            await machine.SudoAsync("modprobe -a overlay br_netfilter && sysctl --quiet --system && systemctl daemon-reload && systemctl enable --quiet containerd.service kubelet.service && systemctl restart containerd.service");
            foreach (string file in distribution.Files("images").Where(file => controls || !Path.GetFileName(file).StartsWith("kube-", StringComparison.Ordinal) && !Path.GetFileName(file).StartsWith("etcd", StringComparison.Ordinal) || Path.GetFileName(file).StartsWith("kube-proxy", StringComparison.Ordinal)))
            {
                await using FileStream image = File.OpenRead(file);
                await machine.UploadAsync("/var/tmp/image.tar", image);
                await machine.SudoAsync("ctr --namespace=k8s.io images import --no-unpack=false /var/tmp/image.tar && rm /var/tmp/image.tar", TimeSpan.FromMinutes(5));
            }
        }

        /// <summary>Runs kubeadm as root.</summary>
        public Task<CommandResult> KubeadmAsync(string arguments, TimeSpan? within = null) =>
            machine.SudoAsync($"PATH={Programs}:$PATH kubeadm {arguments}", within ?? TimeSpan.FromMinutes(10));

        /// <summary>Makes it the control plane of a new cluster.</summary>
        public async Task InitClusterAsync(KubernetesDistribution distribution, ClusterNetwork network)
        {
            await machine.WriteFileAsync("/etc/kubernetes/kola-init.yaml", InitConfig(distribution, machine.Name, machine.Address, network), "0600");
            await machine.KubeadmAsync($"init --config=/etc/kubernetes/kola-init.yaml{List(" --skip-phases=", distribution.SkipPhases)}{List(" --ignore-preflight-errors=", distribution.IgnorePreflightErrors)}");
        }

        /// <summary>Makes it a worker of a control plane's cluster.</summary>
        public async Task JoinClusterAsync(KubernetesDistribution distribution, Machine control)
        {
            // kubeadm join 198.18.0.1:6443 --token nkkzsd.g20gwjjxjpy2v4yc --discovery-token-ca-cert-hash sha256:6c6b…
            string[] words = (await control.KubeadmAsync("token create --ttl=1h --print-join-command 2>/dev/null")).Lines[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string After(string option) => words[Array.IndexOf(words, option) + 1];
            var discovery = new { bootstrapToken = new { apiServerEndpoint = words[2], token = After("--token"), caCertHashes = new[] { After("--discovery-token-ca-cert-hash") } } };
            await machine.WriteFileAsync("/etc/kubernetes/kola-join.yaml", Documents(new { apiVersion = distribution.KubeadmApi, kind = "JoinConfiguration", discovery, nodeRegistration = Registration(distribution, machine) }), "0600");
            await machine.KubeadmAsync($"join --config=/etc/kubernetes/kola-join.yaml{List(" --ignore-preflight-errors=", distribution.IgnorePreflightErrors)}");
        }

        /// <summary>Gives its pods a network: a bridge with the node's own addresses, and routes to those of the other nodes.</summary>
        /// <param name="podNetworks">The node's own, one for each family, as the cluster gave them: <c>10.244.1.0/24</c>.</param>
        /// <param name="others">The other nodes: their pods' network and their address, of one family.</param>
        public async Task JoinPodNetworkAsync(IEnumerable<string> podNetworks, IEnumerable<(string PodNetwork, string Address)> others)
        {
            ArgumentNullException.ThrowIfNull(podNetworks);
            ArgumentNullException.ThrowIfNull(others);
            string[] own = [.. podNetworks];
            string routes = string.Concat(others.Select(other => $"[Route]\nDestination={other.PodNetwork}\nGateway={other.Address}\n\n"));
            // Beside the harness's own file for the segment, so that it outlives a restart.
            await machine.SudoAsync("""
                for file in /etc/systemd/network/10-kola-private.network; do mkdir -p $file.d; done
                """);
            await machine.WriteFileAsync("/etc/systemd/network/10-kola-private.network.d/pods.conf", routes);
            await machine.SudoAsync("networkctl reload");
            await machine.WriteFileAsync("/etc/cni/net.d/10-kola.conflist", JsonSerializer.Serialize(new
            {
                cniVersion = "0.3.1",
                name = "pods",
                plugins = new object[]
                {
                    new { type = "bridge", bridge = "cni0", isGateway = true, ipMasq = false, hairpinMode = true, ipam = new { type = "host-local", ranges = own.Select(network => new[] { new { subnet = network } }), routes = own.Select(network => new { dst = network.Contains(':', StringComparison.Ordinal) ? "::/0" : "0.0.0.0/0" }) } },
                    new { type = "portmap", capabilities = new { portMappings = true } },
                },
            }));
        }

        // As one archive: a command costs an emulated machine a second, and there are twenty plug-ins.
        private async Task PutProgramsAsync(KubernetesDistribution distribution)
        {
            await using var archive = new FileStream(Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
            await using (var tar = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
            {
                foreach ((string folder, string place) in new[] { ("bin", Programs), ("cni", PlugIns) })
                {
                    foreach (string file in distribution.Files(folder))
                    {
                        await using FileStream content = File.OpenRead(file);
                        const UnixFileMode Runs = (UnixFileMode)0b111_101_101;
                        await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, $"{place[1..]}/{Path.GetFileName(file)}") { DataStream = content, Mode = Runs });
                    }
                }
            }

            archive.Position = 0;
            await machine.UploadAsync("/var/tmp/kubernetes.tar", archive);
            await machine.SudoAsync("tar --extract --file=/var/tmp/kubernetes.tar --directory=/ --no-same-owner && rm /var/tmp/kubernetes.tar");
        }
    }

    private static async Task<string> ContainerdConfigAsync(Machine machine, KubernetesDistribution distribution)
    {
        // containerd github.com/containerd/containerd/v2 2.0.5 fb4c30d4ede3531652d86197bf3fc9515e5276d9
        string version = (await machine.RunAsync("containerd --version")).Text.Split(' ').First(word => char.IsDigit(word.TrimStart('v')[0])).TrimStart('v');
        int major = int.Parse(version.Split('.')[0], CultureInfo.InvariantCulture);
        string speaks = major >= 2 ? "v1" : "v1alpha2";
        if (!distribution.Cri.Contains("v1") && !distribution.Cri.Contains(speaks))
            Lab.Skip($"{distribution.Name} speaks CRI {string.Join(", ", distribution.Cri)}, and containerd {version} does not", "Give the run a newer Kubernetes distribution: --kubernetes DIR.");
        return major >= 2
            ? $"""
                version = 3
                [plugins."io.containerd.cri.v1.images".pinned_images]
                sandbox = "{distribution.Images["pause"]}"
                [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
                runtime_type = "io.containerd.runc.v2"
                [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
                SystemdCgroup = true
                [plugins."io.containerd.cri.v1.runtime".cni]
                bin_dir = "{PlugIns}"
                """
            : $"""
                version = 2
                [plugins."io.containerd.grpc.v1.cri"]
                sandbox_image = "{distribution.Images["pause"]}"
                [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
                runtime_type = "io.containerd.runc.v2"
                [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
                SystemdCgroup = true
                [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "{PlugIns}"
                """;
    }

    /// <summary>What kubeadm is told of a new cluster, as YAML documents.</summary>
    /// <param name="distribution">Knows which API that has to be written for.</param>
    /// <param name="name">Of its first node.</param>
    /// <param name="address">Of that node, by which others reach it.</param>
    /// <param name="network">Addresses of pods and services.</param>
    public static string InitConfig(KubernetesDistribution distribution, string name, string address, ClusterNetwork network)
    {
        ArgumentNullException.ThrowIfNull(distribution);
        ArgumentNullException.ThrowIfNull(network);
        bool beta4 = IsBeta4(distribution);
        // A gate until it was for everybody, and no word any more of later versions.
        bool? dualStack = network.IsDualStack && distribution.IsBefore(new Version(1, 23)) ? true : null;
        object? gates = dualStack is null ? null : new { IPv6DualStack = dualStack };
        // A handshake with RSA takes an emulated server so long that clients give up and come again: the slower, the more of them, and its own are among them, without which it ends itself.
        bool? ecdsa = beta4 || distribution.IsBefore(new Version(1, 19)) ? null : true;
        // Everything waits longer where all is emulated; there is one of each, and nobody to lead.
        return Documents(
            new
            {
                apiVersion = distribution.KubeadmApi,
                kind = "InitConfiguration",
                localAPIEndpoint = new { advertiseAddress = address },
                nodeRegistration = Registration(distribution, name, address),
                timeouts = beta4 ? new { controlPlaneComponentHealthCheck = "15m0s" } : null,
            },
            new
            {
                apiVersion = distribution.KubeadmApi,
                kind = "ClusterConfiguration",
                kubernetesVersion = $"v{distribution.Kubernetes}",
                imageRepository = distribution.ImageRepository,
                networking = new { podSubnet = network.Pods, serviceSubnet = network.Services },
                featureGates = dualStack is null && ecdsa is null ? null : new { IPv6DualStack = dualStack, PublicKeysECDSA = ecdsa },
                encryptionAlgorithm = beta4 ? "ECDSA-P256" : null,
                apiServer = beta4 ? (object)new { certSANs = s_names } : new { certSANs = s_names, timeoutForControlPlane = "15m0s" },
                controllerManager = new { extraArgs = Arguments(distribution, ("leader-elect", "false"), ("flex-volume-plugin-dir", VolumePlugins)) },
                scheduler = new { extraArgs = Arguments(distribution, ("leader-elect", "false")) },
                etcd = new { local = new { dataDir = "/var/lib/etcd", extraArgs = Arguments(distribution, ("heartbeat-interval", "500"), ("election-timeout", "5000")) } },
            },
            new { apiVersion = "kubelet.config.k8s.io/v1beta1", kind = "KubeletConfiguration", cgroupDriver = "systemd", volumePluginDir = VolumePlugins, featureGates = gates },
            new { apiVersion = "kubeproxy.config.k8s.io/v1alpha1", kind = "KubeProxyConfiguration", mode = "iptables", featureGates = gates });
    }

    // Its clients come over a port of their own host.
    private static readonly string[] s_names = ["127.0.0.1"];

    private static readonly JsonSerializerOptions s_json = new() { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    private static object Registration(KubernetesDistribution distribution, Machine machine) => Registration(distribution, machine.Name, machine.Address);

    private static object Registration(KubernetesDistribution distribution, string name, string address) =>
        new { name, criSocket = distribution.CriSocket, kubeletExtraArgs = Arguments(distribution, ("node-ip", address)) };

    // v1beta4 has lists where others have maps.
    private static JsonNode Arguments(KubernetesDistribution distribution, params (string Name, string Value)[] arguments) => IsBeta4(distribution)
        ? new JsonArray([.. arguments.Select(argument => new JsonObject { ["name"] = argument.Name, ["value"] = argument.Value })])
        : new JsonObject(arguments.Select(argument => KeyValuePair.Create(argument.Name, (JsonNode?)argument.Value)));

    private static bool IsBeta4(KubernetesDistribution distribution) => string.CompareOrdinal(distribution.KubeadmApi, "kubeadm.k8s.io/v1beta4") >= 0;

    // JSON is YAML.
    private static string Documents(params object[] documents) => string.Join("\n---\n", documents.Select(document => JsonSerializer.Serialize(document, s_json))) + "\n";

    private static string List(string option, IReadOnlyList<string> words) => words.Count == 0 ? "" : option + string.Join(',', words);
}
