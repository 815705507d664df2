using System.Globalization;
using Kola.Machines;

namespace Kola;

/// <summary>
/// The way into a machine past its network: a virtual serial port, with a shell of root at its end. It is there while the system runs, whatever a test does to
/// cards, routes, names, firewalls and SSH.
/// </summary>
public sealed class OutOfBand
{
    private readonly Machine _machine;
    private readonly Func<string, TimeSpan, Task<CommandResult>> _run;

    internal OutOfBand(Machine machine, Func<string, TimeSpan, Task<CommandResult>> run) => (_machine, _run) = (machine, run);

    /// <summary>Runs a script of bash as root. What it prints on both of its outputs is the result's text, at most 1 MiB.</summary>
    /// <param name="script">The whole script. Its processes are ended with it.</param>
    /// <param name="within">Default 1 minute, times the platform's slowness; never beyond the test's deadline.</param>
    /// <exception cref="MachineException">Its exit code was not 0, it did not end in time, or the machine does not answer.</exception>
    public async Task<CommandResult> RunAsync(string script, TimeSpan? within = null)
    {
        CommandResult result = await TryRunAsync(script, within);
        return result.ExitCode == 0 ? result : throw new MachineException($"{_machine.Name}: `{Machine.Shown(script)}` ended with exit code {result.ExitCode} (out of band)\n  wanted:  exit code 0{Machine.Tail("got", result.Text)}");
    }

    /// <summary>As <see cref="RunAsync"/>, but an exit code other than 0 is a result, not an error.</summary>
    public Task<CommandResult> TryRunAsync(string script, TimeSpan? within = null) => _run(script, within ?? TimeSpan.FromMinutes(1));

    /// <summary>The command for the guest program: one that hangs must not hold the port for ever, and what it says must not look like the port's own words.</summary>
    internal static string Command(string script, TimeSpan limit) => string.Create(
        CultureInfo.InvariantCulture, $"timeout --kill-after=2 {Math.Ceiling(limit.TotalSeconds):0} bash -c {Machine.Quote(script)} 2>&1 | head --bytes=1M | tr -d '{(char)GuestProgram.EndOfAnswer}'; ( exit ${{PIPESTATUS[0]}} )");
}
