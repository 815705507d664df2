using System.ComponentModel;
using System.Diagnostics;
using Kola.Machines;
using Kola.Planning;
using Kola.Running;

namespace Kola.Cli;

/// <summary>
/// Machines a person looks into: those of a test that nobody runs the code of, with a shell in one of them. The same artifacts and the same watching
/// as of any test; they are gone when the person is.
/// </summary>
internal sealed record Visit(Target Target, TestCase Test, RunSettings Settings, TestCode Code)
{
    /// <summary>A week: no deadline to speak of.</summary>
    internal const int Minutes = 7 * 24 * 60;

    /// <summary>Role of the machine the shell is in; null for the first.</summary>
    internal string? Role { get; init; }

    /// <summary>Print how to get in and wait for Ctrl-C instead of opening a shell.</summary>
    internal bool NoShell { get; init; }

    /// <summary>What to make of a fault where there is no test's code.</summary>
    internal static (Outcome Outcome, string? Message) Judge(Exception fault) => (Outcome.Failed, fault.Message);

    /// <summary>Boots, opens the shell, takes the machines away.</summary>
    /// <returns>The exit code: 0 once they were ready, whatever was typed.</returns>
    internal async Task<int> ExecuteAsync(IReadOnlyList<string> commandLine, Interruptions interruptions)
    {
        var run = new Run(Target, new Plan { Tests = [new PlannedTest(Test, null)] }, Settings, interruptions);
        bool ready = false;
        int code = await run.ExecuteAsync(commandLine, session => LookAsync(session, async lab =>
        {
            ready = true;
            await ShellAsync(lab.Machines, run, interruptions);
        }));
        return ready ? ExitCode.Clean : code;
    }

    private async Task LookAsync(Session session, Func<LabMachines, Task> look)
    {
        Console.Error.WriteLine("kola: booting");
        TestEnded? ended = await session.RunAsync(Test.Id, look, Code);
        if (ended is { Outcome: not (Outcome.Passed or Outcome.NotRun), Message: { } message })
            Console.Error.WriteLine($"kola: {message}");
    }

    private async Task ShellAsync(IReadOnlyList<Machine> machines, Run run, Interruptions interruptions)
    {
        Machine machine = machines.FirstOrDefault(m => m.Name == Role) ?? machines[0];
        Console.Error.WriteLine($"kola: ready, version {machine.Version}");
        foreach (Machine other in machines.Where(m => m != machine || NoShell))
            (NoShell ? Console.Out : Console.Error).WriteLine($"{(machines.Count > 1 ? $"{other.Name}: " : "")}ssh {string.Join(' ', run.SshArguments(other))}");
        if (NoShell)
        {
            Console.Error.WriteLine($"kola: Ctrl-C takes {(machines.Count > 1 ? "the machines" : "the machine")} away");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, interruptions.First);
        }

        if (machines.Count > 1)
            Console.Error.WriteLine($"kola: this is {machine.Name}");
        // Not through CliWrap: a shell needs this process's own terminal, not pipes. Its exit code is whatever was typed last.
        var start = new ProcessStartInfo("ssh", run.SshArguments(machine)) { UseShellExecute = false };
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
