using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Containers;

/// <summary>What a container may not do to the machine, tried from inside.</summary>
[Category("containers")]
public sealed class DockerSecurityTests
{
    [MachineTest("docker.user.capabilities", Needs = [Feature.FullSpeed])]
    public async Task Capabilities_that_were_not_given_are_missing_and_none_are_gained([Spec(Prepared = "docker-tools")] Machine machine, Lab lab)
    {
        const string Try = "mknod /tmp/null c 1 3 2>/dev/null && echo made; setpriv --reuid=1000 id >/dev/null 2>/dev/null && echo changed; echo over";
        (string Step, string Options, string[] May)[] cases = [("default", "", ["made", "changed", "over"]), ("drop-all", "--cap-drop=ALL", ["over"]), ("add-one", "--cap-drop=ALL --cap-add=MKNOD", ["made", "over"])];
        foreach ((string step, string options, string[] may) in cases)
            await lab.StepAsync(step, async () => Assert.That((await machine.InContainerAsync(options, Try)).Lines, Is.EqualTo(may)));

        await lab.StepAsync("no-new-privileges", async () =>
        {
            await machine.SudoAsync("install -D --mode=4755 $(readlink -f $(command -v id)) /var/lib/kola-setuid/id");
            const string Options = "--user=1000:1000 --volume=/var/lib/kola-setuid:/setuid:ro";
            Assert.That((await machine.InContainerAsync(Options, "/setuid/id -u")).Text, Is.EqualTo("0"), "a program that is setuid makes one root");
            Assert.That((await machine.InContainerAsync($"{Options} --security-opt=no-new-privileges", "/setuid/id -u")).Text, Is.EqualTo("1000"), "and no longer");
        });
    }

    [MachineTest("docker.userns", Needs = [Feature.FullSpeed])]
    public async Task Root_of_a_container_is_nobody_on_the_machine([Spec(Prepared = "docker-tools")] Machine machine)
    {
        await machine.SudoAsync("""
            set -e
            getent passwd dockremap >/dev/null || useradd --system --user-group --no-create-home dockremap
            for file in /etc/subuid /etc/subgid; do echo dockremap:100000:65536 >$file; done
            install -d --mode=1777 /var/lib/kola-shared; echo private >/var/lib/kola-shared/private; chmod 600 /var/lib/kola-shared/private
            docker save kola-tools >/var/tmp/tools.tar
            """);
        await machine.RestartDockerAsync("""{"userns-remap": "dockremap"}""");
        await machine.RunAsync("docker load </var/tmp/tools.tar");
        await machine.StartContainerAsync("mapped", "--volume=/var/lib/kola-shared:/shared");

        CommandResult inside = await machine.RunAsync("docker exec mapped sh -c 'id -u; cat /proc/self/uid_map; cat /shared/private 2>/dev/null; rm /shared/private 2>/dev/null; touch /shared/own'; echo $?");
        Assert.That(inside.Lines.Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))), Is.EqualTo(new[] { "0", "0 100000 65536", "0" }));
        CommandResult outside = await machine.RunAsync("cd /var/lib/kola-shared && sudo cat private; stat --format=%u:%g own /proc/$(docker inspect --format '{{.State.Pid}}' mapped)");
        Assert.That(outside.Lines, Is.EqualTo(new[] { "private", "100000:100000", "100000:100000" }));
    }

    [MachineTest("docker.seccomp")]
    public async Task System_calls_that_the_profile_denies_are_denied([Spec(Prepared = "docker-tools")] Machine machine, Lab lab)
    {
        const string Try = "unshare --user sh -c 'echo unshared' 2>&1; mkdir /tmp/made 2>&1; touch /tmp/touched && echo touched";
        await lab.StepAsync("default", async () => Assert.That((await machine.InContainerAsync("", Try)).Lines, Is.EqualTo(new[] { "unshare: unshare failed: Operation not permitted", "touched" })));
        await lab.StepAsync("unconfined", async () => Assert.That((await machine.InContainerAsync("--security-opt=seccomp=unconfined", Try)).Lines, Is.EqualTo(new[] { "unshared", "touched" })));
        await lab.StepAsync("own", async () =>
        {
            await machine.WriteFileAsync("/tmp/kola-seccomp.json", """{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}""");
            CommandResult tried = await machine.InContainerAsync("--security-opt=seccomp=/tmp/kola-seccomp.json", Try);
            Assert.That(tried.Lines, Has.Count.EqualTo(3));
            Assert.That(tried.Lines[1], Does.StartWith("mkdir: ").And.EndWith("Operation not permitted"));
            Assert.That((tried.Lines[0], tried.Lines[2]), Is.EqualTo(("unshared", "touched")));
        });
    }

    [MachineTest("docker.devices")]
    public async Task A_container_has_the_devices_it_was_given_and_no_others([Spec(Prepared = "docker-tools")] Machine machine)
    {
        string[] device = (await machine.SudoAsync("""
            set -e; modprobe loop
            { echo from the disk; head -c 1M /dev/zero; } >/var/tmp/kola-disk
            device=$(losetup --find --show /var/tmp/kola-disk); echo $device; lsblk --noheadings --nodeps --output MAJ:MIN $device
            """)).Lines.Select(line => line.Trim()).ToArray();

        CommandResult given = await machine.InContainerAsync($"--device={device[0]}:/dev/kola:r", "head -n 1 /dev/kola; echo over | dd of=/dev/kola 2>&1 | grep -o 'Operation not permitted'");
        Assert.That(given.Lines, Is.EqualTo(new[] { "from the disk", "Operation not permitted" }));

        // Who may make nodes can make one for any device, and is to get nothing from it.
        CommandResult other = await machine.InContainerAsync("", $"ls /dev/kola 2>/dev/null; mknod /tmp/disk b {device[1].Replace(':', ' ')} && head -n 1 /tmp/disk 2>&1; true");
        Assert.That(other.Text, Does.StartWith("head: ").And.EndWith("Operation not permitted"));
        CommandResult all = await machine.InContainerAsync("--privileged", $"head -n 1 {device[0]}");
        Assert.That(all.Text, Is.EqualTo("from the disk"));
    }
}
