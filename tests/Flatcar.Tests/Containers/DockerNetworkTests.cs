using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Containers;

/// <summary>Who reaches whom from a container.</summary>
[Category("containers")]
public sealed class DockerNetworkTests
{
    [MachineTest("docker.network-openbsd-nc", Needs = [Feature.PrivateNetwork])]
    public async Task Containers_of_two_machines_talk_over_a_published_port(
        [Spec(Prepared = "docker-tools")] Machine server, [Spec(Prepared = "docker-tools")] Machine client)
    {
        await server.StartContainerAsync("listener", "--publish=9988:9988", "sh -c 'echo HELLO FROM SERVER | timeout 60 nc -v -N -l 0.0.0.0 9988'");
        // The port is open on the machine before anybody listens in the container.
        await server.WaitForAsync("the container to listen", () => server.RunAsync("docker logs listener 2>&1"), seen => seen.Text.Contains("Listening", StringComparison.Ordinal));
        CommandResult heard = await client.InContainerAsync("", $"echo HELLO FROM CLIENT | timeout 60 nc -N {server.Address} 9988");
        Assert.That(heard.Text, Is.EqualTo("HELLO FROM SERVER"));
        Assert.That((await server.RunAsync("docker wait listener; docker logs listener 2>/dev/null")).Lines, Is.EqualTo(new[] { "0", "HELLO FROM CLIENT" }));
    }

    [MachineTest("docker.network.isolation", Needs = [Feature.FullSpeed])]
    public async Task Networks_of_containers_are_kept_apart([Spec(Prepared = "docker-tools")] Machine machine, Lab lab)
    {
        await machine.RunAsync("docker network create red && docker network create blue && docker network create --internal inner");
        foreach ((string name, string network) in new[] { ("red1", "red"), ("red2", "red"), ("blue1", "blue"), ("inner1", "inner") })
            await machine.StartContainerAsync(name, $"--network={network}");
        string address = await machine.InspectAsync("red1", "{{.NetworkSettings.Networks.red.IPAddress}}");
        Task<CommandResult> PingsAsync(string from, string to) => machine.TryRunAsync($"docker exec {from} ping -c 1 -W 2 {to} 2>&1");

        await lab.StepAsync("same", async () => Assert.That((await PingsAsync("red2", "red1")).Text, Does.Contain($"({address})").And.Contain("1 received"), "names resolve on a network of one's own"));
        await lab.StepAsync("other", async () =>
        {
            Assert.That((await PingsAsync("blue1", address)).Text, Does.Contain("100% packet loss"));
            Assert.That((await PingsAsync("blue1", "172.17.0.1")).ExitCode, Is.Zero, "while it reaches the machine");
            Assert.That((await machine.TryRunAsync("docker exec blue1 getent hosts red1")).ExitCode, Is.EqualTo(2), "nor is its name known");
        });
        await lab.StepAsync("internal", async () => Assert.That((await PingsAsync("inner1", "172.17.0.1")).Text, Does.Contain("Network is unreachable")));
        await lab.StepAsync("none", async () => Assert.That((await machine.InContainerAsync("--network=none", "ls /sys/class/net")).Text, Is.EqualTo("lo")));
        await lab.StepAsync("connect", async () =>
        {
            await machine.RunAsync("docker network connect blue red1");
            Assert.That((await PingsAsync("blue1", "red1")).Text, Does.Contain("1 received"));
        });
    }
}
