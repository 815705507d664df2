using Dapper;
using Kola.History;
using Kola.Reporting;
using Kola.Tests.Reporting;

namespace Kola.Tests.History;

/// <summary>The same for a file and for a server: what is put in comes out, once, whoever else writes at the same time.</summary>
[TestFixture("file")]
[TestFixture("server")]
public sealed class ResultDatabaseTests(string kind)
{
    private static int s_number;

    private string _directory = "";
    private PostgresServer? _server;
    private DatabaseTarget _target = null!;

    [OneTimeSetUp]
    public async Task StartServer()
    {
        if (kind != "server")
            return;
        if (!PostgresServer.IsInstalled)
            Assert.Ignore("there is no PostgreSQL server on this host; install the package postgresql");
        _server = await PostgresServer.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopServer()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    [SetUp]
    public async Task MakeDatabase()
    {
        _directory = Directory.CreateTempSubdirectory("kola-results-").FullName;
        _target = _server is null ? DatabaseTarget.Parse(Path.Combine(_directory, "below", "results.db")) : await _server.MakeDatabaseAsync($"kola{Interlocked.Increment(ref s_number)}");
    }

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task What_is_put_in_comes_out()
    {
        var run = new Recorded { Retries = 1, Tests = [("cl.basic", "FP"), ("cl.net", "B"), ("cl.late", "")], Skipped = ["cl.tpm"] };
        await AddAsync(run.Report);
        IReadOnlyList<StoredResult> found = await ReadAsync(new ResultFilter());
        Assert.That(found.Select(result => (result.Test, result.Outcome, result.Attempts, result.Seconds)), Is.EquivalentTo(new[]
        {
            ("cl.basic", Outcome.Flaky, 2, 58.0), ("cl.net", Outcome.Broken, 1, 29.0), ("cl.late", Outcome.NotRun, 0, 0.0), ("cl.tpm", Outcome.Skipped, 0, 0.0),
        }));
        StoredResult one = found.Single(result => result.Test == "cl.basic");
        Assert.That((one.Run, one.Place, one.Image, one.Version, one.Channel, one.Kola), Is.EqualTo((run.Name, "qemu/amd64", "flatcar", "4459.2.0+build", "alpha", "0.1.0")));
        Assert.That((one.At, one.Digest, one.Message, one.Sign), Is.EqualTo((new DateTimeOffset(2026, 11, 22, 18, 0, 0, TimeSpan.Zero), "sha256:" + new string('0', 64), "cl.basic: qemu says no", "test")));
        Assert.That(await ScalarAsync("SELECT COUNT(*) FROM attempt WHERE test = 'cl.basic'"), Is.EqualTo(2));
    }

    [Test]
    public async Task Adding_a_run_again_changes_nothing_and_a_whole_record_replaces_a_part()
    {
        var run = new Recorded { Tests = [("cl.basic", "P"), ("cl.net", "P")] };
        await AddAsync(Report.Of(run.Events.Take(5)));
        await AddAsync(run.Report);
        await AddAsync(run.Report);
        Assert.That((await ReadAsync(new ResultFilter())).Select(result => result.Outcome), Is.EqualTo(new[] { Outcome.Passed, Outcome.Passed }));
        Assert.That(await ScalarAsync("SELECT COUNT(*) FROM attempt"), Is.EqualTo(2));
    }

    [Test]
    public async Task Another_run_of_the_same_name_is_refused()
    {
        var run = new Recorded { Tests = [("cl.basic", "P")] };
        await AddAsync(run.Report);
        Report report = run.Report;
        Report other = report with { Run = report.Run! with { At = report.Run.At.AddDays(1) } };
        Assert.That(async () => await AddAsync(other), Throws.TypeOf<UsageException>().With.Message.Contains("another run called qemu-amd64-0"));
    }

    [Test]
    public async Task Filters_choose()
    {
        await AddAsync(new Recorded { Tests = [("cl.basic", "P"), ("cl.net", "P")] }.Report);
        await AddAsync(new Recorded { Hour = 5, Platform = "aws", Architecture = "arm64", Firmware = "uefi", Tests = [("cl.basic", "F")] }.Report);
        Assert.That(await ReadAsync(new ResultFilter { Test = "cl.basic" }), Has.Count.EqualTo(2));
        Assert.That((await ReadAsync(new ResultFilter { Platform = "aws" })).Select(result => result.Place), Is.EqualTo(new[] { "aws/arm64/uefi" }));
        Assert.That(await ReadAsync(new ResultFilter { Architecture = "amd64" }), Has.Count.EqualTo(2));
        Assert.That(await ReadAsync(new ResultFilter { Channel = "stable" }), Is.Empty);
        Assert.That(await ReadAsync(new ResultFilter { Since = new DateTimeOffset(2026, 11, 22, 20, 0, 0, TimeSpan.Zero) }), Has.Count.EqualTo(1));
        Assert.That((await ReadAsync(new ResultFilter { Last = 1 })).Select(result => (result.Test, result.Platform)), Is.EquivalentTo(new[] { ("cl.net", "qemu"), ("cl.basic", "aws") }));
        Assert.That(await ReadAsync(new ResultFilter { Test = "'; DROP TABLE run; --" }), Is.Empty);
    }

    [Test]
    public async Task A_test_that_was_renamed_keeps_its_results()
    {
        await AddAsync(new Recorded { Tests = [("old.id", "P")] }.Report);
        Report renamed = new Recorded { Hour = 1, Tests = [("new.id", "F")] }.Report;
        await AddAsync(renamed with { Tests = [renamed.Tests[0] with { Formerly = "old.id" }] });
        foreach (string id in (string[])["old.id", "new.id"])
            Assert.That((await ReadAsync(new ResultFilter { Test = id })).Select(result => (result.Test, result.Outcome)), Is.EqualTo(new[] { ("new.id", Outcome.Passed), ("new.id", Outcome.Failed) }));
    }

    [Test]
    public async Task Many_can_write_at_once_from_the_first_moment_on()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(hour => Task.Run(() => AddAsync(new Recorded { Hour = hour, Tests = [.. Enumerable.Range(0, 30).Select(i => ($"some.test{i}", "P"))] }.Report))));
        Assert.That(await ReadAsync(new ResultFilter()), Has.Count.EqualTo(240));
        Assert.That(await ScalarAsync("SELECT COUNT(*) FROM schema_version"), Is.EqualTo(Migrations.Steps.Count));
    }

    [Test]
    public async Task What_a_newer_kola_wrote_is_left_alone()
    {
        await AddAsync(new Recorded { Tests = [("cl.basic", "P")] }.Report);
        await ScalarAsync("INSERT INTO schema_version (version) VALUES (99); SELECT 1");
        Assert.That(async () => await ReadAsync(new ResultFilter()), Throws.TypeOf<UsageException>().With.Message.Contains("a newer kola: its shape is 99"));
    }

    private async Task AddAsync(Report report)
    {
        await using ResultDatabase database = await ResultDatabase.OpenAsync(_target, CancellationToken.None);
        await database.AddAsync(report, CancellationToken.None);
    }

    private async Task<IReadOnlyList<StoredResult>> ReadAsync(ResultFilter filter)
    {
        await using ResultDatabase database = await ResultDatabase.OpenAsync(_target, CancellationToken.None);
        return await database.ReadAsync(filter, CancellationToken.None);
    }

    private async Task<long> ScalarAsync(string sql)
    {
        await using System.Data.Common.DbConnection connection = _target.Connect();
        await connection.OpenAsync();
        return await connection.ExecuteScalarAsync<long>(sql);
    }
}

public sealed class DatabaseTargetTests
{
    [TestCase("results.db", false, "results.db")]
    [TestCase("/var/lib/kola/results.db", false, "/var/lib/kola/results.db")]
    [TestCase("Host=db.example;Database=kola;Username=me;Password=secret", true, "kola on db.example")]
    [TestCase("host=db.example;database=kola", true, "kola on db.example")]
    [TestCase("postgresql://me:secret@db.example:5433/kola", true, "kola on db.example")]
    [TestCase("postgres://db.example/kola", true, "kola on db.example")]
    public void A_file_and_a_server_are_told_apart_and_no_password_is_shown(string text, bool server, string shown)
    {
        var target = DatabaseTarget.Parse(text);
        Assert.That((target.IsServer, target.Shown), Is.EqualTo((server, shown)));
    }

    [TestCase("Host=db;Port=many;Password=secret")]
    [TestCase("Host=db;Nonsense=1;Password=secret")]
    [TestCase("postgresql://")]
    public void What_cannot_be_read_is_not_repeated(string text) =>
        Assert.That(() => DatabaseTarget.Parse(text), Throws.TypeOf<UsageException>().With.Message.Not.Contains("secret"));

    [TestCase("--database", "--database")]
    [TestCase("Host=db;Password=se cret;Database=kola", "Host=db;Password=***;Database=kola")]
    [TestCase("Host=db;pwd='a;b';Database=kola", "Host=db;pwd=***;Database=kola")]
    [TestCase("Host=db;Password=a@b;Database=kola", "Host=db;Password=***;Database=kola")]
    [TestCase("postgresql://me:secret@db/kola", "postgresql://me:***@db/kola")]
    [TestCase("postgresql://me@db/kola", "postgresql://me@db/kola")]
    public void A_password_is_taken_out_of_a_command_line(string text, string masked) => Assert.That(DatabaseTarget.Masked(text), Is.EqualTo(masked));

    [Test]
    public void A_file_that_is_no_database_is_wrong_use()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, new string('x', 4096));
        Assert.That(async () => await ResultDatabase.OpenAsync(DatabaseTarget.Parse(file), CancellationToken.None), Throws.TypeOf<UsageException>().With.Message.Contains(file));
        File.Delete(file);
    }

    [Test]
    public void A_server_that_is_not_there_is_the_places_fault() =>
        Assert.That(async () => await ResultDatabase.OpenAsync(DatabaseTarget.Parse("Host=127.0.0.1;Port=1;Username=kola"), CancellationToken.None), Throws.TypeOf<PlatformException>().With.Message.Contains("127.0.0.1"));
}
