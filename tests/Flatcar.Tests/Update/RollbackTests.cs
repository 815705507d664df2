using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Update;

/// <summary>Updates that were installed and do not come up: the machine goes back by itself, says so, and can be updated again.</summary>
[Category("update")]
public sealed class RollbackTests
{
    private const string OnPurpose = "the new slot is made to fail";

    // Runs in the new slot alone, partition 4, before there are links to any device and long before anybody calls it good.
    private const string Panics = """
        [Unit]
        DefaultDependencies=no
        Before=sysinit.target
        [Service]
        Type=oneshot
        ExecCondition=/bin/sh -c 'ls /sys/block/dm-0/slaves | grep -q 4$'
        ExecStart=/bin/sh -c 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger'
        [Install]
        WantedBy=sysinit.target
        """;

    [MachineTest("update.rollback.reset", Needs = [Feature.FullSpeed, Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 20)]
    public async Task A_reset_before_the_new_slot_is_called_good_goes_back(Machine machine, Lab lab)
    {
        await UpdateAsync(machine, lab);
        // Nobody calls the slot good, however long it takes to reset the machine.
        await machine.RunAsync("sudo systemctl mask update-engine.service && sudo sync");
        await machine.RebootAsync();
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.B));
        await machine.ResetAsync();
        await machine.RunAsync("sudo systemctl unmask update-engine.service");
        await IsBackAndUpdatesAgainAsync(machine, lab);
    }

    [MachineTest("update.rollback.panic", Needs = [Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 20)]
    [Tolerates("kernel-panic", because: OnPurpose)]
    public async Task A_panic_in_the_new_slot_goes_back(Machine machine, Lab lab)
    {
        await machine.NeedsVerityAsync();
        await UpdateAsync(machine, lab);
        await machine.WriteFileAsync("/etc/systemd/system/kola-panic.service", Panics);
        // A machine that nobody watches restarts by itself after a panic.
        await machine.WriteFileAsync("/etc/sysctl.d/99-kola.conf", "kernel.panic = 3\n");
        await machine.RunAsync("sudo systemctl enable kola-panic.service && sudo sync");
        await machine.RebootAsync(TimeSpan.FromMinutes(8));
        await machine.RunAsync("sudo systemctl disable kola-panic.service && sudo sync");
        await IsBackAndUpdatesAgainAsync(machine, lab);
    }

    [MachineTest("update.rollback.verity", Needs = [Feature.FullSpeed, Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 20)]
    [Tolerates("kernel-panic", because: OnPurpose)]
    [Tolerates("emergency-shell", because: OnPurpose)]
    [Tolerates("verity-corruption", because: OnPurpose)]
    [Tolerates("disk-error", because: OnPurpose)]
    public async Task A_new_slot_that_was_damaged_on_disk_goes_back(Machine machine, Lab lab)
    {
        await machine.NeedsVerityAsync();
        await UpdateAsync(machine, lab);
        // The root of the hash tree and the first blocks of the file system: a disk that has lost them.
        await machine.SudoAsync($"dd if=/dev/zero of=/dev/disk/by-partlabel/USR-B bs=4096 count=64 conv=notrunc,fsync status=none; dd if=/dev/zero of=/dev/disk/by-partlabel/USR-B bs=4096 seek={Slots.Blocks + 1} count=64 conv=notrunc,fsync status=none");
        await machine.RebootAsync(TimeSpan.FromMinutes(8));
        await IsBackAndUpdatesAgainAsync(machine, lab);
    }

    private static async Task UpdateAsync(Machine machine, Lab lab)
    {
        await machine.ReadyForUpdatesAsync(lab);
        lab.Updates.Offer(lab.Payloads.All[^1].AsOffer());
        await machine.UpdateAsync(lab);
    }

    private static async Task IsBackAndUpdatesAgainAsync(Machine machine, Lab lab)
    {
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.A));
        int told = lab.Updates.Events.Count;
        await UpdateAsync(machine, lab);
        Assert.That(lab.Updates.Events.Skip(told).Select(e => e.ToString()), Is.EqualTo(new[] { "3/0 code 44", "13/1", "14/1", "3/1" }), "what the server is told after the rollback");
        await machine.RebootAsync();
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.B));
        await machine.MarkedGoodAsync(UsrSlot.B);
    }
}
