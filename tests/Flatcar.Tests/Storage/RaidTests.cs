using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Arrays made by Ignition and put together again at every boot.</summary>
[Category("storage")]
public sealed class RaidTests
{
    [MachineTest("cl.disk.raid0.root", Needs = [Feature.FullSpeed, Feature.IgnitionDisks, Feature.ExtraDisks], Fresh = true)]
    public async Task Root_is_striped([Spec(Config = "raid0-root.ign", Disks = ["520:secondary"])] Machine machine)
    {
        await IsArrayAsync(machine, "/", "rootarray", "raid0");
        await KeepsAsync(machine, "/etc/kept");
        await IsArrayAsync(machine, "/", "rootarray", "raid0");
    }

    [MachineTest("cl.disk.raid1.root", Needs = [Feature.IgnitionDisks, Feature.ExtraDisks], Minutes = 15, Fresh = true)]
    public async Task Root_is_mirrored_and_outlives_a_member([Spec(Config = "raid1-root.ign", Disks = ["520:secondary"])] Machine machine)
    {
        await IsArrayAsync(machine, "/", "rootarray", "raid1");
        await KeepsAsync(machine, "/etc/kept");
        await IsArrayAsync(machine, "/", "rootarray", "raid1");

        // Not the peer's: a mirror is there to lose a member, and to be made whole.
        await LoseAsync(machine, "rootarray", "root1");
        await KeepsAsync(machine, "/etc/kept-by-one");
        Assert.That((await machine.ArrayAsync("rootarray")).Missing, Is.EqualTo(1));
        await MendAsync(machine, "rootarray", "root1");
    }

    [MachineTest("cl.disk.raid0.data", Needs = [Feature.FullSpeed, Feature.IgnitionDisks], Fresh = true)]
    public async Task Data_is_striped([Spec(Config = "raid0-data.ign")] Machine machine)
    {
        await IsArrayAsync(machine, "/var/lib/data", "DATA", "raid0");
        Assert.That(await machine.ReadFileAsync("/var/lib/data/from-ignition"), Is.EqualTo("world\n"));
        await KeepsAsync(machine, "/var/lib/data/kept");
        await IsArrayAsync(machine, "/var/lib/data", "DATA", "raid0");
    }

    [MachineTest("cl.disk.raid1.data", Needs = [Feature.FullSpeed, Feature.IgnitionDisks], Minutes = 15, Fresh = true)]
    public async Task Data_is_mirrored_and_outlives_a_member([Spec(Config = "raid1-data.ign")] Machine machine)
    {
        await IsArrayAsync(machine, "/var/lib/data", "DATA", "raid1");
        Assert.That(await machine.ReadFileAsync("/var/lib/data/from-ignition"), Is.EqualTo("world\n"));
        await KeepsAsync(machine, "/var/lib/data/kept");
        await IsArrayAsync(machine, "/var/lib/data", "DATA", "raid1");

        await LoseAsync(machine, "DATA", "USR-B");
        await KeepsAsync(machine, "/var/lib/data/kept-by-one");
        Assert.That((await machine.ArrayAsync("DATA")).Missing, Is.EqualTo(1));
        await MendAsync(machine, "DATA", "USR-B");
    }

    private static async Task IsArrayAsync(Machine machine, string path, string name, string level)
    {
        Assert.That(await machine.DeviceTypeAsync(path), Is.EqualTo(level));
        Arrays.RaidArray array = await machine.ArrayAsync(name);
        Assert.That((array.Level, array.Members, array.Missing), Is.EqualTo((level, 2, 0)));
    }

    private static async Task KeepsAsync(Machine machine, string file)
    {
        string text = $"kept in {file}\n";
        await machine.WriteFileAsync(file, text);
        await machine.RebootAsync();
        Assert.That(await machine.ReadFileAsync(file), Is.EqualTo(text));
    }

    // Its superblock goes too: what is left has to do without the member, not wait for it.
    private static async Task LoseAsync(Machine machine, string name, string partition) => await machine.SudoAsync(
        $"mdadm /dev/md/{name} --fail $(readlink -f /dev/disk/by-partlabel/{partition}) && udevadm settle && mdadm /dev/md/{name} --remove failed && mdadm --zero-superblock /dev/disk/by-partlabel/{partition}");

    private static async Task MendAsync(Machine machine, string name, string partition)
    {
        await machine.RunAsync($"sudo mdadm /dev/md/{name} --add /dev/disk/by-partlabel/{partition}");
        await machine.WaitForAsync(
            "the mirror to be whole", () => machine.ArrayAsync(name), array => array is { Missing: 0, Action: "idle" }, TimeSpan.FromMinutes(3));
    }
}
