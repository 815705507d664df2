namespace Flatcar.Tests.Faults;

/// <summary>What may be wrong with limits and how they are kept.</summary>
public static class CgroupFaults
{
    [Fault("cgroups.no-memory", "memory of a control group is neither counted nor limited", Near = ["cgroups.*", "systemd.*", "docker.*"])]
    public static Task Memory_is_not_limited(Machine machine) => machine.DisableControllerAsync("memory");

    [Fault("cgroups.no-pids", "tasks of a control group are not limited", Near = ["cgroups.*", "systemd.*", "docker.*"])]
    public static Task Tasks_are_not_limited(Machine machine) => machine.DisableControllerAsync("pids");

    [Fault("cgroups.no-cpu", "CPU time is not shared out by control groups", Near = ["cgroups.*", "systemd.*", "docker.*"])]
    public static Task Cpu_time_is_not_shared_out(Machine machine) => machine.DisableControllerAsync("cpu");

    [Fault("cgroups.no-pressure", "control groups do not tell what they wait for", Near = ["cgroups.*", "core.*"])]
    public static Task Pressure_is_not_told(Machine machine) => machine.BreakAsync(
        "find /sys/fs/cgroup -name cgroup.pressure -exec sh -c 'echo 0 >{}' ';'; mount --bind /dev/null /proc/pressure/memory; mount --bind /dev/null /proc/pressure/cpu",
        "test ! -s /proc/pressure/cpu && test $(cat /sys/fs/cgroup/system.slice/cgroup.pressure) = 0");

    [Fault("cgroups.overcommit", "memory is promised only as far as there is some", Near = ["cgroups.*", "core.*", "docker.*"])]
    public static Task Memory_is_not_overcommitted(Machine machine) => machine.SetKernelAsync("vm.overcommit_memory", "2");

    [Fault("cgroups.panic-on-oom", "the machine panics when memory is short", Near = ["cgroups.*", "core.*"])]
    public static Task Want_of_memory_is_the_end(Machine machine) => machine.SetKernelAsync("vm.panic_on_oom", "2");

    [Fault("cgroups.few-tasks", "a service may have ten tasks", Near = ["cgroups.*", "systemd.*", "core.*"])]
    public static Task Services_have_few_tasks(Machine machine) => machine.BreakAsync(
        "mkdir -p /etc/systemd/system.conf.d; printf '[Manager]\\nDefaultTasksMax=10\\n' >/etc/systemd/system.conf.d/99-fault.conf; systemctl daemon-reexec",
        "systemctl show --property=DefaultTasksMax --value | grep -q -x 10");

    [Fault("cgroups.few-files", "a service may open 64 files", Near = ["core.*", "systemd.*", "cgroups.*"])]
    public static Task Services_open_few_files(Machine machine) => machine.BreakAsync(
        "mkdir -p /etc/systemd/system.conf.d; printf '[Manager]\\nDefaultLimitNOFILE=64\\n' >/etc/systemd/system.conf.d/99-fault.conf; systemctl daemon-reexec",
        "systemd-run --quiet --wait --pipe sh -c 'test $(ulimit -n) = 64'");

    // From the leaves to the root: a group cannot lose what one below it still hands on.
    private static Task DisableControllerAsync(this Machine machine, string controller) => machine.BreakAsync(
        $"for i in 1 2 3; do find /sys/fs/cgroup -depth -name cgroup.subtree_control | while read -r file; do echo -{controller} >$file 2>/dev/null || true; done; done",
        $"! grep -q -w {controller} /sys/fs/cgroup/cgroup.subtree_control");
}
