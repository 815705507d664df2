using System.Text.Json;
using Kola.Cli;

namespace Kola.Tests.Cli;

/// <summary><c>kola cache</c> on directories that look like what kola leaves.</summary>
[NonParallelizable] // Console is the process's
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CacheCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kola-cache-").FullName;

    private string Cache => Path.Combine(_directory, "cache");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task An_empty_cache_is_no_error()
    {
        Assert.That((await RunAsync("cache")).Code, Is.Zero);
        Assert.That(await RunAsync("cache", "prune"), Is.EqualTo((0, "freed 0 B\n", "")));
        Assert.That(await RunAsync("cache", "clear"), Is.EqualTo((0, "freed 0 B\n", "")));
    }

    [Test]
    public async Task What_is_there_is_told_with_what_it_takes_on_disk()
    {
        Build("11111111111111111111", daysOld: 2);
        Write("history.json", 10);
        Write("kvm-1234.json", 10);
        (int code, string output, _) = await RunAsync("cache", "list");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("reference images: 1, ").And.Contain("  11111111111111111111").And.Contain("history of costs: 1, ").And.Contain("remembered digests and answers: 1, "));

        // The image is a mebibyte of data and a gibibyte of nothing.
        using JsonDocument json = JsonDocument.Parse((await RunAsync("cache", "--json")).Output);
        Assert.That(json.RootElement.GetProperty("schema").GetString(), Is.EqualTo("kola.cache/1"));
        Assert.That(json.RootElement.GetProperty("bytes").GetInt64(), Is.InRange(1 << 20, 2 << 20));
        Assert.That(json.RootElement.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("kind").GetString()), Is.EquivalentTo((string[])["reference-image", "history", "note"]));
    }

    [Test]
    public async Task Prune_leaves_the_newest_reference_image_and_one_in_use_and_images_used_of_late()
    {
        Build("11111111111111111111", daysOld: 3);
        string used = Build("22222222222222222222", daysOld: 2);
        Build("33333333333333333333", daysOld: 1);
        Age(Write("images/aaaa.img", 100), 40);
        Age(Write("images/bbbb.img", 100), 4);
        Write("images/cccc.img.77", 100);
        Write("digest-0.json", "{\"File\":\"/no/such.img\",\"Identity\":\"\",\"Digest\":\"\"}");
        Write("history.json", 10);
        using FileStream held = File.Open(used, FileMode.Open, FileAccess.Read, FileShare.Read);

        (int code, string planned, _) = await RunAsync("cache", "prune", "--dry-run");
        Assert.That(code, Is.Zero);
        Assert.That(planned, Does.Contain("would remove reference image 11111111111111111111: "));
        Assert.That(Directory.GetDirectories(Path.Combine(Cache, "reference-image")), Has.Length.EqualTo(3), "nothing was removed yet");

        (_, string output, _) = await RunAsync("cache", "prune");
        Assert.That(output, Does.Contain("removed reference image 11111111111111111111: ").And.Contain("left reference image 22222222222222222222: ").And.Contain("it is in use"));
        Assert.That(Left(), Is.EquivalentTo((string[])["history.json", "images/bbbb.img", "reference-image/22222222222222222222", "reference-image/33333333333333333333"]));

        await RunAsync("cache", "prune", "--older-than", "3d");
        Assert.That(Left(), Has.None.EqualTo("images/bbbb.img"));
    }

    [Test]
    public async Task Clear_leaves_the_history_and_what_is_in_use()
    {
        string used = Build("22222222222222222222", daysOld: 2);
        Build("33333333333333333333", daysOld: 1);
        Directory.CreateDirectory(Path.Combine(Cache, "templates", new string('a', 64) + ".new"));
        Write("reference-image/layers/4444/etc/passwd", 10);
        Write("images/bbbb.img", 100);
        Write("kvm-1234.json", 10);
        Write("history.json", 10);
        Write("results.db", 10);
        Write("results.db-wal", 10);
        using FileStream held = File.Open(used, FileMode.Open, FileAccess.Read, FileShare.Read);

        (int code, string output, _) = await RunAsync("cache", "clear");

        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("removed template aaaaaaaaaaaa: ").And.Contain(", not whole"));
        Assert.That(Left(), Is.EquivalentTo((string[])["history.json", "reference-image/22222222222222222222", "results.db", "results.db-wal"]));
    }

    [Test]
    public async Task While_an_image_is_being_built_its_steps_stay()
    {
        Write("reference-image/layers/4444/etc/passwd", 10);
        using (File.Open(Path.Combine(Cache, "reference-image/lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
            Assert.That((await RunAsync("cache", "clear")).Output, Does.Contain("left unpacked packages 4444").And.Contain("being built"));
        Assert.That((await RunAsync("cache", "clear")).Output, Does.Contain("removed unpacked packages 4444"));
    }

    [Test]
    public async Task Of_Kubernetes_distributions_prune_leaves_the_newest_and_clear_what_is_in_use()
    {
        foreach ((string digest, int daysOld) in ((string, int)[])[("1111", 3), ("2222", 2), ("3333", 1)])
        {
            Write($"kubernetes/{digest}/kubernetes.json", 10);
            Directory.SetLastWriteTimeUtc(Path.Combine(Cache, "kubernetes", digest), TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-daysOld));
        }

        Write("kubernetes/4444/bin/kubeadm", 10); // not finished
        Assert.That((await RunAsync("cache")).Output, Does.Contain("Kubernetes distributions: 3, ").And.Contain("  1111").And.Not.Contain("4444"));
        using (File.Open(Path.Combine(Cache, "kubernetes/lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
            Assert.That((await RunAsync("cache", "prune")).Output, Does.Contain("left Kubernetes distribution 1111").And.Contain("being built"));

        Assert.That((await RunAsync("cache", "prune")).Output, Does.Contain("removed Kubernetes distribution 1111: ").And.Contain("removed Kubernetes distribution 2222: ").And.Not.Contain("3333"));
        using (File.Open(Path.Combine(Cache, "kubernetes/3333/kubernetes.json"), FileMode.Open, FileAccess.Read, FileShare.Read))
            Assert.That((await RunAsync("cache", "clear")).Output, Does.Contain("left Kubernetes distribution 3333: ").And.Contain("it is in use"));
        Assert.That((await RunAsync("cache", "clear")).Output, Does.Contain("removed Kubernetes distribution 3333: "));
    }

    [Test]
    public async Task Of_distributions_that_came_as_archives_prune_removes_what_was_not_used_for_long_and_clear_what_is_not_in_use()
    {
        Age(Write("kubernetes-archives/1111/kubernetes.json", 10), 40);
        Age(Write("kubernetes-archives/2222/usr/share/kubernetes/kubernetes.json", 10), 4);
        foreach ((string digest, int daysOld) in ((string, int)[])[("1111", 40), ("2222", 4)])
            Directory.SetLastWriteTimeUtc(Path.Combine(Cache, "kubernetes-archives", digest), TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-daysOld));
        Assert.That((await RunAsync("cache")).Output, Does.Contain("unpacked Kubernetes distributions: 2, ").And.Contain("  2222"));
        Assert.That((await RunAsync("cache", "prune")).Output, Does.Contain("removed unpacked Kubernetes distribution 1111: ").And.Not.Contain("2222"));
        using (File.Open(Path.Combine(Cache, "kubernetes-archives/2222/usr/share/kubernetes/kubernetes.json"), FileMode.Open, FileAccess.Read, FileShare.Read))
            Assert.That((await RunAsync("cache", "clear")).Output, Does.Contain("left unpacked Kubernetes distribution 2222: ").And.Contain("it is in use"));
        using (File.Open(Path.Combine(Cache, "kubernetes-archives/lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
            Assert.That((await RunAsync("cache", "clear")).Output, Does.Contain("left unpacked Kubernetes distribution 2222: ").And.Contain("is being unpacked"));
        Assert.That((await RunAsync("cache", "clear")).Output, Does.Contain("removed unpacked Kubernetes distribution 2222: "));
    }

    [TestCase("10G", 10L << 30)]
    [TestCase("1.5M", 3L << 19)]
    [TestCase("0", 0)]
    public void Sizes_have_units(string text, long bytes) => Assert.That(CacheCommand.Size(text), Is.EqualTo(bytes));

    [TestCase("90m", 5400)]
    [TestCase("12h", 43200)]
    [TestCase("30d", 2592000)]
    public void Ages_have_units(string text, int seconds) => Assert.That(CacheCommand.Age(text).TotalSeconds, Is.EqualTo(seconds));

    [TestCase(0, "0 B")]
    [TestCase(1023, "1 KiB")]
    [TestCase(1288490189, "1.2 GiB")]
    [TestCase(764411904, "729 MiB")]
    public void Sizes_are_short(long bytes, string text) => Assert.That(CacheText.Size(bytes), Is.EqualTo(text));

    private string Build(string digest, int daysOld)
    {
        string image = Write($"reference-image/{digest}/flatcar_reference_image.img", 1 << 20);
        using (FileStream file = File.OpenWrite(image))
            file.SetLength(1 << 30);
        Write($"reference-image/{digest}/flatcar_reference_image.json", 10);
        Directory.SetLastWriteTimeUtc(Path.GetDirectoryName(image)!, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-daysOld));
        return image;
    }

    private static void Age(string file, int days) => File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-days));

    private string Write(string name, int bytes) => Write(name, new string('x', bytes));

    private string Write(string name, string text)
    {
        string file = Path.Combine(Cache, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }

    // Files, and the directories of images.
    private IEnumerable<string> Left() => Directory.GetFiles(Cache).Concat(Directory.GetFiles(Path.Combine(Cache, "images"))).Concat(Directory.GetDirectories(Path.Combine(Cache, "reference-image")))
        .Select(f => Path.GetRelativePath(Cache, f)).Where(f => f is not ("reference-image/layers" or "reference-image/init"));

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        Typed.RunAsync(new Surroundings { CacheDirectory = Cache }, arguments);
}
