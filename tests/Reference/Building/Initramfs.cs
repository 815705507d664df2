using System.Globalization;

namespace Flatcar.Reference.Building;

/// <summary>
/// The initramfs: init, the C library it is linked to, and the modules it loads. Not compressed, since an emulated machine would
/// pay more for that than the boot loader for reading it.
/// </summary>
internal sealed class Initramfs(PackageLayer layer, GuestTree tree, string work)
{
    /// <summary>Modules by the purpose for which init loads them.</summary>
    private static readonly (string Set, string[] Modules)[] Modules =
    [
        ("boot", ["virtio_blk", "vfat", "nls_cp437", "nls_ascii", "sha256-ssse3", "dm_verity", "overlay", "autofs4", "virtio_net", "button", "evdev"]),
        ("disks", ["virtio_scsi", "sd_mod", "ahci", "nvme", "virtio_mmio"]),
        ("btrfs", ["btrfs"]),
        ("xfs", ["xfs"]),
        ("qemu", ["qemu_fw_cfg"]),
    ];

    private static readonly string[] Libraries = ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"];

    private static readonly string[] Directories =
    [
        "dev", "etc", "etc/udev", "etc/security", "modules", "proc", "root", "run", "sys", "sysroot", "tmp", "var", "usr", "usr/bin", "usr/lib", "usr/lib64", "usr/sbin",
        "usr/lib/x86_64-linux-gnu",
    ];

    /// <summary>
    /// From Debian's dracut module of Ignition. Without the rule systemd never takes an opened LUKS volume without a file system for
    /// ready, and Ignition waits for it in vain; without the other, clevis' passwords are held against a dictionary that is not there.
    /// </summary>
    private static readonly (string Source, string Target)[] IgnitionSettings =
    [
        ("99-xx-ignition-systemd-cryptsetup.rules", "etc/udev/rules.d/99-xx-ignition-systemd-cryptsetup.rules"),
        ("ignition-luks.conf", "etc/security/pwquality.conf.d/ignition-luks.conf"),
    ];

    public async Task WriteAsync(string path, string init, CancellationToken cancel)
    {
        await using var file = new FileStream(path, FileMode.Create);
        var archive = new CpioArchive(file);
        foreach (var directory in Directories)
            archive.AddDirectory(directory);
        foreach (var link in (string[])["bin", "sbin", "lib", "lib64"])
            archive.AddLink(link, "usr/" + link);
        // The kernel opens init's standard streams before anything is mounted.
        archive.AddCharacterDevice("dev/console", 5, 1);
        archive.AddCharacterDevice("dev/null", 1, 3);
        archive.AddFile("init", await File.ReadAllBytesAsync(init, cancel), 0x1ED);
        foreach (var library in Libraries)
        {
            var source = layer.PathOf("usr/lib/x86_64-linux-gnu/" + library);
            archive.AddFile("usr/lib/x86_64-linux-gnu/" + library, await File.ReadAllBytesAsync(source, cancel), 0x1ED);
        }
        archive.AddLink("usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
        // systemd looks only whether it is there; the initramfs is that of all versions.
        archive.AddFile("etc/initrd-release", "ID=flatcar\nVARIANT_ID=reference\n"u8.ToArray());
        foreach (var name in (string[])["passwd", "group", "nsswitch.conf", "ld.so.cache"])
            archive.AddFile("etc/" + name, File.ReadAllBytes(Path.Combine(tree.Root, "usr/share/flatcar/etc", name)));
        foreach (var (source, target) in IgnitionSettings)
        {
            archive.AddDirectory(Path.GetDirectoryName(target)!);
            archive.AddFile(target, File.ReadAllBytes(layer.PathOf("usr/lib/dracut/modules.d/30ignition/" + source)));
        }
        foreach (var (set, modules) in Modules)
            await AddModulesAsync(archive, set, modules, cancel);
        archive.Finish();
    }

    private async Task AddModulesAsync(CpioArchive archive, string set, string[] modules, CancellationToken cancel)
    {
        archive.AddDirectory("modules/" + set);
        var seen = new List<string>();
        foreach (var module in modules)
        {
            // insmod /lib/modules/6.12.1-cloud-amd64/kernel/drivers/md/dm-bufio.ko
            // builtin ext4
            var listing = await layer.ShellAsync(
                work, $"modprobe --dirname /mnt/tree/usr --set-version {layer.KernelRelease} --show-depends {module}", cancel);
            seen.AddRange(listing.Split('\n').Where(l => l.StartsWith("insmod ", StringComparison.Ordinal)).Select(l => l.Split(' ')[1])
                .Where(p => !seen.Contains(p)));
        }
        for (var i = 0; i < seen.Count; i++)
        {
            var inTree = Path.Combine(tree.Root, "usr/lib/modules" + seen[i].Split("/lib/modules")[^1]);
            var name = string.Create(CultureInfo.InvariantCulture, $"modules/{set}/{i:d2}-{Path.GetFileName(inTree)}");
            archive.AddFile(name, await File.ReadAllBytesAsync(inTree, cancel));
        }
    }
}
