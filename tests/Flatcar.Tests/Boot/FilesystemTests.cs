namespace Flatcar.Tests.Boot;

/// <summary>What must not be found in the filesystem of a fresh machine.</summary>
[Category("boot")]
public sealed class FilesystemTests
{
    private static readonly string[] s_setUid =
    [
        "/usr/bin/chage", "/usr/bin/chfn", "/usr/bin/chsh", "/usr/bin/expiry", "/usr/bin/gpasswd", "/usr/bin/ksu", "/usr/bin/man", "/usr/bin/mandb",
        "/usr/bin/mount", "/usr/bin/mount.nfs", "/usr/bin/newgidmap", "/usr/bin/newgrp", "/usr/bin/newuidmap", "/usr/bin/passwd", "/usr/bin/pkexec",
        "/usr/bin/su", "/usr/bin/sudo", "/usr/bin/umount", "/usr/bin/unix_chkpwd", "/usr/lib/polkit-1/polkit-agent-helper-1",
        "/usr/lib64/polkit-1/polkit-agent-helper-1", "/usr/libexec/dbus-daemon-launch-helper", "/usr/sbin/mount.nfs", "/usr/sbin/unix_chkpwd",
    ];

    private static readonly string[] s_setGid = ["/usr/bin/chage", "/usr/bin/expiry", "/usr/bin/unix_chkpwd", "/usr/sbin/unix_chkpwd"];

    private static readonly string[] s_mayBeDead =
        ["/dev", "/run/systemd", "/run/udev/links", "/run/udev/watch", "/run/user", "/usr/share/flatcar/etc", "/var/lib/docker", "/var/lib/flatcar-oem-gce"];

    private static readonly string[] s_mayBeSticky = ["/dev/mqueue", "/dev/shm", "/media", "/tmp", "/var/tmp", "/var/lib/docker"];

    // One walk for all, and in its own words: the peer walks the whole disk once for each of its seven questions.
    private const string Walk = """
        LC_ALL=C find / -ignore_readdir_race \( -path /proc -o -path /sys \) -prune -o \( \
            \( -xtype l -printf 'dead %p\0' \) , \
            \( -type f -perm -4000 -printf 'setuid %p\0' \) , \
            \( -type f -perm -2000 -printf 'setgid %p\0' \) , \
            \( -type f -perm -0002 -printf 'writable-file %p\0' \) , \
            \( -type d -perm -0002 ! -perm -1000 -printf 'writable-dir %p\0' \) , \
            \( -type d -perm -1000 -printf 'sticky %p\0' \) , \
            \( \( -path /usr/bin/perl -o -path /usr/bin/python -o -path /usr/share/man -o -path '/usr/bin/*.old' \) -printf 'unwanted %p\0' \) , \
            \( -name '*[[:cntrl:] ]*' -printf 'unwanted %p\0' \) \)
        """;

    [MachineTest("cl.filesystem")]
    public async Task Nothing_lies_where_it_should_not(Machine machine, Lab lab)
    {
        ILookup<string, string> found = await WalkAsync(machine);
        Assert.That(found["sticky"], Does.Contain("/tmp"), "the walk saw nothing at all");

        await StepAsync(lab, "deadlinks", [.. found["dead"].Where(link => !IsIn(link, s_mayBeDead))], "links that lead nowhere");
        await StepAsync(lab, "suid", [.. found["setuid"].Except(s_setUid)], "programs that must not be set-uid");
        await StepAsync(lab, "sgid", [.. found["setgid"].Except(s_setGid)], "programs that must not be set-gid");
        await StepAsync(lab, "writablefiles", [.. found["writable-file"]], "files everybody can write");
        await StepAsync(lab, "writabledirs", [.. found["writable-dir"]], "directories everybody can write, without the sticky bit");
        await StepAsync(lab, "stickydirs", [.. found["sticky"].Where(dir => !IsIn(dir, s_mayBeSticky))], "sticky directories in unusual places");
        await StepAsync(lab, "blacklist", [.. found["unwanted"].Where(path => !IsIn(path, ["/run", "/var/lib/docker"]))], "unwanted files and names");
    }

    private static Task StepAsync(Lab lab, string name, string[] wrong, string what) => lab.StepAsync(name, () =>
    {
        Assert.That(wrong, Is.Empty, what);
        return Task.CompletedTask;
    });

    // dead /etc/some/link<NUL>
    private static async Task<ILookup<string, string>> WalkAsync(Machine machine)
    {
        CommandResult walk = await machine.SudoAsync(Walk, TimeSpan.FromMinutes(4));
        return walk.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(entry => entry.Split(' ', 2))
            .ToLookup(pair => pair[0], pair => pair[1]);
    }

    private static bool IsIn(string path, string[] places) =>
        places.Any(place => path == place || path.StartsWith(place + "/", StringComparison.Ordinal));
}
