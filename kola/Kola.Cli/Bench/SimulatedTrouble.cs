using System.Globalization;

namespace Kola.Cli.Bench;

/// <summary>What can go wrong in a run that never was.</summary>
/// <param name="Sign">What decides.</param>
/// <param name="First">First line of the message, after the machine.</param>
/// <param name="Wanted">What was wanted.</param>
/// <param name="Got">What was got.</param>
/// <param name="LogLine">What console and journal say.</param>
/// <param name="Check">Check that fires; null for none.</param>
/// <param name="Title">Its sentence.</param>
internal sealed record SimulatedTrouble(string Sign, string First, string Wanted, string Got, string LogLine, string? Check = null, string? Title = null)
{
    private static readonly SimulatedTrouble[] s_failures =
    [
        new("machine", "unit docker.service was \"failed\" 14 s after boot", "active within 120 s", "failed (exit-code 1)", "systemd[1]: docker.service: Main process exited, code=exited, status=1/FAILURE"),
        new("machine", "`docker run --rm ghcr.io/flatcar/busybox true` ended with exit code 125", "exit code 0", "docker: Error response from daemon: failed to create task for container: OCI runtime create failed", "containerd[771]: level=error msg=\"OCI runtime create failed: runc create failed: unable to start container process\""),
        new("assertion", "the root file system did not grow", "at least 8 GiB", "2147483648 bytes", "systemd-growfs[412]: Failed to resize /: Operation not permitted"),
        new("deadline", "waited 300 s for all nodes to be Ready", "3 nodes Ready, within 300 s", "NAME STATUS\nnode-1 Ready\nnode-2 NotReady", "kubelet[941]: E1122 kubelet.go:2855] \"Container runtime network not ready\" networkReady=\"NetworkReady=false\""),
        new("check:kernel-warning", "The kernel warned with a backtrace", "no such line in the console (kernel-warning)", "WARNING: kernel/workqueue.c:1234 at __queue_work+0x1/0x2, CPU#1: kworker/1:1/77", "kernel: WARNING: kernel/workqueue.c:1234 at __queue_work+0x1/0x2, CPU#1: kworker/1:1/77", "kernel-warning", "The kernel warned with a backtrace"),
    ];

    private static readonly SimulatedTrouble[] s_faults =
    [
        new("machine-lost", "QEMU was killed by signal 9 12 s after boot", "a running machine", "no process", "kernel: clocksource: Long readout interval, skipping watchdog check"),
        new("host-memory", "no memory was left for the machine", "1024 MiB", "Cannot allocate memory", "kernel: Memory: 960612K/1048040K available"),
    ];

    internal static SimulatedTrouble Draw(Random random, Outcome outcome) => outcome == Outcome.Broken ? s_faults[random.Next(s_faults.Length)] : s_failures[random.Next(s_failures.Length)];

    internal string Message(string machine, string shown, (int Console, int Journal) line, string id) => string.Create(CultureInfo.InvariantCulture,
        $"{machine}: {First}\n  wanted:  {Wanted}\n  got:     {Got.Replace("\n", "\n           ", StringComparison.Ordinal)}\n  see:     {shown}/{(Check is null ? $"journal.txt:{line.Journal}" : $"console.txt:{line.Console}")}\n  next:    kola run {id} --keep");

    internal Evidence Evidence(string machine, string directory, (int Console, int Journal) line) => new()
    {
        Sign = Sign,
        Machine = machine,
        File = $"{directory}/{(Check is null ? "journal.txt" : "console.txt")}",
        Line = Check is null ? line.Journal : line.Console,
    };
}
