using System.Text.RegularExpressions;
using Kola.Fake;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Tests.Running;

/// <summary>The sample suite on the fake platform: what a run makes of every way a test can end.</summary>
[NonParallelizable] // there is one session a process
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed partial class RunTests
{
    private readonly FakeRun _run = new();

    [TearDown]
    public void RemoveDirectory() => _run.Dispose();

    [TestCase("sample.passes", Outcome.Passed, null)]
    [TestCase("sample.fails.assertion", Outcome.Failed, "But was:")]
    [TestCase("sample.fails.command", Outcome.Failed, "machine: `ls /no/such/directory` ended with exit code 2")]
    [TestCase("sample.fails.several", Outcome.Failed, "Multiple failures or warnings in test")]
    [TestCase("sample.fails.part", Outcome.Failed, "Wrong: machine: `false` ended with exit code 1")]
    [TestCase("sample.fails.fault", Outcome.Failed, "InvalidOperationException: the author made a mistake")]
    [TestCase("sample.waits", Outcome.Failed, "machine: waited 1 s for pigs to fly")]
    [TestCase("sample.hangs.command", Outcome.Failed, "sample.hangs.command: did not end within 60 s")]
    [TestCase("sample.hangs.thread", Outcome.Failed, "sample.hangs.thread: did not end within 60 s")]
    [TestCase("sample.panics", Outcome.Failed, "machine: the kernel panicked")]
    [TestCase("sample.panics.on-purpose", Outcome.Passed, null)]
    [TestCase("sample.emergency", Outcome.Failed, "Ignition failed")]
    [TestCase("sample.fails.at-once", Outcome.Failed, "Expected: \"hub\"")]
    [TestCase("sample.emergency.expected", Outcome.Passed, null)]
    [TestCase("sample.emergency.missed", Outcome.Failed, "wanted:  a boot that ends in the emergency shell")]
    [TestCase("sample.deaf", Outcome.Failed, "the connection was lost")]
    [TestCase("sample.poweroff", Outcome.Failed, "powered off")]
    [TestCase("sample.finding", Outcome.Failed, "unit-failed")]
    [TestCase("sample.broken", Outcome.Broken, "the image store is on fire")]
    [TestCase("sample.leaks", Outcome.Passed, null)]
    [TestCase("sample.skips", Outcome.Skipped, "there is nothing to see here")]
    public async Task Every_end_has_its_right_name(string test, Outcome outcome, string? message)
    {
        await using var platform = new FakePlatform(new FakeOptions { GuestFor = spec => spec.Machine.ConfigFile is null ? Guest() : Emergency() }, _run.Time);
        TestReport report = (await RunAsync(platform, test)).Tests.Single();
        Assert.That(report.Outcome, Is.EqualTo(outcome), report.Message);
        if (message is not null)
            Assert.That(report.Message, Does.Contain(message));
        Assert.That(platform.Instances, Is.Empty, "machines left behind");
    }

    [TestCase("sample.passes", "end", null)]
    [TestCase("sample.fails.assertion", "assertion", null)]
    [TestCase("sample.fails.at-once", "assertion", null)]
    [TestCase("sample.fails.command", "machine", null)]
    [TestCase("sample.fails.several", "assertion", null)]
    [TestCase("sample.fails.part", "assertion", null)]
    [TestCase("sample.fails.fault", "code", null)]
    [TestCase("sample.waits", "machine", null)]
    [TestCase("sample.hangs.command", "deadline", null)]
    [TestCase("sample.panics", "check:kernel-panic", "sample.panics/machine/console.txt")]
    [TestCase("sample.poweroff", "machine", "sample.poweroff/machine/console.txt")]
    [TestCase("sample.finding", "check:unit-failed-to-start", "sample.finding/machine/journal.txt")]
    [TestCase("sample.broken", "image-store", null)]
    [TestCase("sample.skips", "test", null)]
    public async Task What_decided_is_told(string test, string sign, string? file)
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest() }, _run.Time);
        Evidence evidence = (await RunAsync(platform, test)).Tests.Single().Evidence!;
        Assert.That((evidence.Sign, evidence.File), Is.EqualTo((sign, file)));
        Assert.That(_run.Events.ElementAt(evidence.Event!.Value - 1), Is.TypeOf<TestEnded>());
        Assert.That(evidence.Line is not null, Is.EqualTo(sign.StartsWith("check:", StringComparison.Ordinal)), "a finding has its line, and nothing else has");
        if (evidence.Line is { } line)
            Assert.That((await File.ReadAllLinesAsync(Path.Combine(_run.Directory, file!)))[line - 1], Does.Contain("panic").Or.Contain("Failed to start"));
    }

    [Test]
    public async Task A_skip_says_what_can_be_done_about_it()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest() }, _run.Time);
        TestReport report = (await RunAsync(platform, "sample.skips")).Tests.Single();
        Assert.That((report.Message, report.Remedy), Is.EqualTo(("there is nothing to see here", "Look elsewhere.")));
        StepEnded part = report.Attempts.Single().Steps.Single();
        Assert.That((part.Outcome, part.Message, part.Remedy), Is.EqualTo((Outcome.Skipped, "not this part either", "Look further.")));
    }

    [Test]
    public async Task A_part_that_fails_does_not_show_in_the_parts_after_it()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest() }, _run.Time);
        TestReport report = (await RunAsync(platform, "sample.fails.part")).Tests.Single();
        IReadOnlyList<StepEnded> steps = report.Attempts.Single().Steps;
        Assert.That(steps.Select(s => s.Outcome), Is.EqualTo(new[] { Outcome.Failed, Outcome.Failed, Outcome.Failed, Outcome.Passed }));
        Assert.That(steps[2].Message, Does.Contain("Expected string length").Or.Contain("\"4\"").And.Not.Contain("\"2\""));
        Assert.That(report.Message, Does.StartWith("3 parts failed: Wrong, Unequal, Other"));
    }

    [Test]
    public async Task A_machine_whose_emulator_dies_makes_its_test_broken_and_nothing_else()
    {
        await using var platform = new FakePlatform(
            new FakeOptions
            {
                Templates = false,
                GuestFor = spec => spec.Id.StartsWith("sample.passes", StringComparison.Ordinal)
                    ? Guest() with { End = new FakeEnd(TimeSpan.FromSeconds(1), new InstanceExit(true, "killed by signal 9")), AnswersAfter = TimeSpan.FromSeconds(5) }
                    : Guest(),
            },
            _run.Time);
        Report report = await RunAsync(platform, "sample.passes", "sample.fails.part");
        Assert.That(report.Tests.Single(t => t.Id == "sample.passes").Outcome, Is.EqualTo(Outcome.Broken));
        Assert.That(report.Tests.Single(t => t.Id == "sample.passes").Message, Does.Contain("killed by signal 9"));
        Assert.That(report.Tests.Single(t => t.Id == "sample.fails.part").Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(report.ExitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task A_platform_that_cannot_start_machines_is_broken_not_failed()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = new FakeGuest { StartFailure = "no memory left" } }, _run.Time);
        Report report = await RunAsync(platform, "sample.passes");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Broken));
        Assert.That(report.ExitCode, Is.EqualTo(3));
    }

    [Test]
    public async Task A_machine_that_never_answers_and_says_nothing_is_the_platforms_fault()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = new FakeGuest { AnswersAfter = null, Console = [] } }, _run.Time);
        Assert.That((await RunAsync(platform, "sample.emergency")).Tests.Single().Outcome, Is.EqualTo(Outcome.Broken));
    }

    [Test]
    public async Task A_machine_that_never_answers_but_speaks_on_its_console_is_the_images_fault()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = new FakeGuest { AnswersAfter = null } }, _run.Time);
        TestReport report = (await RunAsync(platform, "sample.emergency")).Tests.Single();
        Assert.That(report.Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(report.Message, Does.Contain("\n  within:  running"), "what the guest channel tells where SSH cannot");
    }

    [Test]
    public async Task What_is_kept_is_told_with_the_way_in_while_it_is_there()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest() }, _run.Time);
        var told = new System.Collections.Concurrent.ConcurrentQueue<string>();
        int thereThen = 0;
        _run.With = options => options with { Keep = true, Tell = told.Enqueue };
        _run.When = _ => !told.IsEmpty;
        _run.Then = session =>
        {
            thereThen = platform.Instances.Count;
            session.Stop("interrupted");
        };
        TestReport report = (await RunAsync(platform, "sample.fails.command")).Tests.Single();
        Assert.That(told.Single(), Does.Match(@"^sample\.fails\.command: machine is kept: ssh -i \S+/id_ed25519 .*-p 22 core@fake-\d+$"));
        Assert.That((thereThen, platform.Instances.Count), Is.EqualTo((1, 0)));
        Assert.That(report.Outcome, Is.EqualTo(Outcome.Failed), "stopped by the person, after its end");
    }

    [Test]
    public async Task Each_of_several_machines_that_are_kept_has_its_line()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest() with { Answers = [new() { Command = Ping(), Reply = new FakeReply("", 1) }] } }, _run.Time);
        var told = new System.Collections.Concurrent.ConcurrentQueue<string>();
        _run.With = options => options with { Keep = true, Tell = told.Enqueue };
        _run.When = _ => told.Count == 2;
        _run.Then = session => session.Stop("interrupted");
        await RunAsync(platform, "sample.two");
        Assert.That(told, Has.All.Match(@"^sample\.two: (hub|spoke) is kept: ssh -i \S+/id_ed25519 .*-p 22 core@fake-\d+$").And.Exactly(1).Contains("hub is kept"));
    }

    [Test]
    public async Task Where_no_machine_is_left_nobody_waits_for_a_person()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest() }, _run.Time);
        var told = new System.Collections.Concurrent.ConcurrentQueue<string>();
        _run.With = options => options with { Keep = true, Tell = told.Enqueue };
        Assert.That((await RunAsync(platform, "sample.poweroff")).Tests.Single().Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(told.Single(), Is.EqualTo("sample.poweroff: no machine of it is left to keep; see _kola/latest/sample.poweroff"));
    }

    [Test]
    public async Task A_failed_unit_is_named()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = new FakeGuest { State = "degraded", FailedUnits = ["foo.service"], Answers = Guest().Answers } }, _run.Time);
        TestReport report = (await RunAsync(platform, "sample.passes")).Tests.Single();
        Assert.That(report.Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(report.Message, Does.StartWith("machine: unit foo.service failed during boot"));
    }

    [Test]
    public async Task Another_system_is_not_tested_by_mistake()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = new FakeGuest { OsId = "debian" } }, _run.Time);
        Assert.That((await RunAsync(platform, "sample.passes")).Tests.Single().Message, Does.StartWith("machine: os-release says ID=debian"));
    }

    [Test]
    public async Task A_stopped_run_leaves_what_had_no_end_not_run()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest(), Capacity = new() { Machines = 1, MemoryMiB = 4096, Cpus = 4 } }, _run.Time);
        _run.Then = session => session.Stop("interrupted");
        Report report = await RunAsync(platform, "sample.hangs.command", "sample.hangs.thread");
        Assert.That(report.Tests.Select(t => t.Outcome), Is.All.EqualTo(Outcome.NotRun));
        Assert.That(report.ExitCode, Is.EqualTo(3));
        Assert.That(platform.Instances, Is.Empty);
    }

    [Test]
    public async Task Artifacts_of_a_machine_are_all_there()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest() }, _run.Time);
        await RunAsync(platform, "sample.passes");
        string machine = Path.Combine(_run.Directory, "sample.passes", "machine");
        Assert.That(Directory.GetFiles(machine).Select(Path.GetFileName), Is.SupersetOf(new[] { "console.txt", "journal.txt", "journal.export", "ignition.json", "ssh.log" }));
        Assert.That(File.ReadAllText(Path.Combine(machine, "ssh.log")), Does.Contain("$ echo hello\n  hello\n"));
        Assert.That(File.ReadAllText(Path.Combine(machine, "journal.txt")), Does.Contain("Reached target").And.Contain("end of test"));
    }

    [Test]
    public async Task A_disk_that_is_full_is_the_places_fault_and_no_pass()
    {
        // Every write to this device fails with "no space left".
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest(), Templates = false }, _run.Time);
        string machine = Directory.CreateDirectory(Path.Combine(_run.Directory, "sample.passes", "machine")).FullName;
        File.CreateSymbolicLink(Path.Combine(machine, "journal.txt"), "/dev/full");
        TestReport report = (await RunAsync(platform, "sample.passes")).Tests.Single();
        Assert.That(report.Outcome, Is.EqualTo(Outcome.Broken));
        Assert.That(report.Message, Does.Contain("journal.txt cannot be written").And.Contain("room"));
    }

    [Test]
    public async Task A_machine_whose_journal_cannot_be_kept_is_not_left_running()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest() }, _run.Time);
        Directory.CreateDirectory(Path.Combine(_run.Directory, "sample.passes", "machine", "journal.txt"));
        TestReport report = (await RunAsync(platform, "sample.passes")).Tests.Single();
        Assert.That(report.Outcome, Is.EqualTo(Outcome.Broken), report.Message);
        Assert.That(platform.Instances, Is.Empty);
    }

    [Test]
    public async Task A_fixture_that_cannot_be_made_fails_its_test_and_holds_up_no_other()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest() }, _run.Time);
        Report report = await RunAsync(platform, "sample.fails.fixture", "sample.passes");
        Assert.That(report.Tests.Single(t => t.Id == "sample.fails.fixture").Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(report.Tests.Single(t => t.Id == "sample.fails.fixture").Message, Does.Contain("the fixture cannot be made"));
        Assert.That(report.Tests.Single(t => t.Id == "sample.passes").Outcome, Is.EqualTo(Outcome.Passed));
    }

    [Test]
    public async Task A_fault_of_the_harness_is_broken_and_never_vanishes()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = Guest() }, _run.Time);
        // The directory of the test cannot be made: a file is in its place.
        await File.WriteAllTextAsync(Path.Combine(_run.Directory, "sample.passes"), "");
        TestReport report = (await RunAsync(platform, "sample.passes")).Tests.Single();
        Assert.That(report.Outcome, Is.EqualTo(Outcome.Broken));
        Assert.That(report.Message, Does.StartWith("sample.passes: the harness itself failed: IOException"));
    }

    private Task<Report> RunAsync(FakePlatform platform, params string[] tests) => _run.RunAsync(platform, tests);

    private static FakeGuest Emergency() => new()
    {
        Console = [new("Linux version 6.12.0-flatcar"), new("Ignition failed: hash verification failed", TimeSpan.FromSeconds(1)), new("You are in emergency mode.", TimeSpan.FromSeconds(1))],
        AnswersAfter = null,
    };

    internal static FakeGuest Guest() => new()
    {
        Answers =
        [
            new() { Command = Missing(), Reply = new FakeReply("", 2, "ls: cannot access '/no/such/directory': No such file or directory\n") },
            new() { Command = False(), Reply = new FakeReply("", 1) },
            new() { Command = Sleep(), Effect = FakeEffect.Hangs },
            new() { Command = Crash(), Console = "Kernel panic - not syncing: sysrq triggered crash", Effect = FakeEffect.Hangs },
            new() { Command = Deafen(), Effect = FakeEffect.Deafens },
            new() { Command = PowerOff(), Effect = FakeEffect.PowersOff },
            new() { Command = Broken(), Journal = "systemd[1]: Failed to start broken.service.", Reply = new FakeReply("", 1) },
            new() { Command = Flying(), Reply = new FakeReply("", 1) },
        ],
    };

    [GeneratedRegex("^ls /no/such")]
    private static partial Regex Missing();

    [GeneratedRegex("^false$|^systemctl .*status")]
    private static partial Regex False();

    [GeneratedRegex("^ping ")]
    private static partial Regex Ping();

    [GeneratedRegex("^sleep ")]
    private static partial Regex Sleep();

    [GeneratedRegex("sysrq-trigger")]
    private static partial Regex Crash();

    [GeneratedRegex("pkill -9 sshd")]
    private static partial Regex Deafen();

    [GeneratedRegex("systemctl poweroff")]
    private static partial Regex PowerOff();

    [GeneratedRegex("start broken.service")]
    private static partial Regex Broken();

    [GeneratedRegex("^test -e /pigs")]
    private static partial Regex Flying();
}
