using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Containers;

/// <summary>What a container leaves behind: its output and its files.</summary>
[Category("containers")]
public sealed class DockerLogTests
{
    [MachineTest("docker.logs")]
    public async Task Output_is_kept_as_long_as_it_may_be_and_found_in_the_journal([Spec(Prepared = "docker-tools")] Machine machine, Lab lab)
    {
        await lab.StepAsync("json-file", async () =>
        {
            await machine.RunAsync("docker run --name chatty --log-driver=json-file --log-opt=max-size=8k --log-opt=max-file=2 kola-tools seq 1000 >/dev/null");
            CommandResult kept = await machine.RunAsync("docker logs chatty");
            Assert.That(kept.Lines[^1], Is.EqualTo("1000"));
            // A line of seq is some 75 bytes as JSON: two files hold some 200.
            Assert.That(int.Parse(kept.Lines[0], null), Is.InRange(750, 950), "the oldest line that is left");
            CommandResult files = await machine.SudoAsync("cd /var/lib/docker/containers/*/ && stat --format=%s *-json.log*");
            Assert.That(files.Lines.Select(size => int.Parse(size, null)).ToArray(), Has.Length.EqualTo(2).And.All.LessThan(9 << 10));
        });
        await lab.StepAsync("journald", async () =>
        {
            await machine.RunAsync("docker run --name written --log-driver=journald --log-opt=tag=kola-tag kola-tools sh -c 'echo to out; echo to err >&2'");
            string[] Sorted(IEnumerable<string> lines) => [.. lines.Order(StringComparer.Ordinal)];
            await machine.RunAsync("sudo journalctl --sync");
            Assert.That(Sorted(await machine.JournalAsync("CONTAINER_NAME=written")), Is.EqualTo(new[] { "to err", "to out" }));
            Assert.That(await machine.JournalAsync("CONTAINER_TAG=kola-tag --priority=err"), Is.EqualTo(new[] { "to err" }));
            Assert.That(Sorted((await machine.RunAsync("docker logs written 2>&1")).Lines), Is.EqualTo(new[] { "to err", "to out" }));
        });
    }

    [MachineTest("docker.ownership")]
    public async Task Files_belong_to_the_same_inside_and_in_an_export([Spec(Prepared = "docker-tools")] Machine machine)
    {
        await machine.SudoAsync("""
            set -e
            mkdir /var/tmp/kola-owned && cd /var/tmp/kola-owned
            docker export $(docker create kola-tools sh) | tar -x
            mkdir -p etc && echo secret >etc/shadow && chown 7:42 etc/shadow && chmod 640 etc/shadow && install --owner=1234 --group=70000 --mode=4711 /dev/null etc/program
            tar -c . | docker import --change 'ENV PATH=/bin' - kola-owned
            """, TimeSpan.FromMinutes(2));
        CommandResult inside = await machine.RunAsync("docker run --name owned kola-owned stat --format='%u/%g %A' /etc/shadow /etc/program");
        Assert.That(inside.Lines, Is.EqualTo(new[] { "7/42 -rw-r-----", "1234/70000 -rws--x--x" }));
        CommandResult exported = await machine.RunAsync("docker export owned | tar --list --verbose --numeric-owner etc/shadow etc/program");
        Assert.That(exported.Lines.Select(line => line.Split(' ')).Select(words => $"{words[1]} {words[0]}"), Is.EquivalentTo(inside.Lines));
    }
}
