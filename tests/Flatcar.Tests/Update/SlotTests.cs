using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Update;

/// <summary>What the boot does with the two slots, whoever has filled them.</summary>
[Category("update")]
public sealed class SlotTests
{
    private const string Falls = "the slot is made unbootable on purpose";

    [MachineTest("cl.update.reboot")]
    public async Task A_copy_of_the_running_system_boots_from_the_other_slot_and_is_called_good(Machine machine, Lab lab)
    {
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.A));
        string version = machine.Version;
        await machine.CopySlotAsync();
        await machine.TryOtherSlotAsync();
        await lab.StepAsync("BitsBeforeTheReboot", async () => Bits(await machine.SlotsAsync(), a: (1, 0, true), b: (2, 1, false)));
        await machine.RebootAsync();
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.B));
        Assert.That(machine.Version, Is.EqualTo(version));
        // The one try was used up before the slot booted; 45 s later nobody needs it any more.
        await lab.StepAsync("TheTryIsUsedUp", async () => Assert.That((await machine.SlotsAsync()).B.Tries, Is.Zero));
        await lab.StepAsync("BecomesGood", () => machine.WaitForAsync(
            "slot B to be marked good", machine.SlotsAsync, slots => slots.B is { Successful: true, Tries: 0 } && slots.B.Priority > slots.A.Priority));
        await machine.RebootAsync();
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.B), "a good slot stays");
    }

    // The peer waits five minutes and looks; here the boot itself is waited for.
    [MachineTest("cl.update.badverity")]
    [Tolerates("kernel-panic", because: Falls)]
    [Tolerates("emergency-shell", because: Falls)]
    [Tolerates("verity-corruption", because: Falls)]
    [Tolerates("disk-error", because: Falls)]
    public async Task A_wrong_root_hash_falls_back_to_the_slot_that_was_good(Machine machine)
    {
        await machine.NeedsVerityAsync();
        await machine.CopySlotAsync();
        await machine.WriteRootHashAsync(new string('0', 64));
        await machine.TryOtherSlotAsync();
        await ReturnsAsync(machine);
    }

    [MachineTest("coreos.update.badusr")]
    [Tolerates("kernel-panic", because: Falls)]
    [Tolerates("emergency-shell", because: Falls)]
    public async Task An_empty_usr_with_the_right_hashes_falls_back_to_the_slot_that_was_good(Machine machine)
    {
        await machine.NeedsVerityAsync();
        await machine.SudoAsync($"mkfs.ext4 -q -F -b 4096 /dev/disk/by-partlabel/USR-B {Slots.Blocks} && cp /boot/flatcar/vmlinuz-a /boot/flatcar/vmlinuz-b");
        // Root hash:      	5f3c…
        CommandResult formatted = await machine.RunAsync(
            $"usr=/dev/disk/by-partlabel/USR-B; sudo veritysetup format --hash=sha256 --data-block-size 4096 --hash-block-size 4096 --data-blocks {Slots.Blocks} --hash-offset {Slots.HashOffset} $usr $usr", TimeSpan.FromMinutes(5));
        await machine.WriteRootHashAsync(formatted.Lines.Single(l => l.StartsWith("Root hash:", StringComparison.Ordinal)).Split(':')[1].Trim());
        await machine.TryOtherSlotAsync();
        await ReturnsAsync(machine);
    }

    // By itself: a machine may sit in an emergency shell for five minutes before it restarts.
    private static async Task ReturnsAsync(Machine machine)
    {
        await machine.RebootAsync(TimeSpan.FromMinutes(8));
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.A));
        // Which of the two is preferred depends on whether the slot that runs has been marked good again by now.
        (Gpt.Partition a, Gpt.Partition b) = await machine.SlotsAsync();
        Assert.That((a.Tries, a.Successful, b.Tries, b.Successful), Is.EqualTo((0, true, 0, false)), "tries and successful of slot A, of slot B");
    }

    private static void Bits((Gpt.Partition A, Gpt.Partition B) slots, (int Priority, int Tries, bool Successful) a, (int Priority, int Tries, bool Successful) b)
    {
        Assert.That((slots.A.Priority, slots.A.Tries, slots.A.Successful), Is.EqualTo(a), "slot A: priority, tries, successful");
        Assert.That((slots.B.Priority, slots.B.Tries, slots.B.Successful), Is.EqualTo(b), "slot B: priority, tries, successful");
    }
}
