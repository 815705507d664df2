using System.Text;

namespace Flatcar.Reference.Init;

/// <summary>Mounts ROOT on /sysroot, grows it to its partition, with the base directories and the /etc overlay in place.</summary>
internal static unsafe class RootMount
{
    public const string MountPoint = "/sysroot";

    private const uint Ext4Resize = 0x4008_6610, BtrfsResize = 0x5000_9403;

    /// <summary>Mounts the file system itself; false when the ROOT partition holds none that is labelled ROOT.</summary>
    public static bool Mount(BootDisk disk)
    {
        var partition = disk.Named("ROOT") ?? throw new BootException($"{disk.Device} has no partition named ROOT");
        var device = disk.PartitionDevice(partition);
        if (FileSystemProbe.Probe(device) is not { Label: "ROOT" } found)
            return false;
        KernelModules.Load(found.Type);
        Native.Mount(device, MountPoint, found.Type);
        return true;
    }

    /// <summary>Grows the mounted root with its partition; a root elsewhere (RAID, LUKS) is left as it was made.</summary>
    public static void Grow(BootDisk disk, IReadOnlyList<string> environment)
    {
        var source = File.ReadLines("/proc/self/mounts").Select(l => l.Split(' ')).First(l => l[1] == MountPoint)[0];
        if (disk.Named("ROOT") is not { } partition || disk.PartitionDevice(partition) != source)
            return;
        disk.GrowRoot();
        Grow(FileSystemProbe.Probe(source)!, disk.Named("ROOT")!.ByteLength, environment);
    }

    /// <summary>What every root needs before anything runs in it; /usr is mounted by now.</summary>
    public static void Furnish(IReadOnlyList<string> environment)
    {
        if (!Directory.Exists("/sysroot/var"))
        {
            var code = ChildProcess.Run(["/usr/bin/tar", "-C", "/sysroot", "--skip-old-files", "-xpf", "/usr/share/flatcar/rootskel.tar"], environment, "/run/init.log");
            if (code != 0)
                throw new BootException($"unpacking the base directories ended with {code}; see /run/init.log");
        }
        Directory.CreateDirectory("/sysroot/.etc-work");
        Native.Mount("overlay", "/sysroot/etc", "overlay", Native.NoAccessTime,
            "lowerdir=/sysroot/usr/share/flatcar/etc,upperdir=/sysroot/etc,workdir=/sysroot/.etc-work,redirect_dir=on,metacopy=off");
    }

    private static void Grow(FileSystemProbe found, long partitionBytes, IReadOnlyList<string> environment)
    {
        // Less than a MiB is rounding.
        if (partitionBytes - found.Bytes < 1 << 20)
            return;
        var done = found.Type switch
        {
            "ext4" => Resize(Ext4Resize, BitConverter.GetBytes(partitionBytes / found.BlockSize)),
            "btrfs" => Resize(BtrfsResize, BtrfsArgument()),
            "xfs" => ChildProcess.Run(["/usr/sbin/xfs_growfs", MountPoint], environment, "/run/init.log") == 0,
            _ => true,
        };
        BootLog.Info(done
            ? $"root file system grows from {found.Bytes >> 20} to {partitionBytes >> 20} MiB"
            : $"root file system stays at {found.Bytes >> 20} MiB: {Native.LastError}");
    }

    private static byte[] BtrfsArgument()
    {
        var argument = new byte[4096];
        Encoding.ASCII.GetBytes("max", argument.AsSpan(8));
        return argument;
    }

    private static bool Resize(uint request, byte[] argument)
    {
        fixed (byte* pointer = argument)
            return Native.IoctlOnDirectory(MountPoint, request, pointer);
    }
}
