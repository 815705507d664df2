using System.Text.Json;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Containers;

/// <summary>Docker as the image brings it. Images are made of the machine's own programs, so that nothing comes from the internet.</summary>
[Category("containers")]
public sealed class DockerTests
{
    private const string Run = "docker run --rm kola-tools";

    private static readonly string[] Programs =
    [
        "sh", "cat", "chmod", "dd", "getent", "grep", "head", "id", "ls", "mkdir", "mknod", "mount", "nc", "ping", "rm",
        "seq", "setpriv", "sleep", "stat", "tail", "timeout", "touch", "unshare", "wc", "xargs",
    ];

    // Not for those who look at how docker is started.
    [Preparation("docker-tools")]
    public static async Task Docker_runs_and_holds_the_image_of_the_tests(Machine machine)
    {
        await machine.ImportToolsAsync(Docker.Tools, Programs);
        await machine.WaitForUnitAsync("docker.service");
        // The same for who talks to containerd itself.
        await machine.RunAsync($"docker save {Docker.Tools} | sudo ctr --namespace={Containerd.Namespace} image import -");
    }

    [MachineTest("docker.base")]
    public async Task Docker_starts_when_asked_and_keeps_containers_apart(Machine machine, Lab lab)
    {
        await lab.StepAsync("socket-activation", () => StartsWhenAskedAsync(machine));
        await machine.ImportToolsAsync(Docker.Tools, "sh", "cat", "grep", "id", "ls", "ping");
        await lab.StepAsync("docker-info", () => InfoIsFlatcarsAsync(machine));
        await lab.StepAsync("run", async () =>
        {
            Assert.That((await machine.RunAsync($"{Run} sh -c 'echo hello from inside'")).Text, Is.EqualTo("hello from inside"));
            Assert.That((await machine.TryRunAsync($"{Run} sh -c 'exit 42'")).ExitCode, Is.EqualTo(42));
        });
        await lab.StepAsync("resources", () => LimitsReachTheContainerAsync(machine));
        await lab.StepAsync("user-no-caps", () => UsersHaveNoCapabilitiesAsync(machine));
        await lab.StepAsync("networks-reliably", () => NetworkIsThereAtOnceAsync(machine));
    }

    [MachineTest("docker.containerd-restart")]
    public async Task Docker_outlives_the_death_of_containerd([Spec(Prepared = "docker-tools")] Machine machine, Lab lab)
    {
        foreach (string signal in new[] { "TERM", "HUP" })
        {
            await lab.StepAsync($"SIG{signal}", async () =>
            {
                int before = (await machine.UnitAsync("containerd.service")).MainPid;
                Assert.That(before, Is.Positive, "containerd runs");
                await machine.RunAsync($"sudo kill -{signal} {before}");
                await machine.WaitForAsync(
                    "containerd to run again", () => machine.UnitAsync("containerd.service"), seen => seen.Sub == "running" && seen.MainPid != before);
                // dockerd knocks at the new containerd at growing intervals; what counts is that it gets there by itself.
                CommandResult ran = await machine.WaitForAsync(
                    "docker to have found containerd again", () => machine.TryRunAsync($"{Run} sh -c 'echo still here'"), run => run.ExitCode == 0, TimeSpan.FromMinutes(1));
                Assert.That(ran.Text, Is.EqualTo("still here"));
            });
        }
    }

    private static async Task StartsWhenAskedAsync(Machine machine)
    {
        Assert.That((await machine.UnitAsync("docker.socket")).Active, Is.EqualTo("active"));
        Assert.That((await machine.UnitAsync("docker.service")).Active, Is.EqualTo("inactive"), "docker was started before anybody asked");
        await machine.RunAsync("docker version");
        Assert.That((await machine.UnitAsync("docker.service")).Active, Is.EqualTo("active"));
    }

    private static async Task InfoIsFlatcarsAsync(Machine machine)
    {
        CommandResult told = await machine.RunAsync("docker info --format '{{json .}}'");
        using var info = JsonDocument.Parse(told.Text);
        JsonElement root = info.RootElement;
        Assert.That(root.GetProperty("Driver").GetString(), Is.AnyOf("overlay2", "overlayfs"));
        Assert.That(root.GetProperty("CgroupVersion").GetString(), Is.EqualTo("2"));
        Assert.That(root.GetProperty("CgroupDriver").GetString(), Is.AnyOf("systemd", "cgroupfs"));
        Assert.That(root.GetProperty("Runtimes").GetProperty("runc").GetProperty("path").GetString(), Is.Not.Empty);
        IEnumerable<string> security = root.GetProperty("SecurityOptions").EnumerateArray().Select(option => option.GetString()!.Split(',')[0]);
        Assert.That(security, Is.SubsetOf(new[] { "name=selinux", "name=seccomp", "name=cgroupns" }));
    }

    // The peer starts containers with some twenty options and looks at none of them from inside.
    private static async Task LimitsReachTheContainerAsync(Machine machine)
    {
        CommandResult limits = await machine.RunAsync("docker run --rm --memory=64m --memory-swap=64m --pids-limit=50 --cpus=0.5 --shm-size=2m kola-tools sh -c 'cd /sys/fs/cgroup && cat memory.max pids.max cpu.max && grep /dev/shm /proc/mounts'");
        Assert.That(limits.Lines.Take(3), Is.EqualTo(new[] { $"{64 << 20}", "50", "50000 100000" }));
        Assert.That(limits.Lines[3], Does.Contain("size=2048k"));
    }

    private static async Task UsersHaveNoCapabilitiesAsync(Machine machine)
    {
        CommandResult user = await machine.RunAsync("docker run --rm --user 1000:1000 --volume /root:/private:ro kola-tools sh -c 'id -u; grep -E \"Cap(Prm|Eff)\" /proc/self/status; ls /private || echo refused'");
        Assert.That(user.Lines.Select(line => line.Replace("\t", " ", StringComparison.Ordinal)), Is.EqualTo(new[] { "1000", "CapPrm: 0000000000000000", "CapEff: 0000000000000000", "refused" }));
    }

    // The peer does this 100 times with a second of ping each; what it looks for, a network that is late, shows at the first packet.
    private static async Task NetworkIsThereAtOnceAsync(Machine machine)
    {
        CommandResult pings = await machine.RunAsync("for i in 1 2 3 4 5; do docker run --rm kola-tools ping -c 1 -W 1 172.17.0.1 >/dev/null && echo PASS || echo FAIL; done", TimeSpan.FromMinutes(3));
        Assert.That(pings.Lines, Is.EqualTo(Enumerable.Repeat("PASS", 5)));
    }
}
