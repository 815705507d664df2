using System.Globalization;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Containers;

/// <summary>What a container may take of the machine: limits that bite.</summary>
[Category("containers")]
public sealed class DockerLimitTests
{
    [MachineTest("docker.limits.memory")]
    [Tolerates("out-of-memory", because: "a container is driven over its limit on purpose")]
    public async Task A_container_over_its_memory_is_killed_and_one_below_is_left_alone([Spec(Prepared = "docker-tools")] Machine machine)
    {
        // tail keeps the last line, which has no end: it needs all of what it is given.
        CommandResult greedy = await machine.TryRunAsync("docker run --name greedy --memory=24m --memory-swap=24m kola-tools sh -c 'head -c 128M /dev/zero | tail >/dev/null'");
        Assert.That(greedy.ExitCode, Is.EqualTo(137));
        Assert.That(await machine.InspectAsync("greedy", "{{.State.OOMKilled}} {{.State.ExitCode}}"), Is.EqualTo("true 137"));

        CommandResult modest = await machine.InContainerAsync("--memory=96m --memory-swap=96m", "head -c 16M /dev/zero | tail | wc -c; grep -w oom_kill /sys/fs/cgroup/memory.events");
        Assert.That(modest.Lines, Is.EqualTo(new[] { $"{16 << 20}", "oom_kill 0" }));
    }

    [MachineTest("docker.limits.cpu")]
    public async Task A_container_gets_no_more_of_a_cpu_than_it_was_given([Spec(Prepared = "docker-tools")] Machine machine)
    {
        // Its own clock is read, so a slow host does not matter; its start took time of its own, which is not counted.
        CommandResult spun = await machine.InContainerAsync("--cpus=0.2", """
            grep usage /sys/fs/cgroup/cpu.stat; read -r start _ </proc/uptime
            timeout 4 sh -c 'while :; do :; done'
            read -r end _ </proc/uptime; grep usage /sys/fs/cgroup/cpu.stat
            echo "elapsed $start $end"; grep nr_throttled /sys/fs/cgroup/cpu.stat
            """);
        double[][] told = [.. spun.Lines.Select(Numbers)];
        double used = (told[1][0] - told[0][0]) / 1e6, elapsed = told[2][1] - told[2][0];
        Assert.That(told[3][0], Is.GreaterThan(5), "periods in which it was made to wait");
        Assert.That(used / elapsed, Is.InRange(0.05, 0.35), $"share of a CPU: {used:0.00} s of {elapsed:0.00} s");
    }

    [MachineTest("docker.limits.pids")]
    public async Task A_container_has_no_more_processes_than_it_may([Spec(Prepared = "docker-tools")] Machine machine)
    {
        // xargs goes on with fewer when a fork is refused, so this ends well although 16 were asked for.
        CommandResult forked = await machine.InContainerAsync("--pids-limit=6", "read first </sys/fs/cgroup/pids.peak; seq 16 | xargs -n 1 -P 16 sh -c 'echo started; sleep 0.5'; cat /sys/fs/cgroup/pids.events; echo $first; cat /sys/fs/cgroup/pids.peak");
        Assert.That(forked.Lines.Count(line => line == "started"), Is.EqualTo(16), "refused forks were tried again");
        Assert.That(Numbers(forked.Lines.Single(line => line.StartsWith("max ", StringComparison.Ordinal)))[0], Is.Positive, "forks that were refused");
        // Before the container's own program there are runc's threads, which the limit may come too late for: they are not its processes.
        int before = int.Parse(forked.Lines[^2], CultureInfo.InvariantCulture);
        Assert.That(forked.Lines[^1], Is.EqualTo($"{Math.Max(before, 6)}"), $"the most there ever were; {before} before it had forked");
    }

    [MachineTest("docker.limits.io")]
    public async Task A_container_reads_and_writes_no_faster_than_it_may([Spec(Prepared = "docker-tools")] Machine machine)
    {
        // Asked for by the API: the client of Docker 26 loses --device-write-bps on the way and says nothing.
        const string Script = """
            for way in 'if=/dev/zero of=/v/file oflag=direct' 'if=/v/file of=/dev/null iflag=direct'; do
                read -r start _ </proc/uptime; dd $way bs=256K count=12 2>/dev/null; read -r end _ </proc/uptime; echo "elapsed $start $end"
            done
            grep -o '[rw]bytes=.*' /sys/fs/cgroup/io.stat
            """;
        string disk = "/dev/" + (await machine.RunAsync("lsblk --noheadings --nodeps --output PKNAME $(findmnt --noheadings --output SOURCE --target /var)")).Text.Trim();
        var rate = new { Path = disk, Rate = 1 << 20 };
        var container = new
        {
            Image = Docker.Tools,
            Cmd = new[] { "sh", "-c", Script },
            HostConfig = new { Binds = new[] { "/var/lib/kola-io:/v" }, BlkioDeviceReadBps = new[] { rate }, BlkioDeviceWriteBps = new[] { rate } },
        };
        await machine.WriteFileAsync("/tmp/kola-io.json", System.Text.Json.JsonSerializer.Serialize(container));
        await machine.RunAsync("curl --fail --silent --show-error --unix-socket /run/docker.sock --header 'Content-Type: application/json' --data @/tmp/kola-io.json 'http://docker/containers/create?name=slow'");
        CommandResult moved = await machine.RunAsync("docker start --attach slow");

        // 3 MiB at 1 MiB a second. Without the limit they take a tenth of a second.
        foreach ((string line, string what) in moved.Lines.Take(2).Zip(["writing", "reading"]))
            Assert.That(Numbers(line)[1] - Numbers(line)[0], Is.GreaterThan(2), $"seconds of {what}");
        Assert.That(moved.Lines[2], Does.Contain($"wbytes={3 << 20} "), "it is the disk that was written to");
    }

    [MachineTest("docker.cgroup-driver")]
    public async Task Containers_are_scopes_of_systemd_in_the_slice_they_were_given([Spec(Prepared = "docker-tools")] Machine machine)
    {
        if ((await machine.RunAsync("docker info --format '{{.CgroupDriver}}'")).Text != "systemd")
            Lab.Skip("docker keeps its control groups itself", "Start dockerd with --exec-opt native.cgroupdriver=systemd.");
        await machine.StartContainerAsync("inslice", "--cgroup-parent=kola-tests.slice --memory=64m");
        await machine.StartContainerAsync("plain");
        foreach ((string name, string slice, string memory) in new[] { ("inslice", "/kola.slice/kola-tests.slice", $"{64 << 20}"), ("plain", "/system.slice", "max") })
        {
            string[] ids = (await machine.InspectAsync(name, "{{.Id}} {{.State.Pid}}")).Split(' ');
            string group = $"{slice}/docker-{ids[0]}.scope";
            CommandResult seen = await machine.RunAsync($"cut -d: -f3 /proc/{ids[1]}/cgroup; cd /sys/fs/cgroup{group} && cat memory.max cgroup.procs");
            Assert.That(seen.Lines, Is.EqualTo(new[] { group, memory, ids[1] }));

            // systemd has it in its hands. (As a container's first process sleep does not hear TERM.)
            await machine.RunAsync($"sudo systemctl kill --signal=KILL docker-{ids[0]}.scope");
            await machine.WaitForAsync($"the container {name} to have ended", () => machine.InspectAsync(name, "{{.State.Status}}"), seen => seen == "exited");
        }
    }

    // usage_usec 611188
    private static double[] Numbers(string line) => [.. line.Split(' ').Skip(1).Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
}
