using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Update;

/// <summary>From each release to each: whatever was on the machine is still there.</summary>
[Category("update")]
public sealed class ReleaseTests
{
    private const string Belongings = "cat /etc/machine-id /home/core/kola-mine /usr/share/kola-extension/file; sudo sha256sum /etc/ssh/ssh_host_*_key /home/core/.ssh/authorized_keys*; systemctl is-enabled kola-mine.service";

    [MachineTest("update.releases", Needs = [Feature.FullSpeed, Feature.UpdateEngine, Feature.UpdateReleases, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 30)]
    public async Task Each_release_leads_to_each_other_and_takes_what_the_machine_has_along(Machine machine, Lab lab)
    {
        string here = await machine.VersionIdAsync();
        UpdatePayload[] older = [.. lab.Payloads.All.Where(p => Version.Parse(p.Version) < Version.Parse(here)).OrderBy(p => Version.Parse(p.Version))];
        await SettleInAsync(machine);
        string mine = (await machine.RunAsync(Belongings)).Text;

        foreach (UpdatePayload old in older)
        {
            await ToAsync(old);
            await ToAsync(lab.Payloads.All.Last(p => p.Version == here));
        }

        // To what runs already: no reason to refuse.
        await ToAsync(lab.Payloads.All.Last(p => p.Version == here));

        async Task ToAsync(UpdatePayload payload)
        {
            UsrSlot other = await machine.UsrSlotAsync() == UsrSlot.A ? UsrSlot.B : UsrSlot.A;
            string from = await machine.VersionIdAsync();
            await machine.ReadyForUpdatesAsync(lab);
            lab.Updates.Offer(payload.AsOffer() with { EvenIfSame = true });
            await machine.UpdateAsync(lab);
            await machine.RebootAsync();
            await lab.StepAsync($"From{from}To{payload.Version}", async () =>
            {
                Assert.That((await machine.UsrSlotAsync(), await machine.VersionIdAsync()), Is.EqualTo((other, payload.Version)));
                Assert.That((await machine.RunAsync(Belongings)).Text, Is.EqualTo(mine), "machine id, data, keys, a unit and an extension");
            });
            // Not waited for here: that it comes by itself is held elsewhere.
            await machine.RunAsync("sudo flatcar-setgoodroot");
        }
    }

    private static async Task SettleInAsync(Machine machine)
    {
        await machine.WriteFileAsync("/home/core/kola-mine", "mine\n");
        await machine.WriteFileAsync("/etc/systemd/system/kola-mine.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n");
        await machine.WriteFileAsync("/var/lib/extensions/kola-extension/usr/lib/extension-release.d/extension-release.kola-extension", "ID=flatcar\nSYSEXT_LEVEL=1.0\n");
        await machine.WriteFileAsync("/var/lib/extensions/kola-extension/usr/share/kola-extension/file", "from an extension\n");
        await machine.RunAsync("sudo systemctl enable kola-mine.service systemd-sysext.service && sudo systemd-sysext refresh && sudo sync");
    }
}
