using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kola.Conformance;
using Kola.Fake;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Tests.Conformance;

/// <summary>The kit every platform is tried with: it finds what is not kept, and says so of nothing else.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed partial class ConformanceKitTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kola-conformance-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task A_platform_that_keeps_what_it_promises_conforms()
    {
        ConformanceReport report = await TryAsync(new FakeGuest());
        Assert.That(report.Conforms, Is.True, report.ForPeople());
        Assert.That(Of(report, PromiseOutcome.NotOffered), Is.EqualTo(new[] { "channel", "harness", "disks", "segment.faults", "tpm", "uefi" }));
        Assert.That(report.ForPeople(), Does.Contain("conforms: 14 of 14 promises kept, 6 not made"));
        using JsonDocument json = JsonDocument.Parse(report.ToJson());
        Assert.That(json.RootElement.GetProperty("schema").GetString(), Is.EqualTo("kola-conformance/1"));
        Assert.That(json.RootElement.GetProperty("conforms").GetBoolean(), Is.True);
        Assert.That(json.RootElement.GetProperty("results")[0].GetProperty("outcome").GetString(), Is.EqualTo("kept"));
    }

    [TestCase("config", @"^cat /etc/kola-conformance", "another config", "login")]
    [TestCase("memory", @"^nproc", "1\n100", "login")]
    [TestCase("console", @"sudo tee", "", "login")]
    [TestCase("power.cycle", @"^cat /var/kola-flushed", "forgotten", "power.reset")]
    public async Task A_guest_that_answers_otherwise_breaks_a_promise(string promise, string command, string reply, string keeps)
    {
        ConformanceReport report = await TryAsync(new FakeGuest { Answers = [new FakeAnswer { Command = new Regex(command), Reply = new FakeReply(reply) }] }, slow: false);
        Assert.That(Of(report, PromiseOutcome.Broken), Does.Contain(promise), report.ForPeople());
        Assert.That(Of(report, PromiseOutcome.Kept), Does.Contain(keeps), report.ForPeople());
        Assert.That(report.Conforms, Is.False);
    }

    [Test]
    public async Task Nothing_is_tried_on_a_machine_that_never_answers()
    {
        ConformanceReport report = await TryAsync(new FakeGuest { RefusesLogin = true }, slow: false);
        Assert.That(Of(report, PromiseOutcome.Broken), Is.EqualTo(new[] { "login" }), report.ForPeople());
        Assert.That(Of(report, PromiseOutcome.NotTried), Does.Contain("config").And.Contain("power.cycle"));
        Assert.That(report.Conforms, Is.False);
        Assert.That(report.Results.Single(r => r.Promise.Id == "config").Seen, Does.Contain("\"login\" is not kept"));
    }

    [Test]
    public async Task Nothing_at_all_is_not_conformance()
    {
        ConformanceReport report = await TryAsync(new FakeGuest { StartFailure = "no machine today" });
        Assert.That(report.Conforms, Is.False);
        Assert.That(report.Results[0].Seen, Does.Contain("no machine today"));
    }

    [Test]
    public async Task A_guest_that_powers_off_and_is_told_as_lost_is_found()
    {
        ConformanceReport report = await TryAsync(new FakeGuest { Answers = [new FakeAnswer { Command = PowerOff(), Effect = FakeEffect.Dies }] });
        Assert.That(Of(report, PromiseOutcome.Broken), Is.EqualTo(new[] { "exit.off" }), report.ForPeople());
    }

    [Test]
    public async Task A_fault_nobody_promised_breaks_its_promise_and_no_other()
    {
        ConformanceReport report = await TryAsync(new FakeGuest { Answers = [new FakeAnswer { Command = Shape(), Reply = new FakeReply("no number") }] });
        Assert.That(Of(report, PromiseOutcome.Broken), Is.EqualTo(new[] { "memory" }), report.ForPeople());
        Assert.That(report.Results.Single(r => r.Promise.Id == "memory").Seen, Does.StartWith("FormatException: "));
    }

    [Test]
    public async Task What_is_not_listed_is_found() =>
        Assert.That(Of(await TryAsync(new FakeGuest(), platform => new FakeDriver(platform) { Lists = false }), PromiseOutcome.Broken), Does.Contain("tagged").And.Contain("exit.lost"));

    [Test]
    public async Task A_deleted_machine_that_is_nobodys_fault_is_found() =>
        Assert.That(Of(await TryAsync(new FakeGuest(), platform => new FakeDriver(platform) { KeepsQuiet = true }), PromiseOutcome.Broken), Is.EqualTo(new[] { "exit.lost" }));

    [Test]
    public async Task What_stays_behind_is_found_but_for_what_machines_share()
    {
        ConformanceReport shared = await TryAsync(new FakeGuest(), platform => new FakeDriver(platform) { Others = { new Left("key", "k", null) { IsShared = true } } });
        Assert.That(shared.Conforms, Is.True, shared.ForPeople());
        ConformanceReport left = await TryAsync(new FakeGuest(), platform => new FakeDriver(platform) { Others = { new Left("volume", "v", null) } });
        Assert.That(Of(left, PromiseOutcome.Broken), Is.EqualTo(new[] { "dispose" }), left.ForPeople());
        Assert.That(left.Results.Single(r => r.Promise.Id == "dispose").Seen, Does.Contain("volume v"));
    }

    private static IEnumerable<string> Of(ConformanceReport report, PromiseOutcome outcome) => report.Results.Where(r => r.Outcome == outcome).Select(r => r.Promise.Id);

    private async Task<ConformanceReport> TryAsync(FakeGuest guest, Func<FakePlatform, FakeDriver>? driver = null, bool slow = true)
    {
        // What never comes is waited for in the script's time: a slowness of a ten-thousandth makes ten minutes sixty milliseconds.
        await using var platform = new FakePlatform(
            new FakeOptions
            {
                Slowness = slow ? 1 : 0.0005,
                Templates = false,
                Features = new HashSet<Feature> { Feature.Console, Feature.PrivateNetwork },
                GuestFor = spec => spec.Machine.MemoryMiB > 1 << 20 ? new FakeGuest { StartFailure = "no such size" } : guest with { Answers = [.. guest.Answers, .. Answers(spec)] },
            },
            TimeProvider.System);
        var request = new ConformanceRequest
        {
            Driver = driver?.Invoke(platform) ?? new FakeDriver(platform),
            Access = new PlatformAccess { CacheDirectory = _directory, Clock = TimeProvider.System, Progress = new Progress<string>() },
            Platform = platform,
            Image = Some.Image(),
            Tags = Left.Ours,
            Directory = Directory.CreateDirectory(Path.Combine(_directory, Guid.NewGuid().ToString("N"))).FullName,
        };
        await using var kit = new ConformanceKit(request);
        ConformanceReport report = await kit.RunAsync(new Progress<PromiseResult>(), CancellationToken.None);
        Assert.That(platform.Instances, Is.Empty);
        return report;
    }

    // A guest that has what its config says, and keeps what it is told to.
    private static FakeAnswer[] Answers(InstanceSpec spec)
    {
        string kept = "";
        return
        [
            new() { Command = Mark(), Make = call => Written(call, call.Match.Groups["mark"].Value) },
            new() { Command = Note(), Reply = new FakeReply(NoteIn().Match(spec.Ignition!).Groups["nonce"].Value) },
            new() { Command = Shape(), Reply = new FakeReply("1\n970") },
            new() { Command = Flush(), Make = call => new FakeReply(kept = Encoding.UTF8.GetString(call.Input)) },
            new() { Command = Flushed(), Make = _ => new FakeReply(kept) },
            new() { Command = PowerOff(), Effect = FakeEffect.PowersOff },
            new() { Command = AnythingElse() },
        ];
    }

    private static FakeReply Written(FakeCall call, string mark)
    {
        File.AppendAllText(call.Machine.ConsoleFile!, mark + "\n");
        return new FakeReply();
    }

    // echo kola-0123456789ab-… | sudo tee $(sed …)
    [GeneratedRegex("^echo (?<mark>kola-[0-9a-f-]+) [|] sudo tee")]
    private static partial Regex Mark();

    // cat /etc/kola-conformance
    [GeneratedRegex("^cat /etc/kola-conformance")]
    private static partial Regex Note();

    // "source": "data:,0123456789abcdef0123456789abcdef"
    [GeneratedRegex("\"data:,(?<nonce>[0-9a-f]{32})\"")]
    private static partial Regex NoteIn();

    // nproc --all; awk …
    [GeneratedRegex("^nproc ")]
    private static partial Regex Shape();

    // sudo install -D -m 0644 /dev/stdin /var/kola-flushed
    [GeneratedRegex("install .* /var/kola-flushed")]
    private static partial Regex Flush();

    // cat /var/kola-flushed
    [GeneratedRegex("^cat /var/kola-flushed")]
    private static partial Regex Flushed();

    // sudo systemctl poweroff
    [GeneratedRegex("systemctl poweroff")]
    private static partial Regex PowerOff();

    // sync; sudo ping -c 3 …
    [GeneratedRegex("^(sync|sudo ping|cat /etc/os-release|systemctl is-system-running)")]
    private static partial Regex AnythingElse();
}
