using Kola.Cli;
using Kola.Scheduling;
using Kola.Tests.Scheduling;

namespace Kola.Tests.Cli;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HistoryFileTests
{
    private readonly List<string> _told = [];
    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("kola-history-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task A_run_is_remembered_in_a_directory_that_was_not_there()
    {
        string cache = Path.Combine(_directory, "not", "there");
        Assert.That(Of(cache).Read(), Is.SameAs(CostHistory.Empty));
        await Of(cache).AddAsync(Run("t"), CancellationToken.None);
        Assert.That(Of(cache).Read().Of("qemu/tcg", "t", cloned: false), Is.Not.Null);
        Assert.That(Directory.GetFiles(cache).Select(Path.GetFileName), Is.EquivalentTo((string[])["history.json", "history.json.lock"]));
        Assert.That(_told, Is.Empty);
    }

    [Test]
    public async Task Of_runs_that_end_at_once_none_is_lost()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Of(_directory).AddAsync(Run($"t{i}"), CancellationToken.None))));
        CostHistory read = Of(_directory).Read();
        Assert.That(Enumerable.Range(0, 20).Select(i => read.Of("qemu/tcg", $"t{i}", cloned: false)), Has.None.Null);
        Assert.That(read.RunsOf("qemu/tcg"), Is.EqualTo(20));
        Assert.That(_told, Is.Empty);
    }

    [Test]
    public async Task A_corrupt_file_is_told_once_and_begun_anew()
    {
        string file = Path.Combine(_directory, "history.json");
        await File.WriteAllTextAsync(file, """{"format":1,"flav""");
        HistoryFile history = Of(_directory);
        Assert.That(history.Read(), Is.SameAs(CostHistory.Empty));
        await history.AddAsync(Run("t"), CancellationToken.None);
        Assert.That(_told, Has.Exactly(1).Items);
        Assert.That(_told[0], Does.StartWith($"kola: {file} is no history").And.Contain("wanted:").And.Contain("next:"));
        Assert.That(Of(_directory).Read().RunsOf("qemu/tcg"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_place_that_cannot_be_written_is_told_and_nothing_else()
    {
        string file = Path.Combine(_directory, "a-file");
        await File.WriteAllTextAsync(file, "");
        await Of(file).AddAsync(Run("t"), CancellationToken.None);
        Assert.That(_told, Has.Exactly(1).Items.And.Some.Contains("cannot be written"));
    }

    [Test]
    public async Task A_run_of_which_nothing_counts_writes_nothing()
    {
        await Of(_directory).AddAsync([CostHistoryTests.Started("tcg")], CancellationToken.None);
        Assert.That(Path.Combine(_directory, "history.json"), Does.Not.Exist);
    }

    private static RunEvent[] Run(string test) => [CostHistoryTests.Started("tcg"), .. CostHistoryTests.Ran(test, 10, 5, 300)];

    private HistoryFile Of(string directory) => new(directory, _told.Add, TimeProvider.System);
}
