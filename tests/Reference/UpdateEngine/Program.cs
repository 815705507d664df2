namespace Flatcar.Reference.UpdateEngine;

/// <summary>One program under several names: the daemon, its client, and what both the daemon and scripts do to the partition table.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        var name = Path.GetFileName(File.ReadAllText("/proc/self/cmdline").Split('\0')[0]);
        try
        {
            return (name, arguments) switch
            {
                ("update_engine_client", _) => await ClientCommand.RunAsync(arguments),
                ("flatcar-setgoodroot", _) => await GoodRoot.MarkAsync(Slot.Running(), CancellationToken.None),
                (_, ["prioritize", .. var rest]) => SlotPriority.Run(rest),
                (_, ["download-sysext", var file, var target]) => await SysextDownload.RunAsync(new Places(), file, target, CancellationToken.None),
                _ => await Daemon.RunAsync(new Places()),
            };
        }
        catch (Exception e)
        {
            Log.Error(e is UpdateException ? e.Message : e.ToString());
            return 1;
        }
    }
}
