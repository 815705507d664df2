using System.Formats.Tar;
using Kola.Cli;

namespace Kola.Tests.Cli;

/// <summary><c>--kubernetes</c> as it is typed: what is wrong with it is told before an image is made or a machine boots.</summary>
[NonParallelizable] // Console is the process's
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KubernetesOptionTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kola-kubernetes-option-").FullName;

    private string Archive => Path.Combine(_directory, "kubernetes.tar");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [TestCase("plan")]
    [TestCase("run")]
    public async Task What_is_wrong_inside_of_an_archive_is_told_of_the_archive(string command)
    {
        Pack(("one/kubernetes.json", "{}"));
        (int code, _, string error) = await RunAsync(command, "--kubernetes", Archive, "kubeadm.base");
        Assert.That(code, Is.EqualTo(ExitCode.Usage));
        Assert.That(error, Does.Contain("kola: unpacking kubernetes.tar, once\n").And.Contain($"kola: --kubernetes {Archive}: kubernetes.json: ").And.Contain("wanted:").And.Contain("next:"));
    }

    [Test]
    public async Task What_is_no_archive_is_told_and_leaves_nothing()
    {
        File.WriteAllText(Archive, "no archive");
        (int code, _, string error) = await RunAsync("plan", "--kubernetes", Archive, "kubeadm.base");
        Assert.That(code, Is.EqualTo(ExitCode.Usage));
        Assert.That(error, Does.Contain($"{Archive} cannot be unpacked").And.Contain("next:    make or fetch it again"));
        Assert.That(Directory.GetDirectories(Path.Combine(_directory, "cache", "kubernetes-archives")), Is.Empty);
    }

    private void Pack(params (string Name, string Text)[] files)
    {
        string tree = Directory.CreateDirectory(Path.Combine(_directory, "tree")).FullName;
        foreach ((string name, string text) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(tree, name))!);
            File.WriteAllText(Path.Combine(tree, name), text);
        }

        TarFile.CreateFromDirectory(tree, Archive, includeBaseDirectory: false);
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        Typed.RunAsync(new Surroundings { CacheDirectory = Path.Combine(_directory, "cache") }, arguments);
}
