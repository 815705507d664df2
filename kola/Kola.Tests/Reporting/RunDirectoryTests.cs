using Kola.Reporting;

namespace Kola.Tests.Reporting;

public sealed class RunDirectoryTests
{
    private string _root = null!;

    [SetUp]
    public void Make_a_directory() => _root = Directory.CreateTempSubdirectory("kola-runs-").FullName;

    [TearDown]
    public void Remove_the_directory() => Directory.Delete(_root, recursive: true);

    [Test]
    public void The_newest_run_is_the_latest()
    {
        string output = Path.Combine(_root, "deep", "_kola");
        RunDirectory first = RunDirectory.Create(output, "qemu-1");
        Assert.That(Latest(output), Is.EqualTo("qemu-1"));
        RunDirectory second = RunDirectory.Create(output, "qemu-2");

        Assert.That(Latest(output), Is.EqualTo("qemu-2"));
        Assert.That(second.FullPath, Is.EqualTo(Path.Combine(output, "qemu-2")));
        Assert.That(second.Shown, Is.EqualTo(Path.Combine(output, "latest")));
        Assert.That(Directory.Exists(first.FullPath), Is.True);
        Assert.That(Directory.GetFileSystemEntries(output).Select(Path.GetFileName), Is.EquivalentTo(new[] { "latest", "qemu-1", "qemu-2" }));
    }

    [Test]
    public void A_latest_that_leads_nowhere_is_replaced()
    {
        File.CreateSymbolicLink(Path.Combine(_root, "latest"), "gone");
        RunDirectory.Create(_root, "qemu-1");
        Assert.That(Latest(_root), Is.EqualTo("qemu-1"));
    }

    [Test]
    public void What_is_there_is_never_overwritten()
    {
        RunDirectory run = RunDirectory.Create(_root, "qemu-1");
        File.WriteAllText(Path.Combine(run.FullPath, "mine"), "mine");
        Assert.That(() => RunDirectory.Create(_root, "qemu-1"), Throws.TypeOf<UsageException>().With.Message.Contains("exists"));
        Assert.That(File.Exists(Path.Combine(run.FullPath, "mine")), Is.True);
    }

    [Test]
    public void A_latest_that_is_somebodys_own_is_left_alone([Values] bool directory)
    {
        string latest = Path.Combine(_root, "latest");
        if (directory)
            Directory.CreateDirectory(latest);
        else
            File.WriteAllText(latest, "mine");
        Assert.That(() => RunDirectory.Create(_root, "qemu-1"), Throws.TypeOf<UsageException>().With.Message.Contains("is no link"));
        Assert.That(Directory.GetFileSystemEntries(_root), Is.EqualTo(new[] { latest }));
    }

    [Test]
    public void An_output_that_is_a_file_is_refused()
    {
        string file = Path.Combine(_root, "file");
        File.WriteAllText(file, "mine");
        Assert.That(() => RunDirectory.Create(file, "qemu-1"), Throws.TypeOf<UsageException>().With.Message.Contains("is a file"));
        Assert.That(() => RunDirectory.Create(Path.Combine(file, "below"), "qemu-1"), Throws.TypeOf<UsageException>().With.Message.Contains("cannot be written"));
        Assert.That(File.ReadAllText(file), Is.EqualTo("mine"));
    }

    [Test]
    public void An_output_that_cannot_be_written_is_refused()
    {
        // Not even root can make a directory here.
        Assert.That(() => RunDirectory.Create("/proc/kola", "qemu-1"), Throws.TypeOf<UsageException>().With.Message.Contains("cannot be written"));
    }

    [Test]
    public void A_run_is_named_for_platform_time_and_process()
    {
        Assert.That(RunDirectory.NameOf("qemu", new DateTimeOffset(2026, 11, 22, 19, 15, 0, TimeSpan.FromHours(1)), 4711), Is.EqualTo("qemu-20261122-181500-4711"));
    }

    [Test]
    public void A_test_and_a_machine_have_a_directory_for_each_attempt()
    {
        Assert.That(RunDirectory.DirectoryOf("cl.basic", 1), Is.EqualTo("cl.basic"));
        Assert.That(RunDirectory.DirectoryOf("cl.basic", 1, "hub"), Is.EqualTo("cl.basic/hub"));
        Assert.That(RunDirectory.DirectoryOf("cl.basic", 2, "hub"), Is.EqualTo("cl.basic/attempt-2/hub"));
    }

    [TestCase("..")]
    [TestCase(".")]
    [TestCase("")]
    [TestCase("../../etc")]
    [TestCase("/etc/passwd")]
    [TestCase(".hidden")]
    [TestCase("a\0b")]
    [TestCase("a\nb")]
    [TestCase("events.jsonl")]
    [TestCase("results.json")]
    public void No_name_leads_out_of_the_run_or_onto_its_files(string test)
    {
        string directory = RunDirectory.DirectoryOf(test, 1);
        Assert.That(directory, Does.Match("^[A-Za-z0-9_-][A-Za-z0-9._-]*_[0-9a-f]{8}$|^_[0-9a-f]{8}$"));
        Assert.That(directory, Is.Not.EqualTo(test));
    }

    [Test]
    public void Two_names_never_share_a_directory()
    {
        string[] names = ["a/b", "a_b", "a b", "a", "a.", ".a", new string('x', 119), new string('x', 120), new string('x', 300), new string('x', 301)];
        string[] directories = [.. names.Select(name => RunDirectory.DirectoryOf(name, 1))];
        Assert.That(directories, Is.Unique);
        Assert.That(directories.Select(directory => directory.Length), Has.All.LessThan(200));
    }

    private static string? Latest(string root) => new FileInfo(Path.Combine(root, "latest")).LinkTarget;
}
