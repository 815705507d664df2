using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>
/// Partitions of a config on disks that have some already. Ignition goes by their numbers: what fits is kept, what does not is wiped only
/// where the config says so.
/// </summary>
[Category("ignition")]
public sealed class DiskPartitionTests
{
    private const long Mebi = 2048;

    // The peer's config begins its partition at 9 GiB, where a root of today still is.
    [MachineTest("cl.ignition.partition_on_boot_disk", Needs = [Feature.FullSpeed, Feature.IgnitionDisks, Feature.ExtraDisks], Fresh = true)]
    public async Task The_boot_disk_gets_another_partition([Spec(Config = "disks-boot-partition.ign", DiskMiB = 22528)] Machine machine)
    {
        Assert.That((await machine.MountsAsync("/var")).Select(m => m.Type), Is.EqualTo(new[] { "xfs" }));
        Assert.That(await machine.ReadFileAsync("/var/hello"), Is.EqualTo("world\n"));
        // Not the peer's: the root grows up to it and no further, and it is there after the next boot.
        Gpt.Table table = await machine.PartitionTableAsync();
        Assert.That((table["VAR"].Number, table["VAR"].FirstSector), Is.EqualTo((10, 14336 * Mebi)));
        Assert.That(table["ROOT"].FirstSector + table["ROOT"].Sectors, Is.EqualTo(14336 * Mebi));
        await machine.WriteFileAsync("/var/kept", "kept\n");
        await machine.RebootAsync();
        Assert.That(await machine.ReadFileAsync("/var/kept"), Is.EqualTo("kept\n"));
    }

    [MachineTest("ignition.disks.partitions", Needs = [Feature.IgnitionDisks, Feature.ExtraDisks], Minutes = 15, Fresh = true)]
    public async Task What_is_on_a_disk_is_kept_or_wiped_as_asked(
        [Spec(Config = "disks-partitions.ign", Disks = ["64:keep", "64:entry", "64:resize", "64:absent", "64:table", "64:next"])] Machine machine, Lab lab)
    {
        Gpt.Table kept = await machine.PartitionTableAsync(Disk("keep"));
        await lab.StepAsync("EmptyDisks", () => EmptyDisksAreFilledAsync(machine, kept));

        await MarkAsync(machine, "KEPT");
        await MarkAsync(machine, "REST");
        await PartitionAsync(machine, "entry", "size=30M,name=OLD", "size=10M,name=BESIDE");
        await PartitionAsync(machine, "resize", "size=20M,name=GROWS");
        await machine.SudoAsync("mkfs.ext4 -q /dev/disk/by-partlabel/GROWS");
        await MarkAsync(machine, "GROWS");
        await PartitionAsync(machine, "absent", "size=20M,name=STAYS", "size=20M,name=GOES");
        await PartitionAsync(machine, "table", "size=10M,name=ONE", "size=10M,name=TWO", "size=10M,name=THREE");
        Gpt.Partition beside = (await machine.PartitionTableAsync(Disk("entry")))["BESIDE"];
        Gpt.Partition grows = (await machine.PartitionTableAsync(Disk("resize")))["GROWS"];
        Gpt.Partition stays = (await machine.PartitionTableAsync(Disk("absent")))["STAYS"];
        await machine.ProvisionAgainAsync();

        await lab.StepAsync("PartitionThatFitsIsKept", async () =>
        {
            Gpt.Table now = await machine.PartitionTableAsync(Disk("keep"));
            Assert.That(now.DiskId, Is.EqualTo(kept.DiskId));
            Assert.That(now.Partitions, Is.EqualTo(kept.Partitions));
        });
        await lab.StepAsync("FilesystemThatFitsIsKept", async () => Assert.That(await IsMarkedAsync(machine, "KEPT"), "it was made anew"));
        await lab.StepAsync("FilesystemIsWiped", async () => Assert.That(await IsMarkedAsync(machine, "REST"), Is.False, "it was kept, against wipeFilesystem"));
        await lab.StepAsync("EntryIsWiped", async () =>
        {
            Gpt.Table now = await machine.PartitionTableAsync(Disk("entry"));
            Assert.That(Shown(now), Is.EqualTo(new[] { (1, "NEW", 20 * Mebi), (2, "BESIDE", 10 * Mebi) }));
            Assert.That(now["BESIDE"], Is.EqualTo(beside), "what the config does not name is left alone");
        });
        await lab.StepAsync("PartitionIsResized", async () =>
        {
            Gpt.Table now = await machine.PartitionTableAsync(Disk("resize"));
            Assert.That(now.Partitions, Is.EqualTo(new[] { grows with { Sectors = 40 * Mebi } }), "its place, type and id stay");
            Assert.That(await IsMarkedAsync(machine, "GROWS"), "what is in it is lost");
        });
        await lab.StepAsync("PartitionIsRemoved", async () =>
            Assert.That((await machine.PartitionTableAsync(Disk("absent"))).Partitions, Is.EqualTo(new[] { stays })));
        await lab.StepAsync("TableIsWiped", async () =>
            Assert.That(Shown(await machine.PartitionTableAsync(Disk("table"))), Is.EqualTo(new[] { (1, "ONLY", 20 * Mebi) })));
        await lab.StepAsync("NumberZeroTakesTheNext", async () =>
            Assert.That(Shown(await machine.PartitionTableAsync(Disk("next"))), Is.EqualTo(new[] { (1, "NEXT", 10 * Mebi), (2, "NEXT", 10 * Mebi) })));
    }

    [MachineTest("ignition.disks.refused.entry", Needs = [Feature.IgnitionDisks, Feature.ExtraDisks], Fresh = true)]
    public Task A_partition_that_does_not_fit_is_not_destroyed([Spec(Config = "disks-refused-entry.ign", BootFails = true)] Machine machine) =>
        RefusesAsync(machine, "partition 4 didn't match", "label did not match");

    [MachineTest("ignition.disks.refused.removal", Needs = [Feature.FullSpeed, Feature.IgnitionDisks, Feature.ExtraDisks], Fresh = true)]
    public Task A_partition_that_is_not_to_be_there_is_not_destroyed([Spec(Config = "disks-refused-removal.ign", BootFails = true)] Machine machine) =>
        RefusesAsync(machine, "partition 4 exists", "wipePartitionEntry is false");

    [MachineTest("ignition.disks.refused.format", Needs = [Feature.IgnitionDisks], Fresh = true)]
    public Task A_file_system_that_does_not_fit_is_not_destroyed([Spec(Config = "disks-refused-format.ign", BootFails = true)] Machine machine) =>
        RefusesAsync(machine, "filesystem is not of the correct type");

    [MachineTest("ignition.disks.refused.volume", Needs = [Feature.FullSpeed, Feature.IgnitionDisks, Feature.IgnitionLuks], Fresh = true)]
    public Task A_file_system_is_not_destroyed_by_a_volume([Spec(Config = "disks-refused-volume.ign", BootFails = true)] Machine machine) =>
        RefusesAsync(machine, "volume is not of the correct type");

    private static Task RefusesAsync(Machine machine, params string[] words)
    {
        foreach (string word in words)
            Assert.That(machine.BootFailure, Does.Contain(word).IgnoreCase);
        return Task.CompletedTask;
    }

    private static async Task EmptyDisksAreFilledAsync(Machine machine, Gpt.Table kept)
    {
        // "REST" gets what is left: 64 MiB less 20 and a MiB of table at either end.
        Assert.That(Shown(kept).Select(p => (p.Number, p.Label)), Is.EqualTo(new[] { (1, "KEPT"), (2, "REST") }));
        Assert.That(kept["REST"].Sectors, Is.InRange(41 * Mebi, 43 * Mebi));
        Assert.That(Shown(await machine.PartitionTableAsync(Disk("absent"))), Is.EqualTo(new[] { (1, "STAYS", 20 * Mebi) }));
        Assert.That(Shown(await machine.PartitionTableAsync(Disk("next"))), Is.EqualTo(new[] { (1, "NEXT", 10 * Mebi) }));
    }

    private static string Disk(string serial) => $"/dev/disk/by-id/virtio-{serial}";

    private static IEnumerable<(int Number, string Label, long Sectors)> Shown(Gpt.Table table) => table.Partitions.Select(p => (p.Number, p.Label, p.Sectors));

    private static async Task PartitionAsync(Machine machine, string serial, params string[] lines) => await machine.SudoAsync(
        $"printf 'label: gpt\n{string.Join("\\n", lines)}\n' | sfdisk --quiet --wipe always --wipe-partitions always {Disk(serial)} && udevadm settle");

    private static async Task MarkAsync(Machine machine, string label) => await machine.SudoAsync(
        $"mkdir -p /run/marked && mount /dev/disk/by-partlabel/{label} /run/marked && touch /run/marked/mark && umount /run/marked");

    private static async Task<bool> IsMarkedAsync(Machine machine, string label) => (await machine.SudoAsync(
        $"mkdir -p /run/marked && mount -o ro /dev/disk/by-partlabel/{label} /run/marked && ls -A /run/marked; umount /run/marked")).Lines.Contains("mark");
}
