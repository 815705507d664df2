using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Core;

/// <summary>The kernel: sound, and made with what containers, storage and networks need.</summary>
[Category("core")]
public sealed class KernelTests
{
    // Built in or as a module. What Docker's check-config.sh calls necessary, what Kubernetes' system verification asks for, and what systemd's README requires.
    private static readonly string[] s_required =
    [
        "NAMESPACES", "NET_NS", "PID_NS", "IPC_NS", "UTS_NS", "USER_NS", "CGROUPS", "CGROUP_PIDS", "CGROUP_FREEZER", "CGROUP_DEVICE", "CGROUP_SCHED", "CGROUP_BPF", "CPUSETS", "MEMCG", "FAIR_GROUP_SCHED", "CFS_BANDWIDTH", "BLK_CGROUP", "KEYS",
        "VETH", "BRIDGE", "BRIDGE_NETFILTER", "NETFILTER_XT_MATCH_ADDRTYPE", "NETFILTER_XT_MATCH_CONNTRACK", "NETFILTER_XT_MATCH_IPVS", "NETFILTER_XT_MARK", "NF_TABLES", "NF_NAT", "IP_VS", "IP_VS_RR", "VXLAN", "IPVLAN", "MACVLAN", "DUMMY", "TUN", "WIREGUARD",
        "POSIX_MQUEUE", "OVERLAY_FS", "EXT4_FS", "BTRFS_FS", "XFS_FS", "SQUASHFS", "VFAT_FS", "FUSE_FS", "TMPFS_XATTR", "TMPFS_POSIX_ACL", "AUTOFS_FS", "NFS_FS", "NFSD", "DM_VERITY", "DM_CRYPT", "DM_THIN_PROVISIONING", "MD_RAID0", "MD_RAID1", "ISCSI_TCP", "BLK_DEV_LOOP",
        "DEVTMPFS", "INOTIFY_USER", "SIGNALFD", "TIMERFD", "EPOLL", "UNIX", "SYSFS", "PROC_FS", "FHANDLE", "SECCOMP", "SECCOMP_FILTER", "PSI", "AUDIT", "BPF_SYSCALL", "MODULE_SIG", "SECURITY_LOCKDOWN_LSM", "VIRTIO_NET", "VIRTIO_BLK", "SCSI_VIRTIO", "HW_RANDOM_VIRTIO",
    ];

    // One of each kind, loaded for real: a module may be there and not go into this kernel.
    private static readonly string[] s_modules = ["bridge", "veth", "vxlan", "wireguard", "macvlan", "ipvlan", "dummy", "tun", "ip_vs_rr", "xt_conntrack", "nf_tables", "overlay", "btrfs", "xfs", "squashfs", "nfsd", "dm_crypt", "dm_thin_pool", "raid1", "iscsi_tcp", "loop", "zram"];

    [MachineTest("core.kernel.config")]
    public async Task The_kernel_was_built_with_what_the_system_is_for(Machine machine)
    {
        CommandResult config = await machine.RunAsync("zcat /proc/config.gz 2>/dev/null || cat /usr/boot/config-$(uname -r) 2>/dev/null || cat /usr/lib/modules/$(uname -r)/config");
        var built = config.Lines.Where(line => line.EndsWith("=y", StringComparison.Ordinal) || line.EndsWith("=m", StringComparison.Ordinal)).Select(line => line["CONFIG_".Length..^2]).ToHashSet();
        Assert.That(built, Has.Count.GreaterThan(1000), "the configuration could not be read");
        Assert.That(s_required.Where(option => !built.Contains(option)), Is.Empty, "options that are neither built in nor modules");
    }

    [MachineTest("core.kernel.modules")]
    public async Task Modules_of_each_kind_can_be_loaded(Machine machine)
    {
        CommandResult loaded = await machine.SudoAsync($"for module in {string.Join(' ', s_modules)}; do modprobe $module 2>&1 || echo $module; test -d /sys/module/$module || echo $module is not there; done");
        Assert.That(loaded.Lines, Is.Empty, "modules that cannot be loaded");
        Assert.That((await machine.RunAsync("cat /proc/sys/kernel/tainted")).Text, Is.EqualTo("0"), "one of them is not the kernel's own");
    }

    [MachineTest("core.kernel.sound")]
    public async Task The_kernel_booted_without_a_warning_and_is_not_tainted(Machine machine)
    {
        Assert.That((await machine.RunAsync("cat /proc/sys/kernel/tainted")).Text, Is.EqualTo("0"));
        Assert.That(await machine.JournalAsync("--boot --dmesg --priority=crit"), Is.Empty, "the gravest of what it said");
        CommandResult traces = await machine.TryRunAsync("sudo dmesg | grep -E 'cut here|Call Trace|BUG:|WARNING:|segfault|blocked for more than|I/O error'");
        Assert.That(traces.Lines, Is.Empty);
    }

    [MachineTest("core.sysctl")]
    public async Task Settings_of_the_kernel_have_their_effect(Machine machine)
    {
        // Ping without rights (ping_group_range), routing for containers (ip_forward), sockets in a syn flood.
        CommandResult settings = await machine.RunAsync("ping -c 1 -W 2 127.0.0.1 >/dev/null && echo pings; sysctl --values net.ipv4.ip_forward net.ipv4.tcp_syncookies kernel.randomize_va_space fs.protected_symlinks fs.protected_hardlinks; sysctl --values kernel.pid_max; sysctl --values fs.file-max");
        Assert.That(settings.Lines.Take(6), Is.EqualTo(new[] { "pings", "1", "1", "2", "1", "1" }));
        Assert.That(settings.Lines.Skip(6).Select(long.Parse), Is.All.GreaterThan(100_000), "processes and open files there may be");
        await machine.WriteFileAsync("/etc/sysctl.d/99-kola.conf", "net.ipv4.ip_default_ttl = 77\n");
        await machine.RunAsync("sudo systemctl restart systemd-sysctl.service");
        Assert.That((await machine.RunAsync("ping -c 1 127.0.0.1 | grep -o ttl=77")).Text, Is.EqualTo("ttl=77"), "a setting of one's own reaches the wire");
    }

    [MachineTest("core.random", Needs = [Feature.FullSpeed])]
    public async Task Random_numbers_are_there_at_once_and_differ(Machine machine)
    {
        CommandResult numbers = await machine.RunAsync("timeout 10 head -c 32 /dev/random | sha256sum; head -c 32 /dev/urandom | sha256sum; cat /proc/sys/kernel/random/uuid; cat /proc/sys/kernel/random/uuid; test -e /dev/hwrng && sudo timeout 30 head -c 16 /dev/hwrng | wc -c");
        Assert.That(numbers.Lines.Take(4).Distinct().Count(), Is.EqualTo(4));
        Assert.That(numbers.Lines[^1], Is.EqualTo("16"), "bytes from the host");
        string seed = (await machine.RunAsync("sudo stat --format='%a %s' /var/lib/systemd/random-seed; sudo sha256sum /var/lib/systemd/random-seed")).Text;
        Assert.That(seed, Does.Match("^600 (32|512)\n"), "the seed that is kept for the next boot");
        await machine.RebootAsync();
        Assert.That((await machine.RunAsync("sudo sha256sum /var/lib/systemd/random-seed")).Text, Is.Not.EqualTo(seed.Split('\n')[1]), "the same seed twice");
    }
}
