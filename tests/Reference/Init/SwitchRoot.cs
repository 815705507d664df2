namespace Flatcar.Reference.Init;

/// <summary>Leaves the initramfs for the system in /sysroot.</summary>
internal static class SwitchRoot
{
    private static readonly string[] Kept = ["dev", "proc", "sys", "run"];

    public static void ToSystemd(IReadOnlyList<string> environment)
    {
        foreach (var mount in Kept)
        {
            Directory.CreateDirectory($"{RootMount.MountPoint}/{mount}");
            Native.Mount("/" + mount, $"{RootMount.MountPoint}/{mount}", null, Native.Move);
        }
        Native.Unmount("/usr");
        Free("/");
        Enter(RootMount.MountPoint, "/usr/lib/systemd/systemd", environment);
    }

    /// <summary>Makes a directory the root of everything and becomes a program in it. Returns only by exception.</summary>
    public static void Enter(string root, string program, IReadOnlyList<string> environment)
    {
        _ = Native.ChangeDirectory(root);
        Native.Mount(".", "/", null, Native.Move);
        if (Native.ChangeRoot(".") != 0)
            throw new BootException($"chroot to {root}: {Native.LastError}");
        _ = Native.ChangeDirectory("/");
        _ = Native.Execute(program, Native.StringArray([program]), Native.StringArray(environment));
        throw new BootException($"starting {program}: {Native.LastError}");
    }

    /// <summary>The files of an initramfs are memory nobody could reach or free later.</summary>
    private static void Free(string directory)
    {
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            if (entry.FullName == RootMount.MountPoint)
                continue;
            if (entry is DirectoryInfo child && entry.LinkTarget is null)
                Free(child.FullName);
            try
            {
                entry.Delete();
            }
            catch (IOException)
            {
                // A mount point: not ours.
            }
        }
    }
}
