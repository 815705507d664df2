using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Containers;

/// <summary>Containers come, go and come back.</summary>
[Category("containers")]
public sealed class DockerLifeTests
{
    private const string Status = "{{.State.Status}}", Pid = "{{.State.Pid}}";

    [MachineTest("docker.restart-policy", Needs = [Feature.FullSpeed])]
    public async Task A_container_that_crashes_is_started_as_often_as_it_may([Spec(Prepared = "docker-tools")] Machine machine, Lab lab)
    {
        await lab.StepAsync("on-failure", async () =>
        {
            await machine.StartContainerAsync("crashing", "--restart=on-failure:2 --volume=kola-starts:/v", "sh -c 'echo started >>/v/starts; exit 3'");
            await machine.WaitForAsync("docker to give the container up", () => machine.InspectAsync("crashing", "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}"), seen => seen == "exited 3 2");
            Assert.That((await machine.RunAsync("docker run --rm --volume=kola-starts:/v kola-tools cat /v/starts")).Lines, Has.Count.EqualTo(3), "the first start and two more");
        });
        await lab.StepAsync("always", async () =>
        {
            await machine.StartContainerAsync("killed", "--restart=always");
            string before = await machine.InspectAsync("killed", Pid);
            await machine.RunAsync($"sudo kill -KILL {before}");
            await machine.WaitForAsync("docker to have started it again", () => machine.InspectAsync("killed", $"{Status} {Pid}"), seen => seen.StartsWith("running ", StringComparison.Ordinal) && seen != $"running {before}");
            await machine.RunAsync("docker stop --time=0 killed");
            Assert.That(await machine.InspectAsync("killed", Status), Is.EqualTo("exited"), "who is told to stop is not started again");
        });
    }

    [MachineTest("docker.live-restore", Needs = [Feature.FullSpeed])]
    public async Task Containers_go_on_while_docker_is_away([Spec(Prepared = "docker-tools")] Machine machine)
    {
        await machine.RestartDockerAsync("""{"live-restore": true}""");
        await machine.StartContainerAsync("living");
        string before = await machine.InspectAsync("living", $"{Pid} {{{{.NetworkSettings.IPAddress}}}}");
        string[] known = before.Split(' ');

        await machine.RunAsync("sudo systemctl stop docker.socket docker.service");
        Assert.That((await machine.UnitAsync("docker.service")).Active, Is.EqualTo("inactive"));
        await machine.RunAsync($"test -d /proc/{known[0]}/fd && sudo ping -c 1 -W 5 {known[1]}");

        await machine.RunAsync("sudo systemctl start docker.socket docker.service");
        Assert.That(await machine.InspectAsync("living", $"{Pid} {{{{.NetworkSettings.IPAddress}}}}"), Is.EqualTo(before));
        Assert.That((await machine.RunAsync("docker exec living sh -c 'ping -c 1 -W 5 172.17.0.1 >/dev/null && echo still here'")).Text, Is.EqualTo("still here"));
    }

    [MachineTest("docker.reboot", Needs = [Feature.FullSpeed])]
    public async Task A_container_that_is_to_run_always_is_back_after_a_reboot([Spec(Prepared = "docker-tools")] Machine machine)
    {
        await machine.RunAsync("sudo systemctl enable docker.service");
        // The id of the boot, once for each start. Without an init sleep is deaf to SIGTERM, and the machine waits 90 s for it before it goes down.
        await machine.StartContainerAsync("always", "--init --restart=always --volume=kola-boots:/v", "sh -c 'cat /proc/sys/kernel/random/boot_id >>/v/boots; exec sleep 3600'");
        await machine.StartContainerAsync("once", "--init");
        await machine.RebootAsync();

        // Nobody asks docker for anything here: the file is read past it.
        CommandResult boots = await machine.WaitForAsync("the container to have started again", () => machine.TryRunAsync("sudo cat /var/lib/docker/volumes/kola-boots/_data/boots"), seen => seen.Lines.Count == 2, TimeSpan.FromMinutes(1));
        Assert.That(boots.Lines, Is.Unique);
        Assert.That(await machine.InspectAsync("always once", Status), Is.EqualTo("running\nexited"));
        Assert.That((await machine.RunAsync("docker exec always ping -c 1 -W 5 172.17.0.1")).Text, Does.Contain("1 received"));
    }

    [MachineTest("docker.daemon-crash", Needs = [Feature.FullSpeed])]
    public async Task Docker_comes_back_when_it_is_killed_and_brings_its_containers([Spec(Prepared = "docker-tools")] Machine machine)
    {
        await machine.StartContainerAsync("always", "--restart=always");
        await machine.StartContainerAsync("once");
        int before = (await machine.UnitAsync("docker.service")).MainPid;
        string container = await machine.InspectAsync("always", Pid);
        await machine.RunAsync($"sudo kill -KILL {before}");

        await machine.WaitForAsync("docker to run again", () => machine.UnitAsync("docker.service"), seen => seen.Sub == "running" && seen.MainPid != before);
        await machine.WaitForAsync("the container to run again", () => machine.InspectAsync("always", $"{Status} {Pid}"), seen => seen.StartsWith("running ", StringComparison.Ordinal) && seen != $"running {container}");
        Assert.That(await machine.InspectAsync("once", Status), Is.EqualTo("exited"), "a container without a policy is not started again");
        Assert.That((await machine.RunAsync("docker exec always ping -c 1 -W 5 172.17.0.1")).Text, Does.Contain("1 received"));
        Assert.That((await machine.RunAsync($"test -d /proc/{container}/fd; echo $?")).Text, Is.EqualTo("1"), "the first is not left behind");
    }

    [MachineTest("docker.healthcheck", Needs = [Feature.FullSpeed])]
    public async Task A_container_is_as_healthy_as_its_check_says([Spec(Prepared = "docker-tools")] Machine machine)
    {
        await machine.StartContainerAsync("patient", "--health-cmd='cat /tmp/well' --health-interval=1s --health-retries=2");
        Task<string> Health() => machine.InspectAsync("patient", "{{.State.Health.Status}}");
        await machine.WaitForAsync("the container to be unhealthy", Health, seen => seen == "unhealthy");
        Assert.That(await machine.InspectAsync("patient", "{{(index .State.Health.Log 0).Output}}"), Does.Contain("/tmp/well: No such file"));
        await machine.RunAsync("docker exec patient touch /tmp/well");
        await machine.WaitForAsync("the container to be healthy", Health, seen => seen == "healthy");
        Assert.That(await machine.InspectAsync("patient", Status), Is.EqualTo("running"), "docker itself does nothing about it");
    }

    [MachineTest("docker.signals", Needs = [Feature.FullSpeed])]
    public async Task A_container_is_asked_to_end_before_it_is_killed([Spec(Prepared = "docker-tools")] Machine machine, Lab lab)
    {
        await machine.StartContainerAsync("deaf");
        await machine.StartContainerAsync("init", "--init");
        await lab.StepAsync("zombies", async () =>
        {
            // A process whose parent is gone: the first process is to bury it, which sleep does not know how to.
            await machine.RunAsync("for name in deaf init; do docker exec $name sh -c '(touch /tmp/over &)'; done");
            Task<CommandResult> Dead(string name) => machine.TryRunAsync($"docker exec {name} sh -c 'cat /tmp/over && grep -l State:.Z /proc/[0-9]*/status | wc -l'");
            await machine.WaitForAsync("a zombie", () => Dead("deaf"), seen => seen.Text == "1");
            await machine.WaitForAsync("no zombie", () => Dead("init"), seen => seen.Text == "0");
        });
        await lab.StepAsync("stop", async () =>
        {
            await machine.StartContainerAsync("polite", "", "sh -c 'trap \"echo asked; exit 7\" TERM; echo ready; while :; do sleep 0.2; done'");
            await machine.WaitForAsync("the container to listen", () => machine.RunAsync("docker logs polite"), seen => seen.Text == "ready");
            // As the first process sleep does not hear TERM; below an init it does.
            await machine.RunAsync("docker stop --time=30 init polite; docker stop --time=1 deaf");
            Assert.That(await machine.InspectAsync("polite init deaf", "{{.State.ExitCode}}"), Is.EqualTo("7\n143\n137"));
            Assert.That((await machine.RunAsync("docker logs polite")).Lines, Is.EqualTo(new[] { "ready", "asked" }));
        });
    }
}
