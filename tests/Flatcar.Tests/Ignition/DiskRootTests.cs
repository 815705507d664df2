using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>The root file system as a config wants it.</summary>
[Category("ignition")]
public sealed class DiskRootTests
{
    private const string Root = "/dev/disk/by-partlabel/ROOT";
    private const string Id = "9aa5237a-ab6b-458b-a7e8-f25e2baef1a3";

    [MachineTest("ignition.root.btrfs", Formerly = "cl.ignition.v2.btrfsroot", Needs = [Feature.IgnitionDisks], Fresh = true)]
    public Task Root_is_made_btrfs([Spec(Config = "disks-root-btrfs.ign", DiskMiB = 16384)] Machine machine) => IsMadeAnewAsync(machine, "btrfs");

    [MachineTest("ignition.root.xfs", Formerly = "cl.ignition.v2.xfsroot", Needs = [Feature.FullSpeed, Feature.IgnitionDisks], Fresh = true)]
    public Task Root_is_made_xfs([Spec(Config = "disks-root-xfs.ign", DiskMiB = 16384)] Machine machine) => IsMadeAnewAsync(machine, "xfs");

    [MachineTest("ignition.root.ext4", Formerly = "cl.ignition.v2.ext4root", Needs = [Feature.FullSpeed, Feature.IgnitionDisks], Fresh = true)]
    public Task Root_is_made_ext4([Spec(Config = "disks-root-ext4.ign", DiskMiB = 16384)] Machine machine) => IsMadeAnewAsync(machine, "ext4");

    [MachineTest("ignition.root.kept", Formerly = "cl.ignition.v2_1.ext4checkexisting", Needs = [Feature.IgnitionDisks], Fresh = true)]
    public async Task Root_that_is_as_wanted_is_not_made_anew([Spec] Machine plain, [Spec(Config = "disks-root-kept.ign")] Machine asked)
    {
        string[] wanted = await ProbeAsync(plain);
        Assert.That(wanted, Has.Member("TYPE=ext4").And.Member("LABEL=ROOT"));
        Assert.That(await ProbeAsync(asked), Is.EqualTo(wanted), "another UUID: it was made anew");
    }

    private static async Task IsMadeAnewAsync(Machine machine, string format)
    {
        Assert.That(await ProbeAsync(machine), Is.EquivalentTo(new[] { "LABEL=ROOT", $"UUID={Id}", $"TYPE={format}" }));
        Assert.That((await machine.MountsAsync("/")).Select(m => m.Type), Is.EqualTo(new[] { format }));
        // Not the peer's: what belongs into an empty root is there again, it fills its partition, and it is kept.
        Assert.That((await machine.RunAsync("stat --format=%U /home/core && stat --format=%a /tmp /root")).Lines, Is.EqualTo(new[] { "core", "1777", "700" }));
        Gpt.Table table = await machine.PartitionTableAsync();
        long[] size = [.. (await machine.RunAsync("stat --file-system --format='%b %S' /")).Text.Split(' ').Select(long.Parse)];
        Assert.That(size[0] * size[1] / 512, Is.GreaterThan(table["ROOT"].Sectors / 100 * 90), "the file system has not grown with its partition");
        await machine.RunAsync("echo kept | sudo tee /var/lib/kept");
        await machine.RebootAsync();
        Assert.That(await machine.ReadFileAsync("/var/lib/kept"), Is.EqualTo("kept\n"));
        Assert.That((await machine.MountsAsync("/")).Select(m => m.Type), Is.EqualTo(new[] { format }));
    }

    private static async Task<string[]> ProbeAsync(Machine machine) =>
        [.. (await machine.RunAsync($"sudo blkid --probe --output export --match-tag LABEL --match-tag UUID --match-tag TYPE {Root}"))
            .Lines.Where(line => !line.StartsWith("DEVNAME=", StringComparison.Ordinal))];
}
