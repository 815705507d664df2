using System.CommandLine;
using Kola.Platforms;

namespace Kola.Cli;

/// <summary><c>kola gc</c></summary>
internal static class GcCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var platform = new Option<string>("--platform") { Description = "Where: a name of kola platforms, or a file with a platform of your own.", HelpName = "NAME|FILE.dll", DefaultValueFactory = _ => "qemu" };
        var run = new Option<string?>("--run") { Description = "Take away all of one run, also when it has not expired and may go on.", HelpName = "RUN" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Tells what would go, and takes nothing away." };
        var options = new DriverOptions();
        var command = new Command("gc", "Takes away what runs that died have left: on this host sockets, throw-away disks and processes; on other platforms all that carries kola's tags and has expired, or was made by a kola of this host that is gone. What belongs to a kola that runs stays.") { platform, run, dryRun };
        options.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            IPlatformDriver driver = Drivers.Find(parsed.GetValue(platform)!);
            PlatformAccess access = surroundings.AccessTo(options.Read(parsed, driver), new StandardErrorProgress());
            Removal removed = await Removal.RunAsync(driver, access, parsed.GetValue(run), parsed.GetValue(dryRun), cancel);
            Console.Out.WriteLine(removed.ForPeople());
            foreach (string failure in removed.Failures)
                await Console.Error.WriteLineAsync($"kola: {failure}");
            return removed.Failures.Count == 0 ? ExitCode.Clean : ExitCode.Broken;
        });
        return command;
    }
}
