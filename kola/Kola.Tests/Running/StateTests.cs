using System.Text.RegularExpressions;
using Kola.Fake;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Tests.Running;

/// <summary>What is kept of the machines of a test that did not pass.</summary>
[NonParallelizable] // there is one session a process
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed partial class StateTests
{
    private readonly FakeRun _run = new();

    [TearDown]
    public void RemoveDirectory() => _run.Dispose();

    [TestCase("sample.fails.assertion", "ssh")]
    [TestCase("sample.broken", "ssh")]
    [TestCase("sample.finding", "ssh")]
    [TestCase("sample.hangs.command", "ssh")]
    [TestCase("sample.deaf", "channel")]
    public async Task Its_state_is_kept_by_whichever_way_there_is(string test, string by)
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = RunTests.Guest() }, _run.Time);
        AttemptReport attempt = (await _run.RunAsync(platform, test)).Tests.Single().Attempts.Single();
        Assert.That(attempt.Kept.Select(k => (k.By, k.File)), Is.EqualTo(new[] { (by, $"{test}/machine/state.txt"), (by, $"{test}/machine/dmesg.txt") }));
        Assert.That(Text(test, "state.txt"), Does.StartWith("==== systemctl --failed\nrunning\n").And.Not.Contain("Linux version"));
        Assert.That(Text(test, "dmesg.txt"), Does.Contain("Linux version"));
        Assert.That(attempt.Kept[0].At, Is.LessThanOrEqualTo(_run.Events.OfType<TestEnded>().Single().At), "before the verdict is told");
    }

    [Test]
    public async Task Of_a_machine_that_answers_nobody_it_is_what_the_host_knows()
    {
        var guest = RunTests.Guest() with { Answers = [new() { Command = Anything(), Effect = FakeEffect.Hangs }, .. RunTests.Guest().Answers] };
        await using var platform = new FakePlatform(new FakeOptions { Templates = false, Guest = guest }, _run.Time);
        TestReport report = (await _run.RunAsync(platform, "sample.panics")).Tests.Single();
        Assert.That(report.Attempts.Single().Kept.Single().By, Is.EqualTo("host"));
        Assert.That(report.Message, Does.StartWith("machine: the kernel panicked"), "the verdict is what it was");
        Assert.That(Text("sample.panics", "state.txt"), Does.Contain("answers neither").And.Contain("0.00 s in the last 1.").And.Contain("MemAvailable").And.Contain("Kernel panic").And.Contain("Reached target"));
    }

    [Test]
    public async Task Of_a_machine_that_is_gone_it_is_how_it_ended()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = RunTests.Guest() }, _run.Time);
        await _run.RunAsync(platform, "sample.poweroff");
        Assert.That(Text("sample.poweroff", "state.txt"), Does.Contain("it has ended: the guest powered off (no fault of the platform)"));
    }

    [TestCase("sample.passes")]
    [TestCase("sample.skips")]
    public async Task Nothing_is_kept_of_what_did_not_fail(string test)
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = RunTests.Guest() }, _run.Time);
        Assert.That((await _run.RunAsync(platform, test)).Tests.Single().Attempts.Single().Kept, Is.Empty);
        Assert.That(File.Exists(Path.Combine(_run.Directory, test, "machine", "state.txt")), Is.False);
    }

    [Test]
    public async Task A_machine_that_does_not_answer_holds_up_no_verdict()
    {
        var guest = RunTests.Guest() with { Answers = [new() { Command = Anything(), Effect = FakeEffect.Hangs }, .. RunTests.Guest().Answers] };
        await using var platform = new FakePlatform(new FakeOptions { Guest = guest }, _run.Time);
        TestReport report = (await _run.RunAsync(platform, "sample.fails.command")).Tests.Single();
        Assert.That(report.Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(report.Attempts.Single().Kept.Single().By, Is.EqualTo("host"));
        DateTimeOffset lastCommand = _run.Events.OfType<CommandRan>().Last().At;
        Assert.That(_run.Events.OfType<TestEnded>().Single().At - lastCommand, Is.LessThan(TimeSpan.FromSeconds(20)));
    }

    [Test]
    public async Task It_is_kept_before_a_machine_is_offered_and_what_is_done_to_it_then_changes_nothing()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = RunTests.Guest() }, _run.Time);
        string[] kept = [];
        bool told = false;
        _run.With = options => options with { Keep = true, Tell = _ => told = true };
        _run.When = _ => told;
        _run.Then = session =>
        {
            kept = Directory.GetFiles(Path.Combine(_run.Directory, "sample.fails.command", "machine"), "*.txt");
            platform.Instances.Single().End(new InstanceExit(PlatformFault: true, "the person pulled the plug"));
            session.Stop("interrupted");
        };
        TestReport report = (await _run.RunAsync(platform, "sample.fails.command")).Tests.Single();
        Assert.That(kept.Select(Path.GetFileName), Does.Contain("state.txt"));
        Assert.That(report.Message, Does.StartWith("machine: `ls /no/such/directory` ended with exit code 2"));
    }

    [Test]
    public async Task No_secret_reaches_a_file_of_the_machine()
    {
        var guest = RunTests.Guest() with
        {
            Console = [new("Linux version 6.12.0-flatcar"), new("curl -u x https://core:correct-horse@example.org")],
            Journal = [new("app[7]: password=correct-horse"), new("app[7]: token is opensesame1")],
            Answers = [new() { Command = Anything(), Reply = new FakeReply("==== x\nAuthorization: Bearer correct-horse-battery\n") }, new() { Command = Hello(), Reply = new FakeReply("opensesame1\n") }, .. RunTests.Guest().Answers],
        };
        await using var platform = new FakePlatform(new FakeOptions { Templates = false, Guest = guest }, _run.Time);
        _run.With = options => options with { Masking = Masking.Shapes.With("opensesame1", "word") };
        await _run.RunAsync(platform, "sample.fails.assertion");
        string[] files = Directory.GetFiles(Path.Combine(_run.Directory, "sample.fails.assertion", "machine"));
        Assert.That(files.Select(Path.GetFileName), Is.SupersetOf(new[] { "console.txt", "journal.txt", "journal.export", "ssh.log", "state.txt" }));
        foreach (string file in files)
            Assert.That(File.ReadAllText(file), Does.Not.Contain("correct-horse").And.Not.Contain("opensesame1"), file);
        Assert.That(Text("sample.fails.assertion", "console.txt"), Does.Contain("https://core:[masked: password]@example.org"));
        Assert.That(Text("sample.fails.assertion", "ssh.log"), Does.Contain("[masked: word]"));
    }

    [Test]
    public void Each_part_of_the_script_is_bounded_and_has_its_heading()
    {
        string[] lines = Kola.Running.StateScript.For(2.5).Split('\n');
        Assert.That(lines.Count(l => l.StartsWith("{ timeout 10 bash -c '", StringComparison.Ordinal)), Is.EqualTo(Kola.Running.StateScript.Titles.Count()));
        Assert.That(Kola.Running.StateScript.Titles.Last(), Is.EqualTo(Kola.Running.StateScript.KernelLog), "it is cut off there");
    }

    private string Text(string test, string file) => File.ReadAllText(Path.Combine(_run.Directory, test, "machine", file));

    [GeneratedRegex("mktemp -d /run/kola-state")]
    private static partial Regex Anything();

    [GeneratedRegex("^echo hello$")]
    private static partial Regex Hello();
}
