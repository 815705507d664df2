using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Flatcar.Tests.Guest;

namespace Kola.Tests.Kubernetes;

/// <summary>What a run is given as a Kubernetes is read and held against itself before anything boots.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DistributionTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kola-kubernetes-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void A_whole_one_is_read_and_has_a_digest_of_all_it_holds()
    {
        Make();
        SuiteInput first = KubernetesDistribution.Check(_directory);
        Assert.That(first.Path, Is.EqualTo(_directory));
        Assert.That(first.Digest, Does.Match("^sha256:[0-9a-f]{64}$"));
        Assert.That(KubernetesDistribution.Check(_directory).Digest, Is.EqualTo(first.Digest));
        Write("images/pause.tar", "another");
        Sum();
        Assert.That(KubernetesDistribution.Check(_directory).Digest, Is.Not.EqualTo(first.Digest));
    }

    [TestCase("1.20.2", true)]
    [TestCase("1.9.11", true)]
    [TestCase("1.21.0", false)]
    [TestCase("1.33.1", false)]
    public void A_version_is_before_another_by_its_numbers(string kubernetes, bool before)
    {
        Assert.That(Of(kubernetes, "kubeadm.k8s.io/v1beta2").IsBefore(new Version(1, 21)), Is.EqualTo(before));
    }

    [TestCase("bin/kubeadm", "bin/kubeadm is not what SHA256SUMS says")]
    [TestCase("images/other.tar", "images/other.tar is not in SHA256SUMS")]
    [TestCase("SHA256SUMS", "SHA256SUMS has the line \"changed\"")]
    [TestCase("kubernetes.json", "kubernetes.json: ")]
    public void One_that_was_changed_is_refused(string file, string message)
    {
        Make();
        Write(file, "changed");
        Assert.That(() => KubernetesDistribution.Check(_directory), Throws.TypeOf<UsageException>().With.Message.Contains(message).And.Message.Contains("wanted:").And.Message.Contains("next:"));
    }

    [TestCase("bin/kubelet", "bin/kubelet is not there")]
    [TestCase("SHA256SUMS", "SHA256SUMS cannot be read")]
    [TestCase("kubernetes.json", "kubernetes.json cannot be read")]
    public void One_that_lacks_a_file_is_refused(string file, string message)
    {
        Make();
        File.Delete(Path.Combine(_directory, file));
        Assert.That(() => KubernetesDistribution.Check(_directory), Throws.TypeOf<UsageException>().With.Message.Contains(message));
    }

    [TestCase("bin/kubectl", "it has no bin/kubectl")]
    [TestCase("images/pause.tar", "it has no images")]
    public void One_that_never_had_it_is_refused(string file, string message)
    {
        Make();
        File.Delete(Path.Combine(_directory, file));
        Sum();
        Assert.That(() => KubernetesDistribution.Check(_directory), Throws.TypeOf<UsageException>().With.Message.Contains(message));
    }

    [TestCase("format", "2", "format 2, not 1")]
    [TestCase("kubernetes", "\"latest\"", "kubernetes \"latest\"")]
    [TestCase("kubeadmApi", "\"v1\"", "kubeadmApi \"v1\"")]
    [TestCase("images", "{}", "images without pause or tools")]
    [TestCase("colour", "\"blue\"", "colour")]
    public void A_manifest_that_cannot_be_is_refused(string field, string value, string message)
    {
        Make();
        JsonObject manifest = Manifest();
        manifest[field] = JsonNode.Parse(value);
        Write("kubernetes.json", manifest.ToJsonString());
        Assert.That(() => KubernetesDistribution.Check(_directory), Throws.TypeOf<UsageException>().With.Message.Contains(message));
    }

    [Test]
    public void One_for_another_architecture_than_the_images_is_refused()
    {
        Make();
        SuiteInput input = KubernetesDistribution.Check(_directory);
        Assert.That(() => KubernetesDistribution.Fit(input, "amd64"), Throws.Nothing);
        Assert.That(() => KubernetesDistribution.Fit(input, "arm64"), Throws.TypeOf<UsageException>().With.Message.Contains("some is for amd64\n  wanted:  one for arm64, as the image is"));
    }

    [Test]
    public void What_is_no_directory_is_told_as_what_it_is()
    {
        Write("archive.tar", "x");
        Assert.That(() => KubernetesDistribution.Check(Path.Combine(_directory, "archive.tar")), Throws.TypeOf<UsageException>().With.Message.Contains("it is a file"));
        Assert.That(() => KubernetesDistribution.Check(Path.Combine(_directory, "nowhere")), Throws.TypeOf<UsageException>().With.Message.Contains("there is no such directory"));
    }

    [TestCase("kubeadm.k8s.io/v1beta2", "\"extraArgs\":{\"heartbeat-interval\":\"500\",\"election-timeout\":\"5000\"}", "\"timeoutForControlPlane\":\"15m0s\"")]
    [TestCase("kubeadm.k8s.io/v1beta3", "\"kubeletExtraArgs\":{\"node-ip\":\"198.18.0.1\"}", "\"timeoutForControlPlane\":\"15m0s\"")]
    [TestCase("kubeadm.k8s.io/v1beta4", "\"kubeletExtraArgs\":[{\"name\":\"node-ip\",\"value\":\"198.18.0.1\"}]", "\"timeouts\":{\"controlPlaneComponentHealthCheck\":\"15m0s\"}")]
    public void Kubeadm_is_told_in_the_words_of_its_version(string api, string arguments, string patience)
    {
        KubernetesDistribution distribution = Of("1.20.2", api);
        string config = KubernetesNode.InitConfig(distribution, "control", "198.18.0.1", ClusterNetwork.IPv4);
        Assert.That(config, Does.Contain(arguments).And.Contain(patience).And.Not.Contain("null"));
        string[] kinds = [.. config.Split("\n---\n").Select(document => (string)JsonNode.Parse(document)!["kind"]!)];
        Assert.That(kinds, Is.EqualTo(new[] { "InitConfiguration", "ClusterConfiguration", "KubeletConfiguration", "KubeProxyConfiguration" }));
    }

    [TestCase("1.18.0", "kubeadm.k8s.io/v1beta2", false, null)]
    [TestCase("1.20.2", "kubeadm.k8s.io/v1beta2", true, null)]
    [TestCase("1.30.1", "kubeadm.k8s.io/v1beta3", true, null)]
    [TestCase("1.34.1", "kubeadm.k8s.io/v1beta4", false, "ECDSA-P256")]
    public void Keys_are_of_elliptic_curves_where_the_version_can(string kubernetes, string api, bool gate, string? algorithm)
    {
        JsonNode cluster = JsonNode.Parse(KubernetesNode.InitConfig(Of(kubernetes, api), "control", "198.18.0.1", ClusterNetwork.IPv4).Split("\n---\n")[1])!;
        Assert.That((bool?)cluster["featureGates"]?["PublicKeysECDSA"] ?? false, Is.EqualTo(gate));
        Assert.That((string?)cluster["encryptionAlgorithm"], Is.EqualTo(algorithm));
    }

    [TestCase("1.20.2", true)]
    [TestCase("1.23.0", false)]
    [TestCase("1.34.1", false)]
    public void Two_families_are_a_gate_of_old_versions_and_no_word_of_new_ones(string kubernetes, bool gate)
    {
        KubernetesDistribution distribution = Of(kubernetes, "kubeadm.k8s.io/v1beta3");
        JsonNode[] both = [.. KubernetesNode.InitConfig(distribution, "control", "198.18.0.1", ClusterNetwork.DualStack).Split("\n---\n").Select(document => JsonNode.Parse(document)!)];
        Assert.That((string)both[1]["networking"]!["podSubnet"]!, Is.EqualTo("10.244.0.0/16,fd00:10:244::/56"));
        Assert.That((string)both[1]["networking"]!["serviceSubnet"]!, Is.EqualTo("10.96.0.0/12,fd00:10:96::/112"));
        Assert.That(both[1..].Select(document => (bool?)document["featureGates"]?["IPv6DualStack"] ?? false), Is.All.EqualTo(gate));
        Assert.That(KubernetesNode.InitConfig(distribution, "control", "198.18.0.1", ClusterNetwork.IPv4), Does.Not.Contain("IPv6DualStack"));
    }

    private static KubernetesDistribution Of(string kubernetes, string api) => new()
    {
        Format = 1, Name = "some", Kubernetes = kubernetes, Architecture = "amd64", KubeadmApi = api, Cri = ["v1"], CriSocket = "/run/containerd/containerd.sock", ImageRepository = "k8s.gcr.io",
        Images = new Dictionary<string, string> { ["pause"] = "pause:3", ["tools"] = "tools:1" },
    };

    private void Make()
    {
        foreach (string file in new[] { "bin/kubeadm", "bin/kubelet", "bin/kubectl", "cni/bridge", "cni/host-local", "cni/loopback", "cni/portmap", "images/pause.tar" })
            Write(file, file);
        Write("kubernetes.json", Manifest().ToJsonString());
        Sum();
    }

    private static JsonObject Manifest() => new()
    {
        ["format"] = 1,
        ["name"] = "some",
        ["kubernetes"] = "1.20.2",
        ["architecture"] = "amd64",
        ["kubeadmApi"] = "kubeadm.k8s.io/v1beta2",
        ["cri"] = new JsonArray("v1alpha2"),
        ["criSocket"] = "/run/containerd/containerd.sock",
        ["imageRepository"] = "k8s.gcr.io",
        ["images"] = new JsonObject { ["pause"] = "k8s.gcr.io/pause:3.2", ["tools"] = "kola.local/tools:1" },
    };

    private void Write(string file, string text)
    {
        string path = Path.Combine(_directory, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private void Sum()
    {
        var sums = new StringBuilder();
        foreach (string file in new[] { "bin", "cni", "images" }.SelectMany(folder => Directory.GetFiles(Path.Combine(_directory, folder))))
            sums.Append(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))).Append("  ").Append(Path.GetRelativePath(_directory, file)).Append('\n');
        File.WriteAllText(Path.Combine(_directory, "SHA256SUMS"), sums.ToString());
    }
}
