namespace Flatcar.Reference.Init;

/// <summary>PID 1 of the initramfs. From here to systemd no other program runs but Ignition, and that only on the first boot.</summary>
internal static class Program
{
    /// <summary>Environment of the programs that init starts; the stand-ins of the first directory shadow those of the image.</summary>
    public static IReadOnlyList<string> ChildEnvironment { get; } =
        ["PATH=/usr/lib/flatcar/initrd:/usr/sbin:/usr/bin", "TERM=linux", "HOME=/root"];

    private static void Main(string[] arguments)
    {
        try
        {
            if (arguments is [KernelArguments.Argument, .. var wanted])
            {
                Environment.ExitCode = KernelArguments.Run(wanted);
                return;
            }
            if (arguments is [SecondStage.Argument])
            {
                SecondStage.Run(KernelCommandLine.Read());
                return;
            }
            MountKernelFileSystems();
            BootLog.LiftRateLimit();
            Boot();
        }
        catch (Exception e)
        {
            EmergencyShell.Enter(e is BootException ? e.Message : e.ToString());
        }
    }

    private static void Boot()
    {
        var commandLine = KernelCommandLine.Read();
        KernelModules.Load("boot");
        var disk = BootDisk.Find();
        disk.Adopt();
        var esp = EspPartition.Read(disk);
        var firstBoot = commandLine.FirstBoot switch
        {
            FirstBoot.ByFlagFile => esp.HasFirstBootFlag,
            FirstBoot.Detected when !esp.HasFirstBootFlag =>
                throw new BootException("flatcar.first_boot=detected, but the ESP has no /flatcar/first_boot"),
            FirstBoot.Detected or FirstBoot.Forced => true,
            _ => false,
        };
        var rootFound = RootMount.Mount(disk);
        UsrMount.Mount(disk, esp, commandLine);
        Native.Mount(UsrMount.MountPoint, "/usr", null, Native.Bind);
        if (rootFound)
            RootMount.Furnish(ChildEnvironment);
        else if (!firstBoot)
            SecondStage.Enter(provision: false, "a root file system that is not on the ROOT partition");
        if (firstBoot)
            Provision(commandLine, esp, rootFound);
        RootMount.Grow(disk, ChildEnvironment);
        RunningStart.Prepare(ChildEnvironment);
        BootLog.Info("switching root");
        SwitchRoot.ToSystemd(SystemdEnvironment());
    }

    private static void Provision(KernelCommandLine commandLine, EspPartition esp, bool rootFound)
    {
        KernelModules.Load(commandLine.Platform);
        var ignition = new IgnitionRun(commandLine.Platform, ChildEnvironment);
        var beyondInit = ignition.Fetch();
        if (beyondInit != "" || !rootFound)
            SecondStage.Enter(provision: true, beyondInit != "" ? beyondInit : "a root file system that is not there yet");
        ignition.Apply();
        if (commandLine.FirstBoot != FirstBoot.Forced)
            esp.RemoveFirstBootFlag();
    }

    private static void MountKernelFileSystems()
    {
        Native.Mount("proc", "/proc", "proc", Native.NoSuid | Native.NoDev | Native.NoExec);
        Native.Mount("sysfs", "/sys", "sysfs", Native.NoSuid | Native.NoDev | Native.NoExec);
        Native.Mount("devtmpfs", "/dev", "devtmpfs", Native.NoSuid, "mode=0755");
        Native.Mount("tmpfs", "/run", "tmpfs", Native.NoSuid | Native.NoDev, "mode=0755");
    }

    /// <summary>The kernel hands NAME=value words of its command line to PID 1 as environment; systemd is to see them.</summary>
    private static List<string> SystemdEnvironment()
    {
        var environment = new List<string>();
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
            environment.Add($"{variable.Key}={variable.Value}");
        return environment;
    }
}
