namespace Flatcar.Tests.Network;

/// <summary>The segment that the machines of one test share.</summary>
[Category("network")]
public sealed class PrivateNetworkTests
{
    [MachineTest("network.private.two-machines", Needs = [Feature.PrivateNetwork])]
    public async Task Two_machines_know_reach_and_understand_each_other(
        [Spec(Config = "blob-server.ign")] Machine server,
        Machine client,
        Lab lab)
    {
        await lab.StepAsync("Addresses", async () =>
        {
            Assert.That(server.Address, Is.Not.EqualTo(client.Address));
            await Task.WhenAll(HasItsAddressAsync(server), HasItsAddressAsync(client));
        });
        await lab.StepAsync("Names", () => Task.WhenAll(FindsAsync(client, server), FindsAsync(server, client)));
        await lab.StepAsync("Ping", () => Task.WhenAll(PingsAsync(client, server), PingsAsync(server, client)));
        await lab.StepAsync("Transfer", () => TransfersAsync(server, client));
        await lab.StepAsync("ClosedPort", async () =>
        {
            CommandResult refused = await client.TryRunAsync("bash -c 'exec 3<>/dev/tcp/server/9001'");
            Assert.That(refused.Error, Does.Contain("refused"), "a port nobody listens on is refused by the machine itself, at once");
        });
    }

    private static async Task HasItsAddressAsync(Machine machine)
    {
        CommandResult addresses = await machine.RunAsync("ip -4 -brief address");
        Assert.That(addresses.Text, Does.Contain($" {machine.Address}/24"));
    }

    private static async Task FindsAsync(Machine from, Machine to)
    {
        CommandResult found = await from.RunAsync($"getent hosts {to.Name}; ip route get {to.Address}");
        Assert.That(found.Lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(new[] { to.Address, to.Name }));
        Assert.That(found.Lines[1], Does.Contain($"src {from.Address}").And.Not.Contain(" via "), "it goes by the segment, not around by a gateway");
    }

    private static Task<CommandResult> PingsAsync(Machine from, Machine to) => from.RunAsync($"sudo ping -c 3 -i 0.2 -W 5 {to.Name}");

    private static async Task TransfersAsync(Machine server, Machine client)
    {
        CommandResult sent = await server.RunAsync("head -c 4M /dev/urandom | sudo tee /var/blob | sha256sum");
        CommandResult received = await client.RunAsync("bash -c 'cat </dev/tcp/server/9000' | tee /var/tmp/blob | sha256sum; stat --format=%s /var/tmp/blob");
        Assert.That(received.Lines, Is.EqualTo(new[] { sent.Text, $"{4 << 20}" }));
    }
}
