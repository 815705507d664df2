using Flatcar.Reference.Building;

namespace Flatcar.Reference.Kubernetes;

/// <summary>One build, from Debian's packages to a finished directory. Of its steps nothing is kept.</summary>
internal sealed class DistributionBuild(KubernetesDistributionOptions options, BuildCache cache, IProgress<string> progress)
{
    private const string Suite = "bookworm";

    // kubeadm wants the program to be there, and asks it nothing that matters.
    private const string NoCrictl = "#!/bin/sh\nexit 0\n";

    /// <summary>Folders of the result that its list of checksums covers.</summary>
    public static IReadOnlyList<string> Folders { get; } = ["bin", "cni", "images"];

    private readonly KubernetesManifest manifest = KubernetesManifest.Read();
    private readonly string work = cache.NewTemporary();
    private readonly string result = cache.NewTemporary();

    public async Task<string> RunAsync(CancellationToken cancel)
    {
        progress.Report($"packages of Debian {Suite}");
        var root = await DebianRoot.MakeAsync(
            Path.Combine(cache.NewTemporary(), "root"), Suite, Recipe.Words("Kubernetes/packages.txt"),
            [DebianRoot.Packages(options.DebianMirror, Suite), DebianRoot.Sources(options.DebianMirror, Suite)], cancel);
        var source = new KubernetesSource(root, manifest.Kubernetes, cache.NewTemporary());
        progress.Report($"sources of Kubernetes {manifest.Kubernetes}");
        await source.GetAsync(cancel);
        progress.Report("its programs, which takes minutes");
        await source.BuildAsync(cancel);
        progress.Report("images");
        foreach (var folder in Folders)
            Directory.CreateDirectory(InResult(folder));
        foreach (var image in await new ContainerImages(root, source, manifest, work).MakeAsync(cancel))
            await AddAsync(root, image, cancel);
        foreach (var plugin in Directory.GetFiles(root.PathOf("usr/lib/cni")))
            File.Copy(plugin, InResult("cni/" + Path.GetFileName(plugin)));
        foreach (var program in (string[])["kubeadm", "kubelet", "kubectl"])
            File.Move(source.Program(program), InResult("bin/" + program));
        await File.WriteAllTextAsync(InResult("bin/crictl"), NoCrictl, cancel);
        File.SetUnixFileMode(InResult("bin/crictl"), File.GetUnixFileMode(InResult("bin/kubeadm")));
        await TryProgramsAsync(root, cancel);
        progress.Report("checksums");
        await ChecksumList.WriteAsync(result, Folders, cancel);
        await File.WriteAllBytesAsync(InResult(KubernetesDistribution.ManifestName), KubernetesManifest.Text, cancel);
        var final = BuildCache.ResultDirectory(KubernetesDistribution.Kind, options.CacheDirectory, KubernetesDistribution.Digest);
        BuildCache.Publish(result, final);
        return final;
    }

    private string InResult(string name) => Path.Combine(result, name);

    private async Task AddAsync(DebianRoot root, ContainerImage image, CancellationToken cancel)
    {
        var layer = Path.Combine(work, "layer.tar");
        await DockerArchive.WriteAsync(InResult($"images/{image.Name}.tar"), image.Reference, image.Command, image.Tree, layer, cancel);
        // Each in the place it will have, with nothing else there.
        await root.ShellAsync(work, "rm -rf tried && mkdir tried && tar -C tried -xf layer.tar", cancel);
        foreach (var (command, says) in image.Tries)
            await TryAsync(root, work, "chroot tried " + command, says, cancel);
    }

    private async Task TryProgramsAsync(DebianRoot root, CancellationToken cancel)
    {
        var version = "v" + manifest.Kubernetes;
        await TryAsync(root, result, "bin/kubeadm version -o short", version + "\n", cancel);
        await TryAsync(root, result, "bin/kubelet --version", $"Kubernetes {version}\n", cancel);
        await TryAsync(root, result, "bin/kubectl version --client", $"GitVersion:\"{version}\"", cancel);
        // Where reflect2 is the old one, this ends in a panic.
        await TryAsync(root, result, "bin/kubeadm config print init-defaults", "apiVersion: " + manifest.KubeadmApi, cancel);
    }

    private static async Task TryAsync(DebianRoot root, string directory, string command, string says, CancellationToken cancel)
    {
        string said;
        try
        {
            said = await root.ShellAsync(directory, "export HOME=/tmp PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n" + command, cancel);
        }
        catch (ReferenceBuildException e)
        {
            throw Wrong(e.Message, e);
        }
        if (!said.Contains(says, StringComparison.Ordinal))
            throw Wrong($"\"{said.Trim()}\"", null);

        ReferenceBuildException Wrong(string got, Exception? inner) => ReferenceBuildException.Of(
            $"what was built does not work: {command}", $"\"{says.Trim()}\" in what it says", got.Replace("\n", "\n    ", StringComparison.Ordinal), "repair the recipe", inner);
    }
}
