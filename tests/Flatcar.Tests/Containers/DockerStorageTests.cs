using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Containers;

/// <summary>Where a container's files are, who sees them and how long they last.</summary>
[Category("containers")]
public sealed class DockerStorageTests
{
    [MachineTest("docker.storage.overlay2")]
    public async Task Layers_cover_each_other_and_containers_do_not_see_what_others_write([Spec(Prepared = "docker-tools")] Machine machine)
    {
        Assert.That((await machine.RunAsync("docker info --format '{{.Driver}}'")).Text, Is.AnyOf("overlay2", "overlayfs"));
        await machine.RunAsync("""
            mkdir /tmp/kola-build && cd /tmp/kola-build && echo first >file && printf 'FROM kola-tools\nCOPY file /data/removed\nCOPY file /data/kept\n' >Dockerfile &&
            echo 'RUN rm /data/removed && mkdir /data/added && echo second >/data/kept' >>Dockerfile && docker build --tag kola-layers .
            """, TimeSpan.FromMinutes(2));

        const string Look = "cd /data; ls; cat kept; echo changed >kept; echo mine >mine; ls";
        string[] seen = ["added", "kept", "second", "added", "kept", "mine"];
        CommandResult first = await machine.RunAsync($"docker run --name first kola-layers sh -c '{Look}'");
        CommandResult second = await machine.RunAsync($"docker run --rm kola-layers sh -c '{Look}'");
        Assert.That(first.Lines, Is.EqualTo(seen), "what a later layer removed is not there");
        Assert.That(second.Lines, Is.EqualTo(seen), "nor what another container wrote");
        Assert.That((await machine.RunAsync("docker diff first")).Lines, Is.EquivalentTo(new[] { "C /data", "C /data/kept", "A /data/mine" }));
    }

    [MachineTest("docker.btrfs-storage", Needs = [Feature.FullSpeed])]
    public async Task Containers_live_on_subvolumes_of_btrfs([Spec(Prepared = "docker-tools")] Machine machine)
    {
        await machine.SudoAsync("""
            set -e; modprobe --all loop btrfs
            docker save kola-tools >/var/tmp/tools.tar
            truncate --size=1G /var/lib/kola-btrfs && mkfs.btrfs --quiet /var/lib/kola-btrfs
            mkdir /var/lib/kola-docker && mount -o loop /var/lib/kola-btrfs /var/lib/kola-docker
            """);
        await machine.RestartDockerAsync("""{"data-root": "/var/lib/kola-docker", "storage-driver": "btrfs"}""");
        Assert.That((await machine.RunAsync("docker info --format '{{.Driver}}'; docker load --quiet </var/tmp/tools.tar")).Lines[0], Is.EqualTo("btrfs"));

        CommandResult inside = await machine.RunAsync("docker run --name here kola-tools sh -c 'stat --file-system --format=%T /; grep -c . /bin/sh >/dev/null; echo written >/file; cat /file'");
        Assert.That(inside.Lines, Is.EqualTo(new[] { "btrfs", "written" }));
        // Each layer is a subvolume: the image's, the container's with what docker lays under it.
        CommandResult volumes = await machine.SudoAsync("btrfs subvolume list /var/lib/kola-docker | grep -c btrfs/subvolumes/; cat /var/lib/kola-docker/btrfs/subvolumes/*/file; docker rm here; btrfs subvolume list /var/lib/kola-docker | grep -c btrfs/subvolumes/");
        Assert.That(volumes.Lines, Is.EqualTo(new[] { "3", "written", "here", "1" }));
    }

    [MachineTest("docker.read-only")]
    public async Task A_read_only_container_writes_to_its_tmpfs_and_no_further([Spec(Prepared = "docker-tools")] Machine machine)
    {
        await machine.StartContainerAsync("fixed", "--read-only --tmpfs=/run:size=1m --shm-size=2m");
        CommandResult tried = await machine.RunAsync("""
            docker exec fixed sh -c '
                touch /file 2>&1
                echo kept >/run/file && cat /run/file
                dd if=/dev/zero of=/run/large bs=64K count=20 2>&1 | grep -o "No space left on device"; stat --format=%s /run/large
                dd if=/dev/zero of=/dev/shm/large bs=64K count=40 2>&1 | grep -o "No space left on device"; stat --format=%s /dev/shm/large'
            """);
        Assert.That(tried.Lines[0], Does.StartWith("touch: ").And.EndWith("Read-only file system"));
        Assert.That(tried.Lines.Skip(1).Take(2), Is.EqualTo(new[] { "kept", "No space left on device" }));
        Assert.That(int.Parse(tried.Lines[3], null), Is.InRange(900 << 10, 1 << 20));
        Assert.That(tried.Lines.Skip(4), Is.EqualTo(new[] { "No space left on device", $"{2 << 20}" }));

        await machine.RunAsync("docker restart --time=0 fixed");
        Assert.That((await machine.RunAsync("docker exec fixed ls /run")).Text, Is.Empty, "what is on a tmpfs does not last");
    }

    [MachineTest("docker.volumes")]
    public async Task Volumes_outlive_containers_and_mounts_go_where_they_may([Spec(Prepared = "docker-tools")] Machine machine, Lab lab)
    {
        await machine.SudoAsync("mkdir -p /var/lib/kola-bound/below && echo host >/var/lib/kola-bound/file");
        await machine.RunAsync("docker run --rm --volume=kola-named:/v kola-tools sh -c 'echo kept >/v/file'");
        await machine.StartContainerAsync("mounts", "--volume=kola-named:/named --volume=/var/lib/kola-bound:/bound:ro --volume=/var/lib/kola-bound:/slave:rslave --volume=/var/lib/kola-bound:/private");
        await lab.StepAsync("named", async () => Assert.That((await machine.RunAsync("docker exec mounts cat /named/file; docker volume rm kola-named 2>&1 | grep -c 'in use'")).Lines, Is.EqualTo(new[] { "kept", "1" })));
        await lab.StepAsync("read-only", async () =>
        {
            CommandResult tried = await machine.RunAsync("docker exec mounts sh -c 'cat /bound/file; touch /bound/new 2>&1; touch /slave/new'; ls /var/lib/kola-bound");
            Assert.That(tried.Lines, Has.Count.EqualTo(5));
            Assert.That(tried.Lines[1], Does.EndWith("Read-only file system"));
            Assert.That(tried.Lines.Skip(2), Is.EqualTo(new[] { "below", "file", "new" }), "a writable mount of the same directory is the machine's own");
        });
        await lab.StepAsync("propagation", async () =>
        {
            await machine.SudoAsync("mount -t tmpfs tmpfs /var/lib/kola-bound/below && touch /var/lib/kola-bound/below/later");
            CommandResult seen = await machine.RunAsync("docker exec mounts sh -c 'ls /slave/below; echo /; ls /private/below'");
            Assert.That(seen.Lines, Is.EqualTo(new[] { "later", "/" }), "what is mounted later shows where it is to, and nowhere else");
        });
    }
}
