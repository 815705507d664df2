using Flatcar.Reference.Building;
using Flatcar.Reference.Kubernetes;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KubernetesDistributionArchiveTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("kola-archive-").FullName;

    private string Cache => Path.Combine(directory, "cache");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [TestCase("tar --create --file=all.tar -C tree .", "all.tar", "")]
    [TestCase("tar --create --gzip --file=all.tgz -C tree .", "all.tgz", "")]
    [TestCase("tar --create --xz --file=all.tar.xz tree", "all.tar.xz", "tree")]
    [TestCase("mkdir -p merged/usr/share && cp -r tree merged/usr/share/kubernetes && mksquashfs merged kubernetes.raw -quiet -no-progress", "kubernetes.raw", "usr/share/kubernetes")]
    public async Task It_is_found_at_whatever_depth_and_unpacked_once(string make, string file, string below)
    {
        Tree();
        await ShellAsync(make);

        var unpacked = await UnpackAsync(file);
        Assert.That(unpacked, Does.StartWith(Path.Combine(Cache, "kubernetes-archives")).And.EndsWith(below));
        Assert.That(File.ReadAllText(Path.Combine(unpacked, "bin/kubeadm")), Is.EqualTo("a program"));

        File.WriteAllText(Path.Combine(unpacked, "mark"), "");
        Assert.That(await UnpackAsync(file), Is.EqualTo(unpacked));
        Assert.That(File.Exists(Path.Combine(unpacked, "mark")), Is.True, "it was there");
        (string Directory, string Manifest) listed = KubernetesDistributionArchive.All(Cache).Single();
        Assert.That(listed.Manifest, Is.EqualTo(Path.Combine(unpacked, "kubernetes.json")));
        Assert.That(Directory.Exists(Path.Combine(Cache, "kubernetes-archives", "tmp")), Is.False);
    }

    [Test]
    public async Task Two_that_unpack_it_at_once_have_the_same()
    {
        Tree();
        await ShellAsync("tar --create --file=all.tar tree");
        string[] both = await Task.WhenAll(UnpackAsync("all.tar"), UnpackAsync("all.tar"));
        Assert.That(both[1], Is.EqualTo(both[0]));
        Assert.That(KubernetesDistributionArchive.All(Cache), Has.Count.EqualTo(1));
    }

    [TestCase("head -c 5000 /dev/urandom > all.tar", "all.tar cannot be unpacked", "make or fetch it again")]
    [TestCase("tar --create --gzip --file=whole -C tree . && head -c -20 whole > all.tar", "all.tar cannot be unpacked", "make or fetch it again")]
    [TestCase("mksquashfs tree whole -quiet -no-progress && head -c 100 whole > all.tar", "all.tar cannot be unpacked", "make or fetch it again")]
    [TestCase(": > all.tar", "all.tar cannot be unpacked", "make or fetch it again")]
    [TestCase("rm tree/kubernetes.json && tar --create --file=all.tar tree", "all.tar is no distribution", "got:     none")]
    [TestCase("cp -r tree other && tar --create --file=all.tar tree other", "all.tar is no distribution", "tree/kubernetes.json")]
    public async Task What_is_none_leaves_nothing(string make, string message, string more)
    {
        Tree();
        await ShellAsync(make);
        Assert.That(() => UnpackAsync("all.tar"), Throws.TypeOf<ReferenceBuildException>().With.Message.Contains(message).And.Message.Contains(more).And.Message.Contains("next:"));
        Assert.That(Directory.GetFileSystemEntries(Path.Combine(Cache, "kubernetes-archives")).Select(Path.GetFileName), Is.EqualTo((string[])["lock"]));
    }

    [Test]
    public async Task A_name_outside_of_it_is_not_written()
    {
        Tree();
        await ShellAsync("tar --create --absolute-names --file=all.tar --transform='s#^tree/bin/kubeadm#../../../../outside#' tree");
        Assert.That(() => UnpackAsync("all.tar"), Throws.TypeOf<ReferenceBuildException>());
        Assert.That(Directory.GetFiles(directory, "outside", SearchOption.AllDirectories), Is.Empty);
    }

    private Task<string> UnpackAsync(string file) => KubernetesDistributionArchive.UnpackAsync(Path.Combine(directory, file), Cache, new Progress<string>(), CancellationToken.None);

    private void Tree()
    {
        Directory.CreateDirectory(Path.Combine(directory, "tree/bin"));
        File.WriteAllText(Path.Combine(directory, "tree/bin/kubeadm"), "a program");
        File.WriteAllText(Path.Combine(directory, "tree/kubernetes.json"), "{}");
    }

    private Task<string> ShellAsync(string command) => Tool.RunAsync(["sh", "-c", command], directory, CancellationToken.None);
}
