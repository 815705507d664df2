using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Update;

/// <summary>The job updates exist for.</summary>
[Category("update")]
public sealed class PayloadTests
{
    // The peer looks at which slot runs and no more.
    [MachineTest("cl.update.payload", Needs = [Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 30)]
    public async Task An_update_goes_to_the_other_slot_and_the_next_one_back(Machine machine, Lab lab)
    {
        string before = await machine.VersionIdAsync();
        UpdatePayload next = lab.Payloads.All[0];
        await machine.ReadyForUpdatesAsync(lab);

        lab.Updates.Offer(next.AsOffer());
        UpdateStatus status = await machine.UpdateAsync(lab);
        Assert.That((status.NewVersion, status.NewSize), Is.EqualTo((next.Version, new FileInfo(next.File).Length)));
        await lab.StepAsync("ServerWasTold", () => Expect.Events(lab, "3/2 from 0.0.0.0", "13/1", "14/1", "3/1"));
        await lab.StepAsync("OldSlotStaysUntouched", async () => Assert.That(await machine.BitsAsync(), Is.EqualTo("A: priority 1, tries 0, successful; B: priority 2, tries 1")));
        await lab.StepAsync("WhatWasDownloadedIsOnDisk", () => Expect.SlotHoldsAsync(machine, UsrSlot.B, next));
        await machine.RebootAsync();
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.B));
        Assert.That(await machine.VersionIdAsync(), Is.EqualTo(next.Version), "VERSION_ID of os-release");
        await machine.MarkedGoodAsync(UsrSlot.B);

        // What cannot have been left behind in slot A cannot boot from there either.
        await machine.RunAsync("sudo wipefs --quiet --all --force /dev/disk/by-partlabel/USR-A && sudo rm /boot/flatcar/vmlinuz-a && sudo sync");
        UpdatePayload back = lab.Payloads.All.FirstOrDefault(p => p.Version == before) ?? next;
        await machine.ReadyForUpdatesAsync(lab);
        lab.Updates.Offer(back.AsOffer());
        await machine.UpdateAsync(lab);
        await lab.StepAsync("ServerWasToldOfTheReboot", () => Expect.Events(lab, "3/2 from 0.0.0.0", "13/1", "14/1", "3/1", $"3/2 from {before}", "13/1", "14/1", "3/1"));
        await lab.StepAsync("AndBack", () => Expect.SlotHoldsAsync(machine, UsrSlot.A, back));
        await machine.RebootAsync();
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.A));
        Assert.That(await machine.VersionIdAsync(), Is.EqualTo(back.Version), "VERSION_ID of os-release");
    }

    [MachineTest("cl.update.payload-boot-part-too-small", Needs = [Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer])]
    public async Task An_update_that_finds_no_room_for_its_kernel_fails_and_the_machine_stays(Machine machine, Lab lab)
    {
        string before = await machine.BitsAsync();
        await machine.ReadyForUpdatesAsync(lab);
        await machine.SudoAsync("dd if=/dev/zero of=/boot/increase_boot_part_usage bs=1M count=9999 status=none || true; sync", TimeSpan.FromMinutes(5));
        lab.Updates.Offer(lab.Payloads.All[^1].AsOffer());

        await Expect.FailsAsync(machine, lab, code: 4);
        Assert.That(await machine.UpdateLogAsync(), Has.Some.Contains("Failed to copy kernel from /boot/flatcar/vmlinuz-a to /boot/flatcar/vmlinuz-b"));
        Assert.That(await machine.BitsAsync(), Is.EqualTo(before));
        await machine.RebootAsync();
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.A));
    }

    [MachineTest("cl.omaha.ping", Needs = [Feature.UpdateEngine, Feature.OmahaServer])]
    public async Task A_check_pings_the_server_and_says_who_asks(Machine machine, Lab lab)
    {
        await machine.UpdateFromAsync(lab.Updates.Server);
        await machine.CheckForUpdateAsync();
        OmahaRequest asked = await lab.Updates.WaitForRequestAsync("a check", r => r.IsUpdateCheck);
        Assert.That(asked.PingActive, Is.EqualTo("1"));
        Assert.That(asked.MachineId, Is.EqualTo((await machine.ReadFileAsync("/etc/machine-id")).Trim()));
        Assert.That(asked.BootId, Is.EqualTo(machine.BootId));
        Assert.That((asked.AppVersion, asked.Track), Is.EqualTo((await machine.VersionIdAsync(), "developer")));
        await machine.IdleAsync();
        Assert.That((await machine.UpdateStatusAsync()).LastChecked, Is.GreaterThan(0));
    }
}
