using System.Diagnostics;
using System.Text.Json;
using Kola.Labs;
using Kola.Machines;

namespace Kola.Platforms.Tests.Labs;

/// <summary>A lab's commands, and all the ways in which they do not do what they are for.</summary>
public sealed class LabCommandTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(30);

    // Seconds nobody else sleeps for.
    private static readonly string s_long = $"{100_000 + Environment.ProcessId}.{Random.Shared.Next(1000):000}";
    private Scratch _scratch = null!;
    private ScriptLab _lab = null!;

    [SetUp]
    public void HaveALab() => _lab = new ScriptLab(_scratch = new Scratch());

    [TearDown]
    public void CleanUp() => _scratch.Dispose();

    [Test]
    public async Task A_machine_comes_and_goes_by_commands_that_are_told_everything()
    {
        await using IPlatform platform = await _lab.OpenAsync(
            """cat >document; env | grep ^KOLA_ | sort >variables; cat "$KOLA_IGNITION_FILE" "$KOLA_USER_DATA_FILE" >files; answer""", "say deprovision $KOLA_ID $KOLA_MACHINE $KOLA_RUN");
        IInstance machine = await platform.StartAsync(_lab.Spec(), CancellationToken.None);
        Assert.That((machine.Address, machine.ConsoleFile, machine.Channel), Is.EqualTo(("127.0.0.1:9", (string?)null, (IGuestChannel?)null)));

        var document = JsonDocument.Parse(await File.ReadAllTextAsync(_scratch.File("document"))).RootElement;
        string name = document.GetProperty("machine").GetString()!;
        Assert.That(name, Does.Match("^some-test-machine-[0-9a-f]{8}$"));
        Assert.That(document.GetProperty("ignition").GetString(), Is.EqualTo(_lab.Spec().Ignition));
        Assert.That(document.GetProperty("disks")[0].GetProperty("serial").GetString(), Is.EqualTo("spare"));
        Assert.That(document.GetProperty("tags").GetProperty("kola-owner").GetString(), Is.EqualTo("tests"));
        Assert.That(document.GetProperty("cards")[0].GetProperty("mac").GetString(), Is.EqualTo("52:54:00:6b:00:01"));
        string variables = await File.ReadAllTextAsync(_scratch.File("variables"));
        foreach (string expected in (string[])["KOLA_ACTION=provision", $"KOLA_MACHINE={name}", "KOLA_TEST=some.test/machine", "KOLA_IMAGE_FILE=/img", "KOLA_IMAGE_FORMAT=raw", "KOLA_IMAGE_DIGEST=sha256:0", "KOLA_IMAGE_NAME=some", "KOLA_IMAGE_VERSION=4459.0.0", "KOLA_MEMORY_MIB=2048", "KOLA_CPUS=2", "KOLA_DISKS=8:spare:virtio", "KOLA_CARDS=net/lan=52:54:00:6b:00:01", "KOLA_FIRMWARE=any", "KOLA_TPM=0", "KOLA_OWNER=tests", "KOLA_EXPIRES=", "KOLA_MAKER="])
            Assert.That(variables, Does.Contain(expected));
        Assert.That(variables, Does.Not.Contain("KOLA_IMAGE_KERNEL").And.Not.Contain("KOLA_ID="));
        Assert.That(await File.ReadAllTextAsync(_scratch.File("files")), Is.EqualTo(_lab.Spec().Ignition + _lab.Spec().UserData));

        string cache = _scratch.File("cache/labs/scripts");
        Assert.That(File.GetUnixFileMode(Path.Combine(cache, name)), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute), "a config holds keys");
        Assert.That((await _lab.LeftoversAsync()).Select(l => (l.Kind, l.Name)), Is.EqualTo(new[] { ("machine", "vm-1") }));
        await machine.DisposeAsync();
        await machine.DisposeAsync();
        Assert.That(_lab.Log.Single(), Does.StartWith($"deprovision vm-1 {name} conformance-"));
        Assert.That(Directory.EnumerateFileSystemEntries(cache), Is.Empty);
        Assert.That(await _lab.LeftoversAsync(), Is.Empty);
        Assert.That(machine.Exited.IsCompleted, Is.False, "disposal is no end to be reported");
    }

    [TestCase("json", "{")]
    [TestCase("ignition", """{ "ignition": { "version": "3.0.0" } }""")]
    [TestCase("none", "")]
    public async Task What_provision_reads_is_what_the_file_says(string input, string begins)
    {
        await using IPlatform platform = await _lab.OpenAsync("cat >document; answer");
        string file = _scratch.File("lab.yaml");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("run: [./provision],", $"run: [./provision], input: {input},"));
        await using IPlatform other = await new LabDriver().OpenAsync(_lab.Request(), CancellationToken.None);
        await using IInstance machine = await other.StartAsync(_lab.Spec(), CancellationToken.None);
        string read = await File.ReadAllTextAsync(_scratch.File("document"));
        Assert.That(read, input == "json" ? Does.StartWith(begins) : Is.EqualTo(begins));
    }

    // exit code, what it is to kola, how often it was tried, whether what may be there was taken away
    [TestCase("exit 69", Signal.Quota, 1, 0, "no room, by quota or capacity")]
    [TestCase("exit 64", Signal.Emulator, 1, 0, "the lab does not have what was asked for")]
    [TestCase("exit 75", Signal.Emulator, 2, 2, "failed, 2 times")]
    [TestCase("exit 3", Signal.Emulator, 1, 1, "exit code 3")]
    [TestCase("kill -SEGV $$", Signal.Emulator, 1, 1, "signal 11")]
    [TestCase("no-such-program-at-all", Signal.Emulator, 1, 1, "exit code 127")]
    [TestCase("true", Signal.Emulator, 1, 1, "got:     nothing")]
    [TestCase("echo started", Signal.Emulator, 1, 1, "no JSON: started")]
    [TestCase("echo '[]'", Signal.Emulator, 1, 1, "JSON, but no object: []")]
    [TestCase("""echo '{"id":"x"}'""", Signal.Emulator, 1, 1, "no address")]
    [TestCase("""echo '{"id":7,"address":"a"}'""", Signal.Emulator, 1, 1, "id is 7")]
    [TestCase("""echo '{"id":"x","address":"a b"}'""", Signal.Emulator, 1, 1, "address is \"a b\"")]
    [TestCase("""echo '{"id":"x","address":"a","port":"22"}'""", Signal.Emulator, 1, 1, "port is \"22\"")]
    public async Task A_provision_that_fails_is_told_by_kind_and_leaves_nothing(string script, Signal signal, int tries, int deprovisions, string says)
    {
        await using IPlatform platform = await _lab.OpenAsync($"say provision; echo 'last words' >&2; {script}", "say deprovision $KOLA_ID");
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(_lab.Spec(), CancellationToken.None)))!;
        using IDisposable all = Assert.EnterMultipleScope();
        Assert.That(fault.Signal, Is.EqualTo(signal));
        Assert.That(fault.Message, Does.StartWith("some.test/machine: provision of the lab scripts failed").And.Contains(says).And.Contains("last words").And.Contains("wanted:"));
        Assert.That(_lab.Log.Count(l => l == "provision"), Is.EqualTo(tries));
        Assert.That(_lab.Log.Count(l => l == "deprovision"), Is.EqualTo(deprovisions));
        Assert.That(await _lab.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task What_is_worth_trying_again_is_tried_again()
    {
        await using IPlatform platform = await _lab.OpenAsync("say provision; test $(grep -c provision $LOG) = 2 || exit 11; answer", terms: "retries: 1, backoff: 10ms, exits: { retry: [11] }");
        await using IInstance machine = await platform.StartAsync(_lab.Spec(), CancellationToken.None);
        Assert.That(_lab.Log, Is.EqualTo((string[])["provision", "provision"]));
    }

    [Test]
    public async Task What_hangs_is_ended_with_all_it_has_started()
    {
        // Neither the program nor its child minds being asked.
        await using IPlatform platform = await _lab.OpenAsync($"trap '' TERM; bash -c \"trap '' TERM; echo \\$\\$ >child; sleep {s_long} & wait; wait\" & wait; wait", "say deprovision", terms: "timeout: 500ms, retries: 0");
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(_lab.Spec(), CancellationToken.None)))!;
        Assert.That(fault.Message, Does.Contain("its end within 0.5 s").And.Contains("it hung, and was ended with all it had started"));
        int child = int.Parse(await File.ReadAllTextAsync(_scratch.File("child")));
        // What nobody waits for may be known to the kernel for a moment yet.
        await Soon.HoldsAsync(() => BashLab.CommandLine(child).Length == 0 && !Sleeping(s_long).Any(), () => "none of them is left", s_soon);
        Assert.That(_lab.Log, Is.EqualTo((string[])["deprovision"]));
    }

    [Test]
    public async Task Who_leaves_something_that_holds_its_output_is_told_what_to_do()
    {
        await using IPlatform platform = await _lab.OpenAsync("answer; setsid sleep 3.7032 & exit 0", terms: "timeout: 500ms, retries: 0");
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(_lab.Spec(), CancellationToken.None)))!;
        Assert.That(fault.Message, Does.Contain("something it has started holds its output: detach that"));
    }

    [Test]
    public async Task A_start_that_is_cancelled_ends_its_command_and_takes_away_what_may_be_there()
    {
        await using IPlatform platform = await _lab.OpenAsync($"say provision; sleep {s_long}", "say deprovision");
        using var cancel = new CancellationTokenSource();
        Task<IInstance> starting = platform.StartAsync(_lab.Spec(), cancel.Token);
        await Soon.HoldsAsync(() => _lab.Log.Length == 1, () => "a provision", s_soon);
        await cancel.CancelAsync();
        Assert.That(async () => await starting, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Sleeping(s_long), Is.Empty);
        Assert.That(_lab.Log, Is.EqualTo((string[])["provision", "deprovision"]));
        Assert.That(await _lab.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task What_cannot_be_deprovisioned_is_written_down_and_taken_away_later()
    {
        await using IPlatform platform = await _lab.OpenAsync(deprovision: "say $KOLA_ID; test -f works || exit 75");
        IInstance machine = await platform.StartAsync(_lab.Spec(), CancellationToken.None);
        await machine.DisposeAsync();
        Assert.That(_lab.Log, Is.EqualTo((string[])["vm-1", "vm-1"]), "it is tried again");
        Assert.That(_lab.Told, Does.Contain("deprovision of the lab scripts failed, 2 times").And.Contains("next:    kola gc --platform lab --lab-file"));

        ILeftover left = (await _lab.LeftoversAsync()).Single();
        Assert.That((left.Name, left.Tags.Owner, left.Tags.MadeBy), Is.EqualTo(("vm-1", "tests", Maker.Self)));
        Assert.That(left.Tags.Expires.Ticks % TimeSpan.TicksPerSecond, Is.Zero, "tags are the same whoever tells them");
        await Assert.ThrowsAsync<PlatformException>(() => left.DeleteAsync(CancellationToken.None));
        Assert.That(await _lab.LeftoversAsync(), Has.Count.EqualTo(1), "it is not lost");
        await File.WriteAllTextAsync(_scratch.File("works"), "");
        await left.DeleteAsync(CancellationToken.None);
        await left.DeleteAsync(CancellationToken.None);
        Assert.That(await _lab.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task What_is_gone_already_needs_no_deprovision()
    {
        await using IPlatform platform = await _lab.OpenAsync(deprovision: "exit 4", terms: "retries: 1, exits: { gone: [4] }");
        await (await platform.StartAsync(_lab.Spec(), CancellationToken.None)).DisposeAsync();
        Assert.That(await _lab.LeftoversAsync(), Is.Empty);
        Assert.That(_lab.Told, Is.Empty);
    }

    [Test]
    public async Task A_lab_that_lists_its_machines_is_asked_and_what_is_not_kolas_is_passed_over()
    {
        _lab.Script("list", """
            echo '{"id":"vm-8","tags":{"kola-run":"r","kola-owner":"o","kola-expires":"20261128t211500z"}}'
            echo '{"id":"vm-9","tags":{"purpose":"mail"}}'
            echo '{"id":"vm-10"}'
            echo '{"id":"vm-1","tags":{"kola-run":"r","kola-owner":"o","kola-expires":"20261128t211500z"}}'
            """);
        await using IPlatform platform = await _lab.OpenAsync(commands: "  list: { run: [./list] }");
        await using IInstance machine = await platform.StartAsync(_lab.Spec(), CancellationToken.None);
        Assert.That((await _lab.LeftoversAsync()).Select(l => (l.Name, l.Tags.Owner)), Is.EqualTo(new[] { ("vm-1", "tests"), ("vm-8", "o") }));
        _lab.Script("list", "echo nonsense");
        Assert.That((await Assert.ThrowsAsync<PlatformException>(_lab.LeftoversAsync))!.Message, Does.Contain("list of the lab scripts failed").And.Contains("no JSON: nonsense"));
    }

    [Test]
    public async Task A_kola_killed_in_the_middle_takes_its_commands_along_and_the_next_one_finds_the_machine()
    {
        await using (IPlatform platform = await _lab.OpenAsync($"say provision; sleep {s_long}", "say deprovision $KOLA_MACHINE", "  console: { run: [sleep, '7035'] }"))
        {
            await using ChildOfTest child = await ChildOfTest.StartAsync("lab", _scratch.Path);
            Assert.That(child.Said, Is.EqualTo("provisioning"));
            await Soon.HoldsAsync(() => Sleeping(s_long).Any(), () => "a provision", s_soon);
        }

        await Soon.HoldsAsync(() => !Sleeping(s_long).Any(), () => "the command has ended with kola", s_soon);
        ILeftover left = (await _lab.LeftoversAsync()).Single();
        Assert.That(left.Tags.IsOver(TimeProvider.System.GetUtcNow()), Is.True, "its maker is gone, so it may be taken away before it expires");
        await left.DeleteAsync(CancellationToken.None);
        Assert.That(_lab.Log, Is.EqualTo((string[])["provision", $"deprovision {left.Name}"]));
        Assert.That(await _lab.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task Secrets_reach_commands_and_never_a_message()
    {
        _lab.Environment["RACK_TOKEN"] = "hunter2hunter2";
        await using IPlatform platform = await _lab.OpenAsync("test \"$RACK_TOKEN\" = hunter2hunter2 && echo \"refused: $RACK_TOKEN\" >&2; echo \"token $RACK_TOKEN\"", top: "secrets: [RACK_TOKEN]");
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(_lab.Spec(), CancellationToken.None)))!;
        Assert.That(fault.Message, Does.Contain("refused: [masked: value of RACK_TOKEN]").And.Contains("no JSON: token [masked").And.Not.Contains("hunter2"));
    }

    [Test]
    public async Task A_missing_program_and_a_missing_secret_are_told_before_anything_is_made()
    {
        UsageException wrong = (await Assert.ThrowsAsync<UsageException>(() => _lab.OpenAsync(commands: "  power: { run: [./pwoer], actions: [reset] }\n  status: { run: [no-such-program] }", top: "secrets: [RACK_TOKEN]")))!;
        Assert.That(wrong.Message, Does.Contain("secrets: RACK_TOKEN is not set").And.Contains("/pwoer is no program that can be run").And.Contains("status: no-such-program is no program"));
        UsageException none = (await Assert.ThrowsAsync<UsageException>(() => new LabDriver().OpenAsync(Conformance.Request(_scratch, _lab.Spec().Image, _scratch.File("cache")), CancellationToken.None)))!;
        Assert.That(none.Message, Does.Contain("--lab-file FILE"));
    }

    [Test]
    public async Task More_memory_than_the_lab_has_is_the_places_fault()
    {
        await using IPlatform platform = await _lab.OpenAsync();
        InstanceSpec spec = _lab.Spec();
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(spec with { Machine = spec.Machine with { MemoryMiB = 64 << 20 } }, CancellationToken.None)))!;
        Assert.That(fault.Signal, Is.EqualTo(Signal.Quota));
    }

    private static IEnumerable<int> Sleeping(string time) => Process.GetProcesses().Select(p => p.Id).Where(id => BashLab.CommandLine(id).StartsWith($"sleep {time}", StringComparison.Ordinal));
}
