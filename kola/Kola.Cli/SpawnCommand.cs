using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using Kola.Ignition;
using Kola.Machines;
using Kola.Planning;
using Kola.Running;

namespace Kola.Cli;

/// <summary><c>kola spawn</c></summary>
internal static class SpawnCommand
{
    private const string Id = "spawn";

    internal static Command Create(Surroundings surroundings)
    {
        var target = new TargetOptions(surroundings);
        var config = new Option<string?>("--config", "-c") { Description = "Ignition config (JSON) to boot with. Default: none but what lets you in.", HelpName = "FILE" };
        var memory = new Option<int>("--ram") { Description = "Guest memory in MiB.", DefaultValueFactory = _ => 1024 };
        var cpus = new Option<int>("--cpus") { Description = "Virtual CPUs.", DefaultValueFactory = _ => 1 };
        var disk = new Option<int?>("--disk") { Description = "Grow the boot disk to this many MiB.", HelpName = "MIB" };
        var tpm = new Option<bool>("--tpm") { Description = "Attach a TPM 2.0." };
        var cold = new Option<bool>("--cold", "--fresh") { Description = "Boot it, even where a copy of one that has booted is at hand." };
        var noShell = new Option<bool>("--no-shell") { Description = "Print how to connect and wait for Ctrl-C instead of opening a shell." };
        var output = new Option<string?>("--output", "-o") { Description = "Where the machine's console and journal are kept. Default: _kola.", HelpName = "DIR" };
        var command = new Command("spawn", "Boots one machine, gives you a shell in it, and takes it away when you leave.") { config, memory, cpus, disk, tpm, cold, noShell, output };
        target.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            var machine = new MachineSpec
            {
                Name = "machine",
                Config = Read(parsed.GetValue(config)),
                ConfigFile = parsed.GetValue(config),
                MemoryMiB = parsed.GetValue(memory) is >= 256 and var mib ? mib : throw new UsageException($"--ram {parsed.GetValue(memory)}\n  wanted:  at least 256 MiB"),
                Cpus = parsed.GetValue(cpus) is >= 1 and <= 64 and var count ? count : throw new UsageException($"--cpus {parsed.GetValue(cpus)}\n  wanted:  1 to 64"),
                DiskMiB = parsed.GetValue(disk),
                Tpm = parsed.GetValue(tpm),
                Updates = true,
            };
            await using Target opened = await target.OpenAsync(parsed, new StandardErrorProgress(), interruptions.First);
            if (machine.Config is not null)
                IgnitionConfig.Parse(machine.Config, machine.ConfigFile!).CheckVersion(opened.Image.IgnitionMaximum);
            // A machine to look at is a test that a person runs by hand: same artifacts, same watching, no deadline to speak of.
            var test = new TestCase { Id = Id, Sentence = "A machine to look at", Source = "kola spawn", Machines = [machine], Minutes = 7 * 24 * 60, Tolerates = [.. PlanCommand.SettingOf(opened).Checks.Select(c => new Toleration(c, "a person is looking"))] };
            var settings = new RunSettings { Output = parsed.GetValue(output), Keep = true, Cold = parsed.GetValue(cold), AcceptUnsettled = true, Quiet = true };
            var run = new Run(opened, new Plan { Tests = [new PlannedTest(test, null)] }, settings, interruptions);
            bool ready = false;
            int code = await run.ExecuteAsync(
                ["kola", .. parsed.Tokens.Select(t => t.Value)],
                session => LookAsync(session, lab => ShellAsync(lab.Machines[0], run, parsed.GetValue(noShell), () => ready = true, interruptions)));
            return ready ? ExitCode.Clean : code;
        });
        return command;
    }

    private static string? Read(string? file)
    {
        try
        {
            string? text = file is null ? null : File.ReadAllText(file);
            if (text is not null)
                IgnitionConfig.Parse(text, file!);
            return text;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--config {file}: cannot be read: {fault.Message}\n  wanted:  a file with an Ignition config", fault);
        }
    }

    private static async Task LookAsync(Session session, Func<LabMachines, Task> look)
    {
        Console.Error.WriteLine("kola: booting");
        TestEnded? ended = await session.RunAsync(Id, look, new TestCode { Judge = fault => (Outcome.Failed, fault.Message) });
        if (ended is { Outcome: not (Outcome.Passed or Outcome.NotRun), Message: { } message })
            Console.Error.WriteLine($"kola: {message}");
    }

    private static async Task ShellAsync(Machine machine, Run run, bool noShell, Action isReady, Interruptions interruptions)
    {
        isReady();
        string[] arguments = run.SshArguments(machine);
        Console.Error.WriteLine($"kola: ready, version {machine.Version}");
        if (noShell)
        {
            Console.Out.WriteLine("ssh " + string.Join(' ', arguments));
            Console.Error.WriteLine("kola: Ctrl-C takes the machine away");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, interruptions.First);
        }

        // Not through CliWrap: a shell needs this process's own terminal, not pipes. Its exit code is whatever was typed last.
        var start = new ProcessStartInfo("ssh", arguments) { UseShellExecute = false };
        try
        {
            using Process ssh = Process.Start(start)!;
            await ssh.WaitForExitAsync(interruptions.Second);
        }
        catch (Win32Exception fault)
        {
            throw new PlatformException(Signal.Host, $"ssh cannot be started: {fault.Message}\n  next:    apt-get install openssh-client, or use --no-shell", fault);
        }
    }
}
