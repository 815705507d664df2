using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Update;

/// <summary>The power goes in the middle of an update, wherever that is.</summary>
[Category("update")]
public sealed class PowerCutTests
{
    // In the order in which an update goes through them; each lasts from the mark of its name to that of the next.
    private static readonly string[] s_phases = ["check", "copy", "write", "verify", "bits", "reboot"];

    [MachineTest("update.power-cut", Needs = [Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 30)]
    public Task When_the_power_goes_while_the_bits_are_set_it_boots_and_the_update_can_be_finished([Spec(RecordsWrites = true)] Machine machine, Lab lab) =>
        SweepAsync(machine, lab, points: 6, seed: 0, "bits");

    // Two, since two machines get through it in half the time.
    [MachineTest("update.power-cut.sweep.1", Needs = [Feature.LongRun, Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 240)]
    public Task The_same_at_very_many_points([Spec(RecordsWrites = true)] Machine machine, Lab lab) => SweepAsync(machine, lab, points: 36, seed: 1, s_phases);

    [MachineTest("update.power-cut.sweep.2", Needs = [Feature.LongRun, Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 240)]
    public Task And_at_as_many_others([Spec(RecordsWrites = true)] Machine machine, Lab lab) => SweepAsync(machine, lab, points: 36, seed: 2, s_phases);

    private static async Task SweepAsync(Machine machine, Lab lab, int points, int seed, params string[] phases)
    {
        UpdatePayload payload = lab.Payloads.All[^1];
        string before = await machine.VersionIdAsync();
        lab.Updates.Offer(payload.AsOffer());
        await RecordAsync(machine, lab);
        IReadOnlyList<CutPoint> cuts = [.. s_phases.Zip(s_phases.Skip(1).Append("end")).Where(phase => phases.Contains(phase.First)).SelectMany(phase => Points(machine.DiskWrites, phase, points / s_phases.Length, seed))];
        foreach (CutPoint cut in cuts)
            await lab.StepAsync($"{cut.Phase}-{cut.Entry}", () => SurvivesAsync(machine, lab, cut, before, payload.Version));
    }

    // One update, from the check to the boot of the new slot, with marks where its phases begin.
    private static async Task RecordAsync(Machine machine, Lab lab)
    {
        await machine.ReadyForUpdatesAsync(lab);
        machine.DiskWrites.Mark("check");
        int told = lab.Updates.Events.Count;
        await machine.CheckForUpdateAsync();
        await lab.Updates.WaitForRequestAsync("the check", r => r.IsUpdateCheck);
        machine.DiskWrites.Mark("copy");
        await lab.Updates.WaitForEventAsync("the download", e => e is { Type: 13, Result: 1 }, after: told);
        machine.DiskWrites.Mark("write");
        await lab.Updates.WaitForEventAsync("its end", e => e is { Type: 14, Result: 1 }, after: told);
        machine.DiskWrites.Mark("verify");
        await lab.Updates.WaitForEventAsync("the installation", e => e is { Type: 3, Result: 1 }, after: told);
        await machine.InstalledAsync(lab, told);
        machine.DiskWrites.MarkAt("bits", FirstBit(machine.DiskWrites, (await machine.PartitionTableAsync()).LastUsableSector));
        machine.DiskWrites.Mark("reboot");
        await machine.RebootAsync();
        machine.DiskWrites.Mark("end");
    }

    // The table of partitions, before the first of them, and its backup, behind the last: nothing but the postinst writes there.
    private static int FirstBit(DiskRecording recording, long lastUsable)
    {
        const int firstUsable = 34;
        int verify = recording.Marks["verify"];
        return verify + recording.Writes.Skip(verify).TakeWhile(w => w.Kind != DiskWriteKind.Write || w.Sector is >= firstUsable && w.Sector <= lastUsable).Count();
    }

    private static IEnumerable<CutPoint> Points(DiskRecording recording, (string From, string To) phase, int most, int seed) =>
        recording.Points(most, phase.From, phase.To, seed).Select(point => point with { Phase = phase.From });

    private static async Task SurvivesAsync(Machine machine, Lab lab, CutPoint cut, string before, string after)
    {
        await machine.PowerCutAsync(cut);
        // One slot runs, it is one of the two that are whole, and the other one is no less than it was.
        string version = await machine.VersionIdAsync();
        UsrSlot slot = await machine.UsrSlotAsync();
        Assert.That((slot, version), Is.AnyOf((UsrSlot.A, before), (UsrSlot.B, after)), "slot and version");
        await machine.ReadyForUpdatesAsync(lab);
        if (slot == UsrSlot.B)
            return;
        // It may have been installed before the power went; then the boot was the new slot's one try.
        await machine.UpdateAsync(lab);
        // An update that was cut off before it wrote anything begins anew, as any other: what boots from the rest is what counts.
        if (cut.Phase is "check" or "copy")
            return;
        await machine.RebootAsync();
        Assert.That((await machine.UsrSlotAsync(), await machine.VersionIdAsync()), Is.EqualTo((UsrSlot.B, after)));
    }
}
