namespace Flatcar.Reference.Init;

/// <summary>
/// Boots that need udev, systemd or the network before the root file system is ready: Ignition waits for devices through systemd.
/// As in Flatcar since 2025, the programs for it come from /usr. Init makes way for a systemd that knows only the units of
/// /usr/lib/flatcar/second-stage; one of them runs init again, as an ordinary process that does the rest.
/// </summary>
internal static class SecondStage
{
    /// <summary>First argument of init where it runs as a service of the second stage.</summary>
    public const string Argument = "second-stage";

    private const string Units = "/usr/lib/flatcar/second-stage";
    private const string ReasonFile = "/run/flatcar/second-stage";
    private const string RootByLabel = "/dev/disk/by-label/ROOT";

    private static readonly TimeSpan DevicePatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MemberPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan NetworkPatience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan OtherCardsPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <summary>Becomes systemd. /usr is mounted on /usr; /sysroot is given up, since Ignition may want to make it anew.</summary>
    /// <param name="provision">Ignition has run its fetch-offline stage and is to go on.</param>
    /// <param name="reason">What in the config or on the disk needs all this; for the log.</param>
    public static void Enter(bool provision, string reason)
    {
        BootLog.Info($"second stage, for {reason}");
        foreach (var mount in (string[])["/sysroot/etc", "/sysroot/usr", "/sysroot"])
        {
            if (IsMounted(mount))
                Native.Unmount(mount);
        }
        Directory.CreateDirectory(Path.GetDirectoryName(ReasonFile)!);
        File.WriteAllText(ReasonFile, provision ? "provision" : "boot");
        const string systemd = "/usr/lib/systemd/systemd";
        _ = Native.Execute(
            systemd,
            Native.StringArray([systemd, "--unit=second-stage.target", "--show-status=no", "--log-target=kmsg"]),
            Native.StringArray([.. Program.ChildEnvironment, "SYSTEMD_UNIT_PATH=" + Units, "SYSTEMD_SECCOMP=0"]));
        throw new BootException($"starting {systemd}: {Native.LastError}");
    }

    /// <summary>The rest of the boot, under that systemd.</summary>
    public static void Run(KernelCommandLine commandLine)
    {
        Execute("/usr/bin/udevadm", "trigger", "--action=add", "--subsystem-match=block", "--subsystem-match=net",
            "--subsystem-match=virtio", "--subsystem-match=pci", "--subsystem-match=tpm", "--subsystem-match=tpmrm");
        Execute("/usr/bin/udevadm", "settle", "--timeout=60");
        var provision = File.ReadAllText(ReasonFile) == "provision";
        IgnitionRun? ignition = null;
        if (provision)
        {
            ignition = new IgnitionRun(commandLine.Platform, Program.ChildEnvironment);
            if (IgnitionRun.WantsNetwork)
                BringUpNetwork();
            if (!IgnitionRun.IsFetched)
                ignition.FetchFromNetwork();
            ignition.PrepareDisks();
            Execute("/usr/bin/udevadm", "settle", "--timeout=60");
        }
        if (!File.Exists(RootByLabel) && EncryptedRoot.IsThere)
            EncryptedRoot.Open(BringUpNetwork);
        MountRoot();
        RootMount.Furnish(Program.ChildEnvironment);
        if (ignition is not null)
        {
            ignition.ApplyWithMounts();
            if (commandLine.FirstBoot != FirstBoot.Forced)
                EspPartition.Read(BootDisk.Find()).RemoveFirstBootFlag();
        }
        RootMount.Grow(BootDisk.Find(), Program.ChildEnvironment);
        RunningStart.Prepare(Program.ChildEnvironment);
        BootLog.Info("switching root from the second stage");
        // A program of another name, since systemd would take over the state of this one if it were told to start itself.
        Execute("/usr/bin/systemctl", "--no-block", "switch-root", RootMount.MountPoint, "/usr/lib/flatcar/systemd-afresh");
    }

    private static void MountRoot()
    {
        if (!Wait(MemberPatience, () => File.Exists(RootByLabel)))
        {
            // Arrays that wait for a member: what is there has to do.
            ChildProcess.Run(["/usr/sbin/mdadm", "--incremental", "--run", "--scan"], Program.ChildEnvironment, "/run/init.log");
        }
        if (!Wait(DevicePatience, () => File.Exists(RootByLabel)))
            throw new BootException($"no file system labelled ROOT appeared in {DevicePatience.TotalSeconds} s");
        var device = new FileInfo(RootByLabel).ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        var found = FileSystemProbe.Probe(device) ?? throw new BootException($"{device} holds no file system that init knows");
        KernelModules.Load(found.Type);
        Native.Mount(device, RootMount.MountPoint, found.Type);
        Directory.CreateDirectory(UsrMount.MountPoint);
        Native.Mount("/usr", UsrMount.MountPoint, null, Native.Bind);
        BootLog.Info($"root is {device}, {found.Type}");
    }

    private static void BringUpNetwork()
    {
        const string state = "/run/systemd/netif/state";
        Execute("/usr/bin/systemctl", "start", "systemd-networkd.service");
        // OPER_STATE=routable
        // DNS=10.0.2.3 fec0::3
        string[] lines = [];
        if (!Wait(NetworkPatience, () => File.Exists(state) && (lines = File.ReadAllLines(state)).Contains("OPER_STATE=routable")))
            throw new BootException($"Ignition failed: no network after {NetworkPatience.TotalSeconds} s");
        // What is on another card's network would be asked for by way of the first one.
        Wait(OtherCardsPatience, () => Directory.GetFiles("/run/systemd/netif/links").Where(f => Path.GetFileName(f).All(char.IsAsciiDigit)).All(IsSettled));
        var servers = lines.FirstOrDefault(l => l.StartsWith("DNS=", StringComparison.Ordinal))?[4..].Split(' ') ?? [];
        File.WriteAllLines("/etc/resolv.conf", servers.Where(s => s != "").Select(s => "nameserver " + s));
    }

    // ADMIN_STATE=configuring
    // OPER_STATE=degraded
    private static bool IsSettled(string link)
    {
        var state = File.ReadAllLines(link);
        return !state.Contains("ADMIN_STATE=configuring") || state.Contains("OPER_STATE=routable");
    }

    private static bool Wait(TimeSpan limit, Func<bool> arrived)
    {
        for (var waited = TimeSpan.Zero; waited < limit; waited += Step)
        {
            if (arrived())
                return true;
            Native.Pause(Step);
        }
        return false;
    }

    private static void Execute(params string[] command)
    {
        var code = ChildProcess.Run(command, Program.ChildEnvironment, "/run/init.log");
        if (code != 0)
            throw new BootException($"{string.Join(' ', command)} ended with {code}; see /run/init.log");
    }

    private static bool IsMounted(string path) => File.ReadLines("/proc/self/mounts").Any(l => l.Split(' ')[1] == path);
}
