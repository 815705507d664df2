using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Update;

/// <summary>Downloads that do not go through at once.</summary>
[Category("update")]
public sealed class DownloadTests
{
    [MachineTest("update.download.restart", Needs = [Feature.FullSpeed, Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 20)]
    public async Task A_download_goes_on_where_it_was_after_a_restart_of_the_client_and_after_a_reset(Machine machine, Lab lab)
    {
        UpdatePayload payload = lab.Payloads.All.First(p => !p.Whole || lab.Payloads.All.All(a => a.Whole));
        long size = new FileInfo(payload.File).Length;
        await machine.ReadyForUpdatesAsync(lab);
        lab.Updates.Offer(payload.AsOffer());

        await StopsAtAsync(size / 2, () => machine.RunAsync("sudo systemctl restart update-engine.service"));
        await StopsAtAsync(size * 3 / 4, async () =>
        {
            await machine.RunAsync("sudo sync");
            await machine.ResetAsync();
            await machine.ReadyForUpdatesAsync(lab);
        });
        await machine.UpdateAsync(lab);

        // The head again, then the rest from where the last whole operation ended.
        IReadOnlyList<PackageRequest> asked = [.. lab.Updates.Packages.Where(p => p.Range is not null)];
        Assert.That(asked, Has.Count.AtLeast(4), "two requests with a range after each interruption");
        Assert.That(asked.Select(p => p.Status), Is.All.EqualTo(206));
        Assert.That(asked.Max(p => p.From), Is.GreaterThan(size / 2), "it did not begin anew");
        await Expect.SlotHoldsAsync(machine, UsrSlot.B, payload);
        await machine.RebootAsync();
        Assert.That(await machine.VersionIdAsync(), Is.EqualTo(payload.Version));

        async Task StopsAtAsync(long at, Func<Task> interrupt)
        {
            using StalledDownload stalled = lab.Updates.StallAt(at);
            await machine.CheckForUpdateAsync();
            await stalled.ReachedAsync();
            // What has arrived is applied within the second.
            await machine.WaitForAsync("the download to be noted", () => machine.TryRunAsync("sudo test -s /var/lib/update_engine/prefs/update-state-next-operation"), noted => noted.ExitCode == 0);
            await interrupt();
        }
    }

    [MachineTest("update.download.network", Needs = [Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 20)]
    public async Task A_connection_that_breaks_half_way_is_made_again_and_redirects_are_followed(Machine machine, Lab lab)
    {
        UpdatePayload payload = lab.Payloads.All[^1];
        await machine.ReadyForUpdatesAsync(lab);
        lab.Updates.Offer(payload.AsOffer());
        long size = new FileInfo(payload.File).Length;
        // What is on its way when a connection is reset may be lost; what came before one that ends too early is not.
        lab.Updates.Break(ServerFault.PackageReset(size / 3), times: 1);
        lab.Updates.Break(ServerFault.PackageCut(size * 2 / 3), times: 1);
        lab.Updates.Break(ServerFault.PackageRedirect(3), times: 1);
        await machine.UpdateAsync(lab);
        Assert.That(lab.Updates.Packages.Select(p => p.Status), Has.Some.EqualTo(302).And.Some.EqualTo(206), "it was redirected, and asked for the rest");
        await Expect.SlotHoldsAsync(machine, UsrSlot.B, payload);
    }

    [MachineTest("update.download.clock", Needs = [Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer])]
    public async Task A_clock_that_is_far_wrong_keeps_no_update_away(Machine machine, Lab lab)
    {
        await machine.ReadyForUpdatesAsync(lab);
        await machine.SudoAsync("systemctl stop systemd-timesyncd.service; date --set 2001-01-01");
        await Expect.UpdatesAsync(machine, lab, lab.Payloads.All[^1].AsOffer());
    }

    [MachineTest("update.download.disk-full", Needs = [Feature.FullSpeed, Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 20)]
    public async Task A_full_root_disk_harms_no_slot_and_the_update_is_made_once_there_is_room(Machine machine, Lab lab)
    {
        string before = await machine.BitsAsync();
        await machine.ReadyForUpdatesAsync(lab);
        await machine.SudoAsync("dd if=/dev/zero of=/var/kola-fill bs=1M status=none; dd if=/dev/zero of=/var/kola-fill-up bs=4k status=none; sync; test $(df --output=avail / | tail -n 1) -eq 0", TimeSpan.FromMinutes(10));
        lab.Updates.Offer(lab.Payloads.All[^1].AsOffer());
        int told = lab.Updates.Events.Count;
        await machine.CheckForUpdateAsync();
        // Either is right: to do without what cannot be noted, or to give up and say so.
        OmahaEvent end = await lab.Updates.WaitForEventAsync("an end", e => e is { Type: 3, Result: 0 or 1 }, after: told);
        if (end.Result == 0)
            Assert.That(await machine.BitsAsync(), Is.EqualTo(before));
        await machine.SudoAsync("rm /var/kola-fill /var/kola-fill-up; sync");
        await machine.RebootAsync();
        if (end.Result == 0)
        {
            await machine.ReadyForUpdatesAsync(lab);
            await machine.UpdateAsync(lab);
            await machine.RebootAsync();
        }

        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.B));
    }
}
