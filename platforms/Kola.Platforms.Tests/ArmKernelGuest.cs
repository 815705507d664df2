using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Kola.Platforms.Tests;

/// <summary>
/// A real kernel for arm64: Debian's packages as <c>scripts/test-arm64</c> has unpacked them, an initramfs that tells on the console what it finds of the machine,
/// and a FAT disk with Debian's GRUB for the way through firmware. Nothing of them runs on this host.
/// </summary>
internal static class ArmKernelGuest
{
    // In the order of their dependencies.
    private static readonly string[] s_modules = ["failover", "net_failover", "virtio_net", "virtio_blk", "qemu_fw_cfg", "tpm_tis_core", "tpm_tis"];

    // The second boot is known by what the first has left on a disk, and powers the machine off.
    private const string Init = """
        #!/bin/busybox sh
        /bin/busybox --install -s /bin
        mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
        for module in /modules/*.ko; do insmod $module; done
        echo "kola boot $(uname -m) on $(grep -c ^processor /proc/cpuinfo) processors"
        [ -d /sys/firmware/efi ] && echo "kola efi"
        echo "kola nodes $(cat /sys/devices/system/node/online), second has $(cat /sys/devices/system/node/node1/cpulist)"
        for disk in /sys/block/vd*/serial /sys/class/nvme/nvme*/serial; do echo "kola disk $(cat $disk)"; done
        for port in /sys/class/virtio-ports/*/name; do echo "kola port $(cat $port)"; done
        for version in /sys/class/tpm/tpm*/tpm_version_major; do [ -e $version ] && echo "kola tpm $(cat $version)"; done
        echo "kola config $(cat /sys/firmware/qemu_fw_cfg/by_name/opt/org.flatcar-linux/config/raw)"
        ip link set eth0 up; ip link set eth1 up
        printf '#!/bin/sh\n[ -n "$ip" ] && echo "kola address $ip" >/dev/console\n' >/bin/lease; chmod 755 /bin/lease
        udhcpc -q -n -i eth0 -s /bin/lease >/dev/null
        data=/dev/$(basename $(dirname $(grep -l data /sys/block/vd*/serial)))
        [ "$(head -c 1 $data)" = K ] && { echo "kola off"; poweroff -f; }
        printf K | dd of=$data conv=notrunc,fsync 2>/dev/null
        echo "kola done"
        while :; do sleep 60; done
        """;

    /// <summary>Where the packages are; null where nobody has unpacked them.</summary>
    public static string? Packages => Environment.GetEnvironmentVariable("KOLA_ARM64_PACKAGES");

    /// <summary>Makes the image: a disk that firmware boots, and kernel and initramfs beside it.</summary>
    public static async Task<Image> WriteAsync(string packages, Scratch scratch)
    {
        string kernel = Directory.GetFiles(Path.Combine(packages, "boot"), "vmlinuz-*").Single();
        string initrd = scratch.File("initrd.cpio");
        await File.WriteAllBytesAsync(initrd, Archive(packages));
        await File.WriteAllTextAsync(scratch.File("grub.cfg"), "linux /kernel console=ttyAMA0\ninitrd /initrd.cpio\nboot\n");
        string disk = scratch.File("arm64.img");
        await TinyLoader.RunAsync("mkfs.vfat", "-F", "32", "-C", disk, "98304");
        await TinyLoader.RunAsync("mmd", "-i", disk, "::EFI", "::EFI/boot", "::EFI/debian");
        await TinyLoader.RunAsync("mcopy", "-i", disk, Path.Combine(packages, "usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed"), "::EFI/boot/bootaa64.efi");
        await TinyLoader.RunAsync("mcopy", "-i", disk, scratch.File("grub.cfg"), "::EFI/debian/grub.cfg");
        await TinyLoader.RunAsync("mcopy", "-i", disk, kernel, "::kernel");
        await TinyLoader.RunAsync("mcopy", "-i", disk, initrd, "::initrd.cpio");
        return new Image
        {
            File = disk,
            Format = "raw",
            Digest = "sha256:" + new string('0', 64),
            Name = "debian-arm64",
            Architecture = "arm64",
            Direct = new DirectBoot { Kernel = kernel, Initrd = initrd, CommandLine = "console=ttyAMA0" },
        };
    }

    private static byte[] Archive(string packages)
    {
        using var archive = new MemoryStream();
        foreach (string directory in new[] { "bin", "dev", "proc", "sys", "modules" })
            Add(archive, directory, "040755", []);
        Add(archive, "init", "100755", Encoding.UTF8.GetBytes(Init));
        Add(archive, "bin/busybox", "100755", File.ReadAllBytes(Path.Combine(packages, "usr/bin/busybox")));
        foreach ((string name, int place) in s_modules.Select((m, i) => (m, i)))
            Add(archive, string.Create(CultureInfo.InvariantCulture, $"modules/{place}-{name}.ko"), "100644", Module(packages, name));
        Add(archive, "TRAILER!!!", "0", []);
        return archive.ToArray();
    }

    private static byte[] Module(string packages, string name)
    {
        string file = Directory.GetFiles(Path.Combine(packages, "usr/lib/modules"), name + ".ko.xz", SearchOption.AllDirectories).Single();
        using Process xz = Process.Start(new ProcessStartInfo("xz", ["-dc", file]) { RedirectStandardOutput = true })!;
        using var content = new MemoryStream();
        xz.StandardOutput.BaseStream.CopyTo(content);
        return content.ToArray();
    }

    // The "newc" format of cpio: magic, 13 numbers of 8 hexadecimal digits, the name, the content; both are filled up to four bytes.
    private static void Add(MemoryStream archive, string name, string octalMode, byte[] content)
    {
        int[] numbers = [0, Convert.ToInt32(octalMode, 8), 0, 0, 1, 0, content.Length, 0, 0, 0, 0, name.Length + 1, 0];
        archive.Write(Encoding.ASCII.GetBytes("070701" + string.Concat(numbers.Select(n => n.ToString("x8", CultureInfo.InvariantCulture))) + name + "\0"));
        Fill(archive);
        archive.Write(content);
        Fill(archive);
    }

    private static void Fill(MemoryStream archive)
    {
        while (archive.Length % 4 != 0)
            archive.WriteByte(0);
    }
}
