using System.Diagnostics;
using System.Globalization;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Boot;

/// <summary>Going round again, asked for and not.</summary>
[Category("boot")]
public sealed class RebootTests
{
    // Journald's own last words when it was ended in order.
    private const string JournalEnded = "Journal stopped";

    private const string Marker = "kola-before-the-end";

    // That the boot id is new and no unit failed is what RebootAsync itself holds the machine to.
    [MachineTest("boot.reboot")]
    public async Task A_reboot_goes_down_in_order_and_comes_back_the_same(Machine machine, Lab lab)
    {
        (string firstBoot, string id, UsrSlot slot) = await WhoAsync(machine);
        await machine.LogAsync(Marker, firstBoot);
        long start = Stopwatch.GetTimestamp();
        await machine.RebootAsync();

        await lab.StepAsync("WentDownInOrder", async () =>
            Assert.That(await machine.JournalAsync("--boot=-1 --lines=1"), Is.EqualTo(new[] { JournalEnded }), "the last line of the previous boot"));
        await lab.StepAsync("JournalPersists", async () =>
        {
            Assert.That(await machine.JournalAsync($"--boot=-1 --identifier={Marker}"), Is.EqualTo(new[] { firstBoot }));
            await machine.RunAsync($"test -d /var/log/journal/{id}");
        });
        await lab.StepAsync("UnmountedCleanly", async () =>
            Assert.That(await RecoveriesAsync(machine), Is.Empty, "the root filesystem had to be recovered"));
        await lab.StepAsync("UptimeStartsAnew", async () =>
        {
            string uptime = (await machine.RunAsync("cat /proc/uptime")).Text.Split(' ')[0];
            TimeSpan sinceCommand = Stopwatch.GetElapsedTime(start);
            Assert.That(TimeSpan.FromSeconds(double.Parse(uptime, CultureInfo.InvariantCulture)), Is.LessThan(sinceCommand));
        });
        await lab.StepAsync("StaysItself", async () =>
            Assert.That(await WhoAsync(machine), Is.EqualTo((machine.BootId, id, slot)), "boot id, machine id and slot"));
    }

    [MachineTest("boot.reset", Needs = [Feature.FullSpeed])]
    public async Task A_hard_reset_loses_nothing_that_was_synced(Machine machine, Lab lab)
    {
        (string firstBoot, string id, UsrSlot slot) = await WhoAsync(machine);
        await machine.LogAsync(Marker, firstBoot);
        // A megabyte that cannot be guessed, synced, and a second copy that nobody synced, so that there is work under way.
        CommandResult written = await machine.RunAsync("head -c 1M /dev/urandom | sudo tee /var/kola-synced | sha256sum; sudo sync; sudo cp /var/kola-synced /var/kola-unsynced");
        await machine.ResetAsync();

        await lab.StepAsync("WasHard", async () =>
            Assert.That(await machine.JournalAsync("--boot=-1 --lines=1"), Is.Not.EqualTo(new[] { JournalEnded }), "an orderly end: it was no reset"));
        await lab.StepAsync("SyncedFileSurvives", async () =>
            Assert.That((await machine.RunAsync("sha256sum </var/kola-synced")).Text, Is.EqualTo(written.Text)));
        await lab.StepAsync("JournalSurvives", async () =>
            Assert.That(await machine.JournalAsync($"--boot={firstBoot.Replace("-", "", StringComparison.Ordinal)} --identifier={Marker}"), Is.EqualTo(new[] { firstBoot })));
        await lab.StepAsync("FilesystemIsRecovered", async () =>
        {
            if ((await machine.MountsAsync("/"))[0].Type == "ext4")
                Assert.That(await RecoveriesAsync(machine), Is.Not.Empty, "nobody noticed that ext4's journal was to be replayed");
            await machine.RunAsync("sudo touch /var/kola-writable && sync");
        });
        await lab.StepAsync("StaysItself", async () =>
            Assert.That(await WhoAsync(machine), Is.EqualTo((machine.BootId, id, slot)), "boot id, machine id and slot"));
    }

    private static async Task<(string Boot, string Id, UsrSlot Slot)> WhoAsync(Machine machine)
    {
        CommandResult ids = await machine.RunAsync("cat /proc/sys/kernel/random/boot_id /etc/machine-id");
        return (ids.Lines[0], ids.Lines[1], await machine.UsrSlotAsync());
    }

    // EXT4-fs (vda9): recovery complete
    // systemd-fsck[300]: ROOT: recovering journal
    private static Task<IReadOnlyList<string>> RecoveriesAsync(Machine machine) =>
        machine.JournalAsync("--boot=0 --grep='EXT4-fs .*: recovery complete|ROOT: recovering journal'");
}
