using Kola.Labs;
using Kola.Machines;

namespace Kola.Platforms.Tests.Labs;

/// <summary>Power, console and ends of a machine, as far as a lab's commands decide them.</summary>
public sealed class LabInstanceTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(30);
    private Scratch _scratch = null!;
    private ScriptLab _lab = null!;

    [SetUp]
    public void HaveALab() => _lab = new ScriptLab(_scratch = new Scratch());

    [TearDown]
    public void CleanUp() => _scratch.Dispose();

    // What the lab can do, what a reset is then, and what a power cycle
    [TestCase("on, off, cycle, reset", "reset", "cycle")]
    [TestCase("reset", "reset", "reset")]
    [TestCase("cycle", "cycle", "cycle")]
    [TestCase("on, off", "off on", "off on")]
    [TestCase("on, off, reset", "reset", "off on")]
    public async Task Power_is_switched_in_the_way_the_lab_can(string actions, string reset, string cycle)
    {
        _lab.Script("power", "say $KOLA_POWER");
        await using IPlatform platform = await _lab.OpenAsync(commands: $"  power: {{ run: [./power], actions: [{actions}] }}");
        await using IInstance machine = await platform.StartAsync(_lab.Spec(), CancellationToken.None);
        await machine.ResetAsync(CancellationToken.None);
        await machine.PowerCycleAsync(CancellationToken.None);
        Assert.That(string.Join(' ', _lab.Log), Is.EqualTo($"{reset} {cycle}"));
    }

    [TestCase("exit 1", Signal.Emulator, "power of the lab scripts failed")]
    [TestCase("exit 4", Signal.MachineLost, "no such machine any more")]
    public async Task A_power_that_fails_is_the_places_fault(string script, Signal signal, string says)
    {
        _lab.Script("power", script);
        await using IPlatform platform = await _lab.OpenAsync(commands: "  power: { run: [./power], actions: [reset], exits: { gone: [4] } }");
        await using IInstance machine = await platform.StartAsync(_lab.Spec(), CancellationToken.None);
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => machine.ResetAsync(CancellationToken.None)))!;
        Assert.That((fault.Signal, fault.Message), Is.EqualTo((signal, fault.Message)));
        Assert.That(fault.Message, Does.Contain(says));
    }

    [Test]
    public async Task Without_a_power_command_and_without_a_login_there_is_no_reset()
    {
        await using IPlatform platform = await _lab.OpenAsync();
        await using IInstance machine = await platform.StartAsync(_lab.Spec(), CancellationToken.None);
        PlatformException fault = (await Assert.ThrowsAsync<PlatformException>(() => machine.ResetAsync(CancellationToken.None)))!;
        Assert.That(fault.Message, Does.Contain("the lab has no power command, and no login is possible").And.Contains("wanted:  commands: { power:"));
    }

    [Test]
    public async Task A_console_command_is_started_again_with_a_mark_until_the_machine_is_gone()
    {
        _lab.Script("console", "echo \"console of $KOLA_ID\"; test $(grep -c . $LOG 2>/dev/null || echo 0) -ge 1 && exec sleep 7036; say once; echo broke >&2; exit 5");
        await using IPlatform platform = await _lab.OpenAsync(commands: "  console: { run: [./console] }", top: "features: [console]");
        IInstance machine = await platform.StartAsync(_lab.Spec(), CancellationToken.None);
        string wanted = $"console of vm-1\n{LabConsole.Mark(5, ["broke"])}console of vm-1\n";
        await Soon.HoldsAsync(() => File.ReadAllText(machine.ConsoleFile!) == wanted, () => File.ReadAllText(machine.ConsoleFile!), s_soon);
        await machine.DisposeAsync();
        Assert.That(System.Diagnostics.Process.GetProcesses().Where(p => BashLab.CommandLine(p.Id).StartsWith("sleep 7036", StringComparison.Ordinal)), Is.Empty);
        Assert.That(Directory.GetFiles(_scratch.File("machine")).Select(Path.GetFileName), Is.EqualTo(new[] { "console.txt" }));
    }

    [Test]
    public async Task A_console_file_is_followed_over_rotation_and_to_its_last_byte()
    {
        string file = _scratch.File("vm-1.log");
        await using IPlatform platform = await _lab.OpenAsync("echo one >vm-1.log; answer", "echo last >>vm-1.log; rm vm-1.log", "  console: { file: '${id}.log' }", "features: [console]");
        IInstance machine = await platform.StartAsync(_lab.Spec(), CancellationToken.None);
        await Shows("one\n");
        File.Move(file, file + ".1");
        await File.AppendAllTextAsync(file + ".1", "late\n");
        await File.WriteAllTextAsync(file, "two\n");
        await Shows("one\nlate\ntwo\n");
        await File.WriteAllTextAsync(file, "3\n");
        await Shows("one\nlate\ntwo\n3\n");
        await machine.DisposeAsync();
        Assert.That(await File.ReadAllTextAsync(machine.ConsoleFile!), Is.EqualTo("one\nlate\ntwo\n3\nlast\n"));

        Task Shows(string text) => Soon.HoldsAsync(() => File.ReadAllText(machine.ConsoleFile!) == text, () => File.ReadAllText(machine.ConsoleFile!), s_soon);
    }

    [TestCase("""echo '{"state":"off"}'""", false, "the guest powered off")]
    [TestCase("""echo '{"state":"gone","detail":"fuse blown"}'""", true, "fuse blown")]
    [TestCase("exit 4", true, "the lab says that there is no such machine any more")]
    public async Task How_a_machine_ends_is_asked_of_the_lab(string script, bool fault, string detail)
    {
        _lab.Script("status", $"test -f over || {{ echo '{{\"state\":\"on\"}}'; exit 0; }}; {script}");
        await using IPlatform platform = await _lab.OpenAsync(commands: "  status: { run: [./status], every: 50ms, exits: { gone: [4] } }");
        await using IInstance machine = await platform.StartAsync(_lab.Spec(), CancellationToken.None);
        await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System);
        Assert.That(machine.Exited.IsCompleted, Is.False);
        await File.WriteAllTextAsync(_scratch.File("over"), "");
        InstanceExit exit = await machine.Exited.WaitAsync(s_soon);
        Assert.That((exit.PlatformFault, exit.Detail), Is.EqualTo((fault, detail)));
        await Assert.ThrowsAsync<PlatformException>(() => machine.ResetAsync(CancellationToken.None));
    }

    [TestCase("exit 1")]
    [TestCase("echo '{\"state\":\"asleep\"}'")]
    public async Task A_status_that_does_not_answer_says_nothing_of_the_machine(string script)
    {
        _lab.Script("status", $"say asked; {script}");
        await using IPlatform platform = await _lab.OpenAsync(commands: "  status: { run: [./status], every: 20ms }");
        await using IInstance machine = await platform.StartAsync(_lab.Spec(), CancellationToken.None);
        await Soon.HoldsAsync(() => _lab.Log.Length > 2, () => "it is asked on", s_soon);
        Assert.That(machine.Exited.IsCompleted, Is.False);
        Assert.That(_lab.Told, Does.Contain("status of the lab scripts failed"));
    }
}
