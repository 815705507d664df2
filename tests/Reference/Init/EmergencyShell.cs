namespace Flatcar.Reference.Init;

/// <summary>Where a failed boot ends: said on every console, and a shell on the serial one until the machine is switched off.</summary>
internal static class EmergencyShell
{
    public static void Enter(string reason)
    {
        BootLog.Error(reason);
        BootLog.Error("Entering emergency mode. The log is in /run/ignition.log and dmesg.");
        while (true)
        {
            // The words a console check looks for, as systemd's emergency.service says them.
            BootLog.Error("You are in emergency mode.");
            if (File.Exists("/usr/bin/bash"))
                ChildProcess.Await(ChildProcess.StartOnTerminal(["/usr/bin/bash", "--login"], Program.ChildEnvironment, Terminal()));
            Native.Pause(TimeSpan.FromSeconds(2));
        }
    }

    /// <summary>The first serial console, or whatever /dev/console is.</summary>
    private static string Terminal()
    {
        var active = File.ReadAllText("/sys/class/tty/console/active").Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return "/dev/" + (active.FirstOrDefault(c => c.StartsWith("ttyS", StringComparison.Ordinal)
            || c.StartsWith("ttyAMA", StringComparison.Ordinal) || c.StartsWith("hvc", StringComparison.Ordinal)) ?? "console");
    }
}
