using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Containers;

/// <summary>containerd alone, as Kubernetes uses it: without docker, by its own client.</summary>
[Category("containers")]
public sealed class ContainerdTests
{
    private const string Snapshots = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs";

    [MachineTest("containerd.run")]
    [Tolerates("out-of-memory", because: "a container is driven over its limit on purpose")]
    public async Task Containerd_runs_a_task_within_its_limits([Spec(Prepared = "docker-tools")] Machine machine)
    {
        await machine.CtrAsync($"run --detach --memory-limit={64 << 20} {Containerd.Tools} task sleep 3600");
        CommandResult inside = await machine.CtrAsync("task exec --exec-id=look task sh -c 'grep -o kola/task /proc/self/cgroup; cat /proc/1/comm; id -u'");
        Assert.That(inside.Lines, Is.EqualTo(new[] { "kola/task", "sleep", "0" }));
        string[] known = (await machine.TaskAsync("task")).Split(' ');
        CommandResult group = await machine.RunAsync("cat /sys/fs/cgroup/kola/task/memory.max /sys/fs/cgroup/kola/task/cgroup.procs");
        Assert.That((group.Lines, known[1]), Is.EqualTo((new[] { $"{64 << 20}", known[0] }, "RUNNING")));

        CommandResult greedy = await machine.TryRunAsync($"sudo ctr --namespace=kola run --rm --memory-limit={24 << 20} {Containerd.Tools} greedy sh -c 'head -c 128M /dev/zero | tail >/dev/null'");
        Assert.That(greedy.ExitCode, Is.EqualTo(137));
        Assert.That(await machine.TaskAsync("task"), Is.EqualTo($"{known[0]} RUNNING"), "the other is left alone");
    }

    [MachineTest("containerd.restart")]
    public async Task Tasks_go_on_while_containerd_starts_again([Spec(Prepared = "docker-tools")] Machine machine)
    {
        await machine.CtrAsync($"run --detach {Containerd.Tools} task sh -c 'echo written >/tmp/file; exec sleep 3600'");
        string before = await machine.TaskAsync("task");
        int pid = (await machine.UnitAsync("containerd.service")).MainPid;
        await machine.RunAsync($"sudo kill -KILL {pid}");
        await machine.WaitForAsync("containerd to run again", () => machine.UnitAsync("containerd.service"), seen => seen.Sub == "running" && seen.MainPid != pid);

        Assert.That(await machine.TaskAsync("task"), Is.EqualTo(before).And.EndsWith("RUNNING"));
        Assert.That((await machine.CtrAsync("task exec --exec-id=look task cat /tmp/file")).Text, Is.EqualTo("written"));
        // It hears of the end, too, of what it did not start itself.
        await machine.CtrAsync("task kill --signal=KILL task");
        await machine.WaitForAsync("the task to be known as ended", () => machine.TaskAsync("task"), seen => seen.EndsWith("STOPPED", StringComparison.Ordinal));
    }

    [MachineTest("containerd.namespaces", Needs = [Feature.FullSpeed])]
    public async Task What_is_in_one_namespace_is_not_seen_in_another([Spec(Prepared = "docker-tools")] Machine machine)
    {
        Task<CommandResult> OtherAsync(string arguments) => machine.TryRunAsync($"sudo ctr --namespace=other {arguments}");
        await machine.CtrAsync($"run --detach {Containerd.Tools} task sleep 3600");
        foreach (string list in new[] { "image ls --quiet", "container ls --quiet", "task ls --quiet", "snapshot ls | tail -n +2" })
        {
            Assert.That((await machine.CtrAsync(list)).Text, Is.Not.Empty, list);
            Assert.That((await OtherAsync(list)).Text, Is.Empty, list);
        }

        Assert.That((await OtherAsync("task kill --signal=KILL task")).Error, Does.Contain("not found"));
        Assert.That((await OtherAsync($"run --rm {Containerd.Tools} task true")).Error, Does.Contain("not found"), "it has no image to run");
        // The name is free there.
        CommandResult second = await machine.RunAsync($"sudo ctr --namespace=kola image export - {Containerd.Tools} | sudo ctr --namespace=other image import - >/dev/null && sudo ctr --namespace=other run --rm {Containerd.Tools} task cat /proc/self/cgroup");
        Assert.That(second.Text, Is.EqualTo("0::/other/task"));
        Assert.That(await machine.TaskAsync("task"), Does.EndWith("RUNNING"));
    }

    [MachineTest("containerd.snapshots")]
    public async Task A_snapshot_holds_what_a_container_writes_and_frees_it_with_it([Spec(Prepared = "docker-tools")] Machine machine)
    {
        async Task<int> SizeAsync() => int.Parse((await machine.RunAsync($"sudo du --summarize --block-size=1M {Snapshots} | cut -f1")).Text, null);
        await machine.CtrAsync($"run --detach {Containerd.Tools} task sleep 3600");
        int before = await SizeAsync();
        await machine.CtrAsync("task exec --exec-id=write task dd if=/dev/zero of=/large bs=1M count=16");
        Assert.That(await SizeAsync() - before, Is.InRange(15, 18));
        // task    sha256:a50432b6…    Active
        string[] snapshot = (await machine.CtrAsync("snapshot ls | grep ^task")).Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(snapshot[1..], Has.Length.EqualTo(2).And.One.StartsWith("sha256:").And.One.EqualTo("Active"));

        await machine.RunAsync("sudo ctr --namespace=kola task rm --force task; sudo ctr --namespace=kola container rm task");
        await machine.WaitForAsync("the room to be free again", SizeAsync, seen => seen <= before);
        Assert.That((await machine.CtrAsync("snapshot ls | grep -v ^KEY")).Text, Does.Contain("Committed").And.Not.Contain("Active"), "the image's is kept");
    }

    [MachineTest("containerd.socket")]
    public async Task Only_root_talks_to_containerd(Machine machine)
    {
        // Where docker sleeps until it is asked, containerd does too.
        await machine.RunAsync("sudo systemctl start containerd.service");
        Assert.That((await machine.RunAsync("sudo ctr version")).Text, Does.Contain("Server:"));
        // The first user of the system is in the group of docker's socket, others are not.
        foreach (string command in new[] { "ctr version", "sudo --user=nobody ctr version", "sudo --user=nobody docker version" })
        {
            CommandResult refused = await machine.TryRunAsync(command);
            Assert.That(refused.ExitCode, Is.Not.Zero, command);
            Assert.That(refused.Error, Does.Contain("permission denied"), command);
        }
    }
}
