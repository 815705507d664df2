using static Kola.Checks.Rule;

namespace Kola.Checks;

/// <summary>What the kernel says of itself.</summary>
internal static class KernelChecks
{
    internal static IReadOnlyList<Check> All { get; } =
    [
        new()
        {
            Id = CheckId.KernelPanic,
            Title = "The kernel panicked",
            Fatal = true,
            Sample = """
                [    1.234567] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b
                Nov 22 18:15:00.123456 kernel: ---[ end Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b ]---
                """,
            // The kernel repeats the sentence in a closing line; both give the same `what`.
            Pattern = Line(@"Kernel panic - not syncing:? ?(?<what>.*?)(?: \]---)?$"),
            Innocent = """
                [    0.000000] Command line: root=LABEL=ROOT panic=60 oops=panic
                Nov 22 18:15:00.123456 systemd-sysctl[77]: kernel.panic = 60
                """,
        },
        new()
        {
            Id = CheckId.KernelOops,
            Title = "The kernel oopsed",
            Sample = """
                [   12.345678] Oops: 0002 [#1] PREEMPT SMP NOPTI
                [   12.345678] Oops: general protection fault, probably for non-canonical address 0xdead000000000122: 0000 [#1] SMP
                [   12.345678] Internal error: Oops: 0000000096000004 [#1] PREEMPT SMP
                Nov 22 18:15:00.123456 kernel: invalid opcode: 0000 [#1] SMP PTI
                general protection fault: 0000 [#1] SMP
                """,
            // Not every fault of the kernel is headed "Oops:"; every one is counted: [#1].
            Pattern = Line(Kernel + @"(?<what>(?:Internal error: )?Oops\b.*|[^\[]*: [0-9a-f]{4,16} \[#\d+\].*)"),
            Innocent = "Nov 22 18:15:00.123456 web[77]: Oops: something went wrong",
        },
        new()
        {
            Id = CheckId.KernelWarning,
            Title = "The kernel warned with a backtrace",
            Sample = """
                [   12.345678] WARNING: CPU: 1 PID: 77 at kernel/workqueue.c:1234 __queue_work+0x1/0x2
                [   12.345678] WARNING: kernel/workqueue.c:1234 at __queue_work+0x1/0x2, CPU#1: kworker/1:1/77
                Nov 22 18:15:00.123456 kernel: WARNING: at __queue_work+0x1/0x2, CPU#1: kworker/1:1/77
                [   12.345678] WARNING: possible circular locking dependency detected
                [   12.345678] WARNING: suspicious RCU usage
                """,
            // Up to 6.18 the line starts with CPU and PID; since 6.19 it ends with them, and the peer's pattern sees nothing.
            Pattern = Line(Kernel + @"WARNING: (?<what>CPU: \d+ PID: \d+ at .+|(?:\S+:\d+ )?at \S+, CPU#\d+.*|possible .*|suspicious RCU usage.*|inconsistent lock state.*)"),
            Innocent = """
                [    0.000000] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on
                Nov 22 18:15:00.123456 dockerd[77]: WARNING: No swap limit support
                """,
        },
        new()
        {
            Id = CheckId.KernelBug,
            Title = "The kernel found a bug in itself",
            Sample = """
                [   12.345678] BUG: unable to handle page fault for address: ffffffffdeadbeef
                [   12.345678] BUG: kernel NULL pointer dereference, address: 0000000000000000
                [   12.345678] BUG: Bad page state in process kworker  pfn:12345
                [   12.345678] kernel BUG at lib/list_debug.c:51!
                Nov 22 18:15:00.123456 kernel: Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000
                """,
            Pattern = Line(Kernel + @"(?<what>BUG: .*|kernel BUG at .*|Unable to handle kernel .*)"),
            Innocent = """
                Nov 22 18:15:00.123456 app[77]: BUG: this should not happen
                [    0.000000] DEBUG: something
                """,
        },
        new()
        {
            Id = CheckId.UndefinedBehaviour,
            Title = "The kernel ran into undefined behaviour",
            Sample = "[   12.345678] UBSAN: array-index-out-of-bounds in drivers/net/foo.c:12:34",
            Pattern = Line(@"UBSAN: (?<what>.* in .*)"),
        },
        new()
        {
            Id = CheckId.BadPageTable,
            Title = "A page table is bad",
            Sample = """
                [   12.345678] mm/pgtable-generic.c:29: bad p4d 0000000000000001
                [   12.345678] ../mm/pgtable-generic.c:50: bad pmd ffff888012345678(0000000000000001)
                """,
            Pattern = Line(@"mm/[\w-]+\.c:\d+: (?<what>bad (?:p.d|pte)\b.*)"),
        },
        new()
        {
            Id = CheckId.SoftLockup,
            Title = "A CPU was stuck in the kernel",
            Sample = """
                [  123.456789] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [systemd:1]
                [  123.456789] NMI watchdog: Watchdog detected hard LOCKUP on cpu 0
                """,
            Pattern = Line(@"(?<what>soft lockup - CPU#\d+ stuck for .*|Watchdog detected hard LOCKUP on cpu .*)"),
            Innocent = "[    0.123456] NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.",
        },
        new()
        {
            Id = CheckId.RcuStall,
            Title = "A CPU kept the kernel's RCU from going on",
            Sample = """
                [  123.456789] rcu: INFO: rcu_sched self-detected stall on CPU
                [  123.456789] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
                [  123.456789] rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 0-... } 7 jiffies s: 33 root: 0x1/.
                [  123.456789] rcu: rcu_preempt kthread starved for 2500 jiffies! g1 f0x0 RCU_GP_WAIT_FQS(5)
                """,
            Pattern = Line(@"(?<what>\brcu\w* (?:self-detected stall on CPU|detected (?:expedited )?stalls on .*|kthread starved for .*))"),
            Innocent = "[    0.123456] rcu: RCU calculated value of scheduler-enlistment delay is 25 jiffies.",
        },
        new()
        {
            Id = CheckId.HungTask,
            Title = "A task was blocked for minutes",
            Sample = """
                [  245.123456] INFO: task jbd2/vda9-8:123 blocked for more than 120 seconds.
                [  245.123456] INFO: task kworker/u8:1:77 blocked in I/O wait for more than 122 seconds.
                """,
            Pattern = Line(@"INFO: task (?<what>.+ blocked (?:in I/O wait )?for more than \d+ seconds)"),
        },
        new()
        {
            Id = CheckId.OutOfMemory,
            Title = "A process was killed for want of memory",
            Sample = """
                [   45.123456] Out of memory: Killed process 77 (stress) total-vm:1234kB, anon-rss:12kB
                [   45.123456] Memory cgroup out of memory: Killed process 77 (stress) total-vm:1234kB
                [   45.123456] Out of memory: Kill process 77 (stress) score 900 or sacrifice child
                Nov 22 18:15:00.123456 systemd[1]: foo.service: A process of this unit has been killed by the OOM killer.
                """,
            Pattern = Line(@"(?<what>[Oo]ut of memory: Kill(?:ed)? process .*|\S+: A process of this unit has been killed by the OOM killer)"),
            Innocent = "Nov 22 18:15:00.123456 systemd[1]: Listening on systemd-oomd.socket - Userspace Out-Of-Memory (OOM) Killer Socket.",
        },
        new()
        {
            Id = CheckId.PageAllocation,
            Title = "The kernel could not allocate memory",
            Sample = "[   45.123456] kworker/0:1: page allocation failure: order:4, mode:0xcc0(GFP_KERNEL), nodemask=(null)",
            Pattern = Line(@"(?<what>\S+: page allocation (?:failure|stalls).*)"),
        },
        new()
        {
            Id = CheckId.NetworkDeviceLeak,
            Title = "A network device is held for ever",
            Sample = "[   45.123456] unregister_netdevice: waiting for lo to become free. Usage count = 1",
            Pattern = Line(@"unregister_netdevice: (?<what>waiting for \S+ to become free)"),
        },
        new()
        {
            Id = CheckId.BondingFlaps,
            Title = "A bond's links are said to be up again and again, and no interface comes up",
            Sample = """
                [    5.100000] bond0: link status up for interface eth0, enabling it in 0 ms
                [    5.200000] bond0: link status up for interface eth0, enabling it in 0 ms
                [    5.300000] bond0: link status up for interface eth1, enabling it in 200 ms
                """,
            Times = 3,
            Pattern = Line(@"link status up for interface (?<what>[^,]+), enabling it in \d+ ms"),
            Silencer = Line(@"bond.*? link status definitely up for interface|bond.*? first active interface up|bond.*? Gained carrier|bond.*? link becomes ready"),
            Innocent = "[    5.300000] bond0: link status up for interface eth1, enabling it in 200 ms",
        },
    ];
}
