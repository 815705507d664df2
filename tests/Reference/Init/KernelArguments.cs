namespace Flatcar.Reference.Init;

/// <summary>
/// What Ignition starts as <c>ignition-kargs-helper</c>, by the name of a script that starts init: the arguments go into OEM's grub.cfg,
/// and the machine restarts with them, still for the first time.
/// </summary>
internal static class KernelArguments
{
    /// <summary>First argument of init where it stands in for the program.</summary>
    public const string Argument = "kernel-arguments";

    private const string Oem = "/dev/disk/by-label/OEM", MountPoint = "/run/oem", ChangedFile = "/run/flatcar/kernel-arguments-changed";

    /// <summary>The arguments of this boot are not those of the config: it is no use to go on with it.</summary>
    public static bool HaveChanged => File.Exists(ChangedFile);

    /// <summary>Takes <c>--should-exist ARGUMENT</c> and <c>--should-not-exist ARGUMENT</c>. Returns the exit code.</summary>
    public static int Run(IReadOnlyList<string> arguments)
    {
        try
        {
            Apply(arguments);
            return 0;
        }
        catch (Exception e)
        {
            Console.WriteLine(e.Message);
            return 1;
        }
    }

    private static void Apply(IReadOnlyList<string> arguments)
    {
        var (wanted, unwanted) = Read(arguments);
        // GRUB names the kernel it has started; an emulator that was given kernel and command line does not.
        if (KernelCommandLine.Read()["BOOT_IMAGE"] is null)
            throw new BootException("the kernel was not started by the boot loader on the disk: its command line comes from outside (kola: --firmware bios)");
        if (!File.Exists(Oem))
            throw new BootException($"there is no {Oem}, which the boot loader takes arguments from");
        var probe = FileSystemProbe.Probe(Oem) ?? throw new BootException($"{Oem} holds no file system that init knows");
        KernelModules.Load(probe.Type);
        Directory.CreateDirectory(MountPoint);
        Native.Mount(Oem, MountPoint, probe.Type);
        try
        {
            const string file = MountPoint + "/grub.cfg";
            var text = File.Exists(file) ? File.ReadAllText(file) : "";
            var changed = GrubAppend.With(text, wanted, unwanted);
            if (changed == text)
                return;
            File.WriteAllText(file, changed);
        }
        finally
        {
            Native.Unmount(MountPoint);
        }
        EspPartition.Read(BootDisk.Find()).SetFirstBootFlag();
        Directory.CreateDirectory(Path.GetDirectoryName(ChangedFile)!);
        File.WriteAllText(ChangedFile, "");
    }

    private static (List<string> Wanted, List<string> Unwanted) Read(IReadOnlyList<string> arguments)
    {
        var (wanted, unwanted) = (new List<string>(), new List<string>());
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var list = arguments[i] switch
            {
                "--should-exist" => wanted,
                "--should-not-exist" => unwanted,
                var other => throw new BootException($"unknown option {other}"),
            };
            list.Add(i + 1 < arguments.Count ? arguments[i + 1] : throw new BootException($"{arguments[i]} without an argument"));
        }
        return (wanted, unwanted);
    }
}
