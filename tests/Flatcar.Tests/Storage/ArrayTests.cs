using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Arrays made in the running system: one member lost, one put in its place, then another lost.</summary>
[Category("storage")]
public sealed class ArrayTests
{
    [MachineTest("storage.raid1", Needs = [Feature.ExtraDisks])]
    public Task A_mirror_is_rebuilt([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine) => IsRebuiltAsync(machine, "1", members: 2);

    [MachineTest("storage.raid5", Needs = [Feature.FullSpeed, Feature.ExtraDisks])]
    public Task Parity_is_rebuilt([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine) => IsRebuiltAsync(machine, "5", members: 3);

    [MachineTest("storage.raid10", Needs = [Feature.FullSpeed, Feature.ExtraDisks])]
    public Task Striped_mirrors_are_rebuilt([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine) => IsRebuiltAsync(machine, "10", members: 4);

    private static async Task IsRebuiltAsync(Machine machine, string level, int members)
    {
        string[] parts = [$"{Spare.One}-part1", $"{Spare.Two}-part1", $"{Spare.One}-part2", $"{Spare.Two}-part2", $"{Spare.One}-part3"];
        await machine.SudoAsync($$"""
            set -e
            for disk in {{Spare.One}} {{Spare.Two}}; do printf 'label: gpt\nsize=48M\nsize=48M\nsize=48M\n' | sfdisk -q $disk; done; udevadm settle
            mdadm --create /dev/md/kola --run --quiet --level={{level}} --raid-devices={{members}} {{string.Join(' ', parts[..members])}}; udevadm settle
            mkfs.ext4 -q /dev/md/kola
            """);
        await WholeAsync(machine);
        await machine.MountByUnitAsync("data", "/dev/md/kola", "ext4");
        string before = await machine.WriteRandomAsync("/mnt/data/before", 16);

        await LoseAsync(machine, parts[0]);
        Assert.That((await machine.ArrayAsync("kola")).Missing, Is.EqualTo(1));
        Assert.That(await machine.DigestAsync("/mnt/data/before"), Is.EqualTo(before), "what was written before the member was lost");
        string without = await machine.WriteRandomAsync("/mnt/data/without", 8);

        await machine.SudoAsync($"mdadm /dev/md/kola --add {parts[members]}");
        await WholeAsync(machine);
        // The second one's data is now on the new member or nowhere.
        await LoseAsync(machine, parts[1]);
        Assert.That(await machine.DigestAsync("/mnt/data/before"), Is.EqualTo(before), "what the new member was given");
        Assert.That(await machine.DigestAsync("/mnt/data/without"), Is.EqualTo(without), "what was written while a member was missing");
    }

    private static Task<CommandResult> LoseAsync(Machine machine, string member) => machine.SudoAsync(
        $"mdadm /dev/md/kola --fail $(readlink -f {member}) && udevadm settle && mdadm /dev/md/kola --remove failed && mdadm --zero-superblock {member}");

    private static Task<Arrays.RaidArray> WholeAsync(Machine machine) => machine.WaitForAsync(
        "the array to be whole", () => machine.ArrayAsync("kola"), array => array is { Missing: 0, Action: "idle" }, TimeSpan.FromMinutes(2));
}
