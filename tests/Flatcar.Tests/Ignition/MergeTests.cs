using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>Configs that name other configs.</summary>
[Category("ignition")]
public sealed class MergeTests
{
    // The parent merges first, second and third, in this order; first merges nested, and replaced, which is replaced by replacement.
    [MachineTest("ignition.merge", Fresh = true)]
    public async Task Configs_are_merged_over_the_network_and_the_later_wins([Spec(Config = "merge.ign")] Machine machine, Lab lab)
    {
        await lab.StepAsync("EachIsThere", async () => Assert.That(
            await ContentsAsync(machine, "parent", "second", "third", "replacement"), Is.EqualTo(new[] { "parent", "second", "third", "replacement" })));
        await lab.StepAsync("LaterOverEarlier", async () => Assert.That(await ContentsAsync(machine, "who"), Is.EqualTo(new[] { "second" })));
        await lab.StepAsync("ChildOverParent", async () => Assert.That(
            await ContentsAsync(machine, "parent-and-first", "first-and-nested", "first-and-replacement"), Is.EqualTo(new[] { "first", "nested", "replacement" })));
        await lab.StepAsync("WhatAChildDoesNotSayStays", async () => Assert.That(
            (await machine.RunAsync("sudo stat --format='%n %a %U' /var/merge/who /var/merge/parent-and-first")).Lines, Is.EqualTo(new[] { "/var/merge/who 600 root", "/var/merge/parent-and-first 640 core" })));
        await lab.StepAsync("ListsGrow", async () => Assert.That(
            (await machine.ReadFileAsync("/var/merge/appended")).Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(new[] { "parent", "first", "nested" })));
        await lab.StepAsync("ReplacedIsGone", async () => Assert.That(
            (await machine.TryRunAsync("test -e /var/merge/replaced")).ExitCode, Is.EqualTo(1), "the config that was replaced was applied all the same"));
        await lab.StepAsync("DropinsAreMergedByName", async () =>
        {
            Assert.That((await machine.RunAsync("cd /etc/systemd/system/merged.service.d; grep -h FROM 10-from.conf 20-first.conf; cat /run/merged")).Lines, Is.EqualTo(new[] { "Environment=FROM=second", "Environment=FROM=first", "first" }));
            Assert.That((await machine.UnitAsync("merged.service")).Active, Is.EqualTo("active"));
        });
        await lab.StepAsync("KeysAreAdded", () => machine.RunAsync("sudo grep -rqc from-first /home/core/.ssh"));
    }

    // The segment the machines share is there in the initrd already.
    [MachineTest("ignition.merge.machine", Needs = [Feature.FullSpeed], Minutes = 15, Fresh = true)]
    public async Task A_config_is_fetched_from_another_machine_of_the_test([Spec(Config = "merge-server.bu")] Machine server, [Spec(Config = "merge-client.bu")] Machine client)
    {
        Assert.That((await client.RunAsync("cat /etc/kola-first /etc/kola-second")).Lines, Is.EqualTo(new[] { "first", "second" }));
        Assert.That((await server.RunAsync("systemctl show --property=NAccepted --value answer.socket")).Text, Is.EqualTo("1"), "requests the other machine has served");
    }

    // The peer has a second machine serve, with a certificate it has signed itself.
    [MachineTest("coreos.ignition.security.tls", Fresh = true)]
    public async Task A_config_is_fetched_from_a_server_with_a_private_authority([Spec(Config = "security-tls.ign")] Machine machine)
    {
        Assert.That(await machine.ReadFileAsync("/var/resource/data"), Is.EqualTo("kola-data\n"));
        // Not the peer's: the authority holds for Ignition alone, the system does not trust it from then on.
        string address = (await machine.JournalAsync("--boot --identifier=ignition")).Select(AddressIn).First(a => a is not null)!;
        CommandResult asked = await machine.TryRunAsync($"curl --silent --max-time 60 {address}");
        Assert.That(asked.ExitCode, Is.EqualTo(60), "curl: the server's certificate cannot be verified");
    }

    private static async Task<IReadOnlyList<string>> ContentsAsync(Machine machine, params string[] names) =>
        (await machine.RunAsync($"cd /var/merge; sudo cat {string.Join(' ', names)}")).Lines;

    // GET https://10.0.2.2:33651/tls.ign: attempt #1
    private static string? AddressIn(string line) =>
        line.IndexOf("GET https://", StringComparison.Ordinal) is >= 0 and var at && line.IndexOf(": attempt #", StringComparison.Ordinal) is var end && end > at ? line[(at + 4)..end] : null;
}
