using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Boot;

/// <summary>What updaters, installers and people's scripts rely on: the disk's layout and the system's names.</summary>
[Category("boot")]
public sealed class ContractTests
{
    private static readonly Guid s_usrType = Guid.Parse("5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6");

    private static readonly Dictionary<string, (int Number, Guid Type)> s_partitions = new()
    {
        ["EFI-SYSTEM"] = (1, Guid.Parse("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")),
        ["BIOS-BOOT"] = (2, Guid.Parse("21686148-6449-6e6f-744e-656564454649")),
        ["USR-A"] = (3, s_usrType),
        ["USR-B"] = (4, s_usrType),
        ["OEM"] = (6, Guid.Parse("0fc63daf-8483-4772-8e79-3d69d8477de4")),
        ["OEM-CONFIG"] = (7, Guid.Parse("c95dc21a-df0e-4340-8d7b-26cbfa9a03e0")),
        ["ROOT"] = (9, Guid.Parse("3884dd41-8582-4404-b9a8-e9b84f2df50e")),
    };

    [MachineTest("boot.contract")]
    public async Task Disk_and_names_are_as_everybody_knows_them([Spec(DiskMiB = 16384)] Machine machine, Lab lab)
    {
        Gpt.Table table = await machine.PartitionTableAsync();
        await lab.StepAsync("Partitions", () => PartitionsAreFlatcars(table));
        await lab.StepAsync("Slots", () => SlotAIsTried(machine, table));
        await lab.StepAsync("Mounts", () => FilesystemsAreWhereTheyBelongAsync(machine));
        await lab.StepAsync("RootGrows", () => RootFillsTheDiskAsync(machine, table));
        await lab.StepAsync("OsRelease", () => NamesAreFlatcarsAsync(machine));
        await lab.StepAsync("Kernel", async () =>
        {
            string[] wanted = ["root=LABEL=ROOT", "rootflags=rw", "mount.usrflags=ro"];
            Assert.That((await machine.ReadFileAsync("/proc/cmdline")).Split(' ', '\n'), Is.SupersetOf(wanted));
        });
    }

    private static Task PartitionsAreFlatcars(Gpt.Table table)
    {
        var found = table.Partitions.ToDictionary(p => p.Label, p => (p.Number, p.Type));
        Assert.That(found, Is.EquivalentTo(s_partitions));
        Assert.That(table["USR-A"].Id, Is.EqualTo(Guid.Parse("7130c94a-213a-4e5a-8e26-6cce9662f132")));
        Assert.That(table["USR-B"].Id, Is.EqualTo(Guid.Parse("e03dd35c-7c2d-4a47-b3fe-27f15780a57c")));
        // The loader reads slots of one size only.
        Assert.That(table["USR-B"].Sectors, Is.EqualTo(table["USR-A"].Sectors));
        return Task.CompletedTask;
    }

    private static async Task SlotAIsTried(Machine machine, Gpt.Table table)
    {
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.A), "a fresh image boots slot A");
        Assert.That(table["USR-A"].Successful, "slot A of a fresh image is good");
        Assert.That(table["USR-A"].Priority, Is.GreaterThan(table["USR-B"].Priority));
        Assert.That(table["USR-B"].Tries, Is.Zero, "an empty slot would be booted");
    }

    private static async Task FilesystemsAreWhereTheyBelongAsync(Machine machine)
    {
        // Looking into them mounts what is mounted on demand.
        CommandResult labels = await machine.SudoAsync("""
            ls /oem/. /boot/flatcar/. >/dev/null || exit
            for path in / /oem /boot; do lsblk --noheadings --nodeps --output PARTLABEL,FSTYPE "$(findmnt -vno SOURCE $path | tail -n 1)"; done
            """);
        IEnumerable<string[]> found = labels.Lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.That(found.Select(words => words[0]), Is.EqualTo(new[] { "ROOT", "OEM", "EFI-SYSTEM" }));
        Assert.That(found.Last()[1], Is.EqualTo("vfat"));
        Findmnt.Mount usr = (await machine.MountsAsync("/usr"))[0];
        Assert.That(usr.Source, Is.EqualTo("/dev/mapper/usr"), "/usr is checked by dm-verity");
        Assert.That(usr.Options, Does.Contain("ro"));
    }

    private static async Task RootFillsTheDiskAsync(Machine machine, Gpt.Table table)
    {
        const long mebi = 2048;
        Gpt.Partition root = table["ROOT"];
        Assert.That(root.FirstSector + root.Sectors, Is.GreaterThan(16384 * mebi - 4 * mebi), "the partition ends where the disk does");
        // 512-byte sectors of the filesystem; ext4 keeps some percent for its own tables.
        CommandResult size = await machine.RunAsync("stat --file-system --format='%b %S' /");
        long[] numbers = [.. size.Text.Split(' ').Select(long.Parse)];
        Assert.That(numbers[0] * numbers[1] / 512, Is.GreaterThan(root.Sectors / 100 * 90), "the filesystem has not grown with its partition");
    }

    private static async Task NamesAreFlatcarsAsync(Machine machine)
    {
        IReadOnlyDictionary<string, string> names = await machine.OsReleaseAsync();
        string board = (await machine.RunAsync("uname -m")).Text == "x86_64" ? "amd64-usr" : "arm64-usr";
        Assert.That(names["ID"], Is.EqualTo("flatcar"));
        Assert.That(names["ID_LIKE"], Is.EqualTo("coreos"));
        Assert.That(names["VERSION_ID"], Does.Match("^[0-9]+\\.[0-9]+\\.[0-9]+$"));
        Assert.That(names["VERSION"], Does.StartWith(names["VERSION_ID"]));
        Assert.That(names["SYSEXT_LEVEL"], Is.EqualTo("1.0"));
        Assert.That(names["BUILD_ID"], Is.Not.Empty);
        Assert.That(names["FLATCAR_BOARD"], Is.EqualTo(board));
        IReadOnlyDictionary<string, string> release = await machine.OsReleaseAsync("/usr/share/flatcar/release");
        Assert.That(release["FLATCAR_RELEASE_VERSION"], Is.EqualTo(names["VERSION_ID"]));
        Assert.That(release["FLATCAR_RELEASE_BOARD"], Is.EqualTo(board));
        Assert.That(release["FLATCAR_RELEASE_APPID"], Is.EqualTo("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}"), "by it the update server knows the product");
    }
}
