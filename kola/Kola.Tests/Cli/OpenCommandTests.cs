using System.CommandLine;
using System.Text.Json;
using Kola.Cli;
using Kola.Planning;
using Kola.Reporting;
using Kola.Tests.Reporting;

namespace Kola.Tests.Cli;

/// <summary>What <c>kola open</c> and <c>kola bootchart</c> take from a run, and what they say when it is not there.</summary>
[NonParallelizable] // Console is the process's
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OpenCommandTests
{
    private string _directory = "";

    [SetUp]
    public void MakeRun()
    {
        _directory = Directory.CreateTempSubdirectory("kola-open-").FullName;
        using (var log = EventLog.Create(Path.Combine(_directory, RunDirectory.EventsFile)))
        {
            foreach (RunEvent happened in Happened.Clean().Events)
                log.Append(happened);
        }

        TestCase basic = new() { Id = "cl.basic", Sentence = "s", Source = "x", Needs = [Feature.Tpm], Machines = [new MachineSpec { Name = "machine", Config = """{"ignition":{"version":"3.4.0"}}""", Disks = [new ExtraDisk(8, "a")], Firmware = Firmware.Uefi }] };
        var plan = new Plan { Tests = [new PlannedTest(basic, null), new PlannedTest(basic with { Id = "cl.skipped" }, new Skip("there is no TPM", "Install swtpm."))] };
        File.WriteAllText(Path.Combine(_directory, RunDirectory.PlanFile), JsonSerializer.Serialize(plan, Run.PlanJson));
    }

    [TearDown]
    public void RemoveRun() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void A_test_is_what_it_was_when_it_was_planned()
    {
        TestCase found = OpenCommand.Find(_directory, "cl.basic");
        MachineSpec machine = found.Machines.Single();
        Assert.That((found.Needs.Single(), machine.Name, machine.Config, machine.Disks.Single(), machine.Firmware), Is.EqualTo((Feature.Tpm, "machine", """{"ignition":{"version":"3.4.0"}}""", new ExtraDisk(8, "a"), Firmware.Uefi)));
    }

    [TestCase("open RUN cl.nope", "cl.nope\n  wanted:  a test of the run: cl.basic, cl.skipped")]
    [TestCase("open RUN cl.skipped", "cl.skipped was skipped: there is no TPM\n  wanted:")]
    [TestCase("open RUN cl.basic --machine hub", "--machine hub\n  wanted:  a machine of cl.basic: machine")]
    [TestCase("open RUN cl.basic", "/images/flatcar.img: the image of the run is not there any more\n  wanted:  flatcar.img 4459.0.0, sha256:0")]
    [TestCase("open /no/such/run cl.basic", "/no/such/run")]
    [TestCase("open RUN cl.basic --secret-env NO_SUCH", "--secret-env NO_SUCH")]
    [TestCase("bootchart RUN cl.nope", "cl.nope\n  wanted:  a test that had a machine in this run\n  got:     cl.basic")]
    [TestCase("bootchart RUN cl.basic --machine hub", "--machine hub\n  wanted:  a machine of cl.basic\n  got:     machine of attempt 1")]
    [TestCase("bootchart RUN cl.basic", "neither journal nor console tells of a boot")]
    [TestCase("report RUN --test cl.nope", "--test cl.nope\n  wanted:  a test of the run")]
    public async Task What_is_not_there_is_told(string line, string message)
    {
        (int code, _, string error) = await RunAsync([.. line.Split(' ').Select(word => word == "RUN" ? _directory : word)]);
        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(error, Does.Contain(message));
    }

    [Test]
    public async Task A_boot_is_drawn_beside_the_console_of_its_machine()
    {
        string machine = Directory.CreateDirectory(Path.Combine(_directory, "cl.basic", "machine")).FullName;
        File.Copy(Path.Combine(GoldenFile.Root, "kola/Kola.Tests/Golden/boot.export"), Path.Combine(machine, RunDirectory.JournalExportFile));
        (int code, string output, string error) = await RunAsync("bootchart", _directory, "cl.basic");
        Assert.That((code, output.Trim()), Is.EqualTo((0, Path.Combine(machine, "bootchart.svg"))), error);
        Assert.That(File.ReadAllText(output.Trim()), Does.StartWith("<svg"));
        Assert.That((await RunAsync("bootchart", _directory, "cl.basic", "--text")).Output, Does.Contain("systemd-logind.service"));
        Assert.That((await RunAsync("bootchart", _directory, "cl.basic", "--boot", "1")).Error, Does.Contain("--boot 1\n  wanted:  0 to 0: it booted once"));
    }

    [Test]
    public void The_options_of_a_run_are_read_from_its_command_line()
    {
        string[] line = ["kola", "run", "cl.basic", "cl.*", "--image", "old.img", "--firmware", "uefi", "--suite", "my.dll", "--retries", "3", "-o", "there"];
        var suite = new Option<string?>("--suite");
        (_, ParseResult parsed) = TargetOptions.OfRecorded(new Surroundings { CacheDirectory = _directory }, line, "/new.img", suite);
        Assert.That((parsed.GetValue<string>("--image"), parsed.GetValue<Firmware>("--firmware"), parsed.GetValue(suite)), Is.EqualTo(("/new.img", Firmware.Uefi, "my.dll")));
        Assert.That((TargetOptions.ImageIn(line), TargetOptions.ImageIn(["kola", "run"]), TargetOptions.ImageIn(["kola", "run", "--image", "reference"])), Is.EqualTo(("old.img", (string?)null, (string?)null)));
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        Typed.RunAsync(new Surroundings { CacheDirectory = _directory }, arguments);
}
