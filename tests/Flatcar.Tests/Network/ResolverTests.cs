using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>Names that need no server.</summary>
[Category("network")]
public sealed class ResolverTests
{
    [MachineTest("network.resolved.no-mdns-llmnr", Needs = [Feature.PrivateNetwork])]
    public async Task No_neighbour_is_asked_for_a_name(Machine machine, Machine neighbour)
    {
        Assert.That((await machine.RunAsync("ss --no-header --listening --udp --tcp --numeric 'sport = :5353 or sport = :5355'")).Text, Is.Empty, "who listens for neighbours");
        // The last of it is sent on purpose: a capture that has it has had all before it.
        CommandResult seen = await machine.CaptureAsync("eth1", "udp port 5353 or udp port 5355 or udp port 137",
            $"for name in kola-nobody kola-nobody.local; do timeout 10 getent ahosts $name; timeout 10 resolvectl query --cache=no $name; timeout 10 dig +time=2 +tries=1 @127.0.0.53 $name; done; echo marker | socat - UDP:{neighbour.Address}:5355");
        Assert.That(seen.Lines.Where(line => line.Contains(" > ", StringComparison.Ordinal)).Single(), Does.Contain($"> {neighbour.Address}.5355").And.Contain("length"), "the marker, and nothing before it");
        Assert.That((await machine.RunAsync("resolvectl llmnr eth1; resolvectl mdns eth1")).Text, Does.Not.Contain("yes"));
    }

    [MachineTest("network.resolved.hosts")]
    public async Task Names_the_machine_knows_are_answered_to_programs_and_over_the_wire(Machine machine, Lab lab)
    {
        await machine.SudoAsync("echo 192.0.2.77 kola-known kola-alias >>/etc/hosts");
        string name = (await machine.RunAsync("hostname")).Text;
        string gateway = (await machine.RunAsync("ip -j route show default | jq --raw-output 'sort_by(.metric) | .[0].gateway'")).Text;
        async Task<string> BothAsync(string asked)
        {
            CommandResult found = await machine.TryRunAsync($"timeout 20 getent ahostsv4 {asked} | head -n 1 | cut -d ' ' -f 1; timeout 20 dig +short +time=5 +tries=1 @127.0.0.53 {asked} A | tail -n 1");
            return found.Text.ReplaceLineEndings(" ");
        }
        await lab.StepAsync("Hosts", async () =>
        {
            await machine.WaitForAsync("the line in /etc/hosts to be read", () => BothAsync("kola-alias"), seen => seen == "192.0.2.77 192.0.2.77", TimeSpan.FromSeconds(20));
            Assert.That((await machine.RunAsync("getent hosts 192.0.2.77")).Text, Does.Contain("kola-known"));
            Assert.That((await machine.RunAsync("dig +short @127.0.0.53 -x 192.0.2.77")).Lines, Does.Contain("kola-known."), "the way back");
        });
        await lab.StepAsync("Localhost", async () =>
        {
            foreach (string asked in new[] { "localhost", "anything.localhost" })
                Assert.That(await BothAsync(asked), Is.EqualTo("127.0.0.1 127.0.0.1"), asked);
        });
        await lab.StepAsync("Gateway", async () => Assert.That(await BothAsync("_gateway"), Is.EqualTo($"{gateway} {gateway}")));
        await lab.StepAsync("Own", async () =>
        {
            string[] own = (await BothAsync(name)).Split(' ');
            string addresses = (await machine.RunAsync("ip -4 -brief address")).Text;
            Assert.That(own, Has.Length.EqualTo(2));
            Assert.That(own, Has.All.Matches<string>(address => address == "127.0.0.2" || addresses.Contains($" {address}/", StringComparison.Ordinal)), $"what {name} is");
        });
        await machine.SudoAsync("sed -i /kola-known/d /etc/hosts");
        await machine.WaitForAsync("the name to be forgotten", () => BothAsync("kola-known"), seen => seen.Length == 0, TimeSpan.FromSeconds(20));
    }
}
