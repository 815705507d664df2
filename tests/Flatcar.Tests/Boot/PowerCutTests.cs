namespace Flatcar.Tests.Boot;

/// <summary>The power fails, and with it what the disk had in its cache.</summary>
[Category("boot")]
public sealed class PowerCutTests
{
    [MachineTest("boot.power-cut")]
    public async Task A_power_cut_takes_nothing_that_was_synced([Spec(RecordsWrites = true)] Machine machine, Lab lab)
    {
        string digest = (await machine.RunAsync("head -c 1M /dev/urandom | sudo tee /var/kola-synced | sha256sum; sudo sync")).Text;
        machine.DiskWrites.Mark("synced");
        // Work that is under way: past the page cache, so that the disk has it, and flushed now and then only.
        await machine.RunAsync("for i in $(seq 4); do sudo dd if=/dev/urandom of=/var/kola-unsynced-$i bs=64K count=40 oflag=direct status=none; done; sudo sync /var/kola-unsynced-2");

        foreach (CutPoint point in machine.DiskWrites.Points(3, from: "synced"))
        {
            await machine.PowerCutAsync(point);
            await lab.StepAsync($"SyncedFileSurvives/{point.Entry}", async () =>
                Assert.That((await machine.RunAsync("sha256sum </var/kola-synced")).Text, Is.EqualTo(digest), $"power cut {point}"));
            await machine.RunAsync("sudo touch /var/kola-writable && sync");
        }
    }
}
