using System.CommandLine;
using Kola.Qemu;

namespace Kola.Cli;

/// <summary><c>kola gc</c></summary>
internal static class GcCommand
{
    internal static Command Create()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Tells what would go, and takes nothing away." };
        var command = new Command("gc", "Takes away what runs that died have left on this host: sockets, throw-away disks, and processes that did not end with them. Networks of tests end with their runs. What belongs to a kola that runs stays.") { dryRun };
        command.SetAction(parsed => Console.Out.WriteLine(Text(RuntimeDirectory.Sweep(QemuOptions.DefaultRuntimeDirectory, parsed.GetValue(dryRun)), parsed.GetValue(dryRun))));
        return command;
    }

    /// <summary>What went, for people.</summary>
    internal static string Text(IReadOnlyList<string> gone, bool dryRun) =>
        gone.Count == 0 ? "nothing is left of any run" : string.Join('\n', gone.Select(what => $"{(dryRun ? "left" : "removed")}: {what}"));
}
