using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Flatcar.Reference.Building;
using Flatcar.Reference.Kubernetes;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KubernetesDistributionTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("kola-kubernetes-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Test]
    public async Task The_list_of_checksums_is_what_sha256sum_writes()
    {
        Write("bin/kubeadm", "a");
        Write("images/etcd.tar", "b");
        Write("images/Zz.tar", "");
        Write("kubernetes.json", "{}");
        await ChecksumList.WriteAsync(directory, ["bin", "images"], CancellationToken.None);

        string[] lines = File.ReadAllLines(Path.Combine(directory, "SHA256SUMS"));
        Assert.That(lines.Select(l => l[66..]), Is.EqualTo((string[])["bin/kubeadm", "images/Zz.tar", "images/etcd.tar"]), "each file of the folders, and no other");
        foreach (var line in lines)
            Assert.That(line[..66], Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(directory, line[66..])))) + "  "));
        await Tool.RunAsync(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], directory, CancellationToken.None);
    }

    [Test]
    public void The_distribution_says_of_itself_what_it_is_built_as()
    {
        var manifest = KubernetesManifest.Read();
        Assert.That(manifest.Images.Keys, Is.EquivalentTo((string[])["pause", "tools"]));
        Assert.That(manifest.Images["pause"], Is.EqualTo($"{manifest.ImageRepository}/pause:{KubernetesSource.PauseVersion}"));
        Assert.That(KubernetesSource.Programs, Is.SupersetOf((string[])["kubeadm", "kubelet", "kubectl", "kube-proxy"]));

        using var json = JsonDocument.Parse(KubernetesManifest.Text);
        Assert.That(json.RootElement.EnumerateObject().Select(p => p.Name), Is.EqualTo((string[])
            ["format", "name", "kubernetes", "architecture", "kubeadmApi", "cri", "criSocket", "imageRepository", "images", "skipPhases", "ignorePreflightErrors", "lacks"]));
        Assert.That(json.RootElement.GetProperty("name").GetString(), Does.Contain(manifest.Kubernetes));
    }

    [Test]
    public void The_digest_is_of_what_shapes_the_distribution()
    {
        Assert.That(KubernetesDistribution.Digest, Does.Match("^sha256:[0-9a-f]{64}$"));
        var shapes = Recipe.SourcesIn(["Kubernetes/"]);
        Assert.That(shapes, Is.SupersetOf((string[])["Kubernetes/packages.txt", "Kubernetes/kubernetes.json", "Kubernetes/KubernetesSource.cs", "Kubernetes/ContainerImages.cs", "Kubernetes/DockerArchive.cs"]));
        Assert.That(shapes, Has.None.Contain("KubernetesDistribution"), "how it is asked for is no part of it");
        Assert.That(Recipe.DigestOf(["Kubernetes/packages"]), Is.Not.EqualTo(Recipe.DigestOf(["Kubernetes/"])));
        Assert.That(Recipe.Names, Has.None.StartsWith("Kubernetes/"), "nor is it a part of the reference image");
    }

    [Test]
    public void A_directory_counts_when_it_is_finished_and_the_newest_is_first()
    {
        Assert.That(KubernetesDistribution.All(directory), Is.Empty);
        Write("kubernetes/0000/bin/kubeadm", "");
        Write("kubernetes/1111/kubernetes.json", "{}");
        Write("kubernetes/2222/kubernetes.json", "{}");
        Directory.SetLastWriteTimeUtc(Path.Combine(directory, "kubernetes/1111"), DateTime.UnixEpoch);
        Assert.That(KubernetesDistribution.All(directory).Select(Path.GetFileName), Is.EqualTo((string[])["2222", "1111"]));

        var options = new KubernetesDistributionOptions { CacheDirectory = directory };
        Assert.That(KubernetesDistribution.Find(options), Is.Null);
        var digest = KubernetesDistribution.Digest["sha256:".Length..][..20];
        Write($"kubernetes/{digest}/kubernetes.json", "{}");
        Assert.That(KubernetesDistribution.Find(options), Is.EqualTo(Path.Combine(directory, "kubernetes", digest)));
    }

    [Test]
    public async Task A_finished_distribution_is_not_built_again()
    {
        var digest = KubernetesDistribution.Digest["sha256:".Length..][..20];
        Write($"kubernetes/{digest}/kubernetes.json", "{}");
        var progress = new List<string>();
        Assert.That(await KubernetesDistribution.BuildAsync(new() { CacheDirectory = directory }, new Progress<string>(progress.Add), CancellationToken.None), Does.EndWith(digest));
        Assert.That(progress, Is.Empty);
    }

    [Test]
    public void Libraries_are_what_ldd_found()
    {
        const string linked = """
            /usr/bin/etcd:
            	linux-vdso.so.1 (0x00007f5d64d18000)
            	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f5d64a55000)
            	/lib64/ld-linux-x86-64.so.2 (0x00007f5d64d1a000)
            /usr/sbin/conntrack:
            	linux-vdso.so.1 (0x00007f5d64d18000)
            	libmnl.so.0 => /usr/lib/x86_64-linux-gnu/libmnl.so.0 (0x00007f5d64c37000)
            	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fffffffffff)

            """;
        Assert.That(ProgramTree.Libraries(linked), Is.EqualTo((string[])["lib/x86_64-linux-gnu/libc.so.6", "lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu/libmnl.so.0"]));
    }

    [Test]
    public void A_library_that_is_not_there_is_named() =>
        Assert.That(() => ProgramTree.Libraries("\tlibetcd.so.1 => not found\n"), Throws.TypeOf<ReferenceBuildException>().With.Message.Contains("libetcd.so.1"));

    [TestCase("lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2")]
    [TestCase("bin/kmod", "usr/bin/kmod")]
    [TestCase("usr/bin/curl", "usr/bin/curl")]
    [TestCase("library/x", "library/x")]
    public void All_of_it_is_below_usr(string path, string expected) => Assert.That(ProgramTree.BelowUsr(path), Is.EqualTo(expected));

    [Test]
    public void A_mistake_of_a_build_names_what_was_to_be_built() =>
        Assert.That(
            async () => await BuildCache.HoldingAsync<int>(
                new BuildKind("Kubernetes distribution", "kubernetes", "6 GiB", new Prerequisites(", luck", ("no-such-program", "no-such-package"))),
                directory, new Progress<string>(), _ => Task.FromResult(0), CancellationToken.None),
            Throws.TypeOf<ReferenceBuildException>().With.Message.StartsWith("Kubernetes distribution: it cannot be built on this host\n").And.Message.Contains(", luck\n").And.Message.Contains("apt-get install").And.Message.Contains("no-such-package"));

    private void Write(string name, string text)
    {
        var path = Path.Combine(directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    }
}
