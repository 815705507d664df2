using System.Globalization;

namespace Flatcar.Tests.Guest;

/// <summary>What <c>update_engine_client -status</c> says.</summary>
/// <param name="Operation">CURRENT_OP without its prefix: <c>IDLE</c>, <c>DOWNLOADING</c>, <c>UPDATED_NEED_REBOOT</c>, …</param>
/// <param name="NewVersion"><c>0.0.0</c> while there is none.</param>
/// <param name="NewSize">Bytes of the payload; 0 while there is none.</param>
/// <param name="Progress">0 to 1.</param>
/// <param name="LastChecked">Seconds since 1970; 0 for never.</param>
public sealed record UpdateStatus(string Operation, string NewVersion, long NewSize, double Progress, long LastChecked)
{
    internal const string Idle = "IDLE", NeedReboot = "UPDATED_NEED_REBOOT";

    // CURRENT_OP=UPDATE_STATUS_IDLE
    internal static UpdateStatus Parse(IEnumerable<string> lines)
    {
        Dictionary<string, string> shown = lines.Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1]);
        return new UpdateStatus(
            shown["CURRENT_OP"].Replace("UPDATE_STATUS_", "", StringComparison.Ordinal),
            shown["NEW_VERSION"],
            long.Parse(shown["NEW_SIZE"], CultureInfo.InvariantCulture),
            double.Parse(shown["PROGRESS"], CultureInfo.InvariantCulture),
            long.Parse(shown["LAST_CHECKED_TIME"], CultureInfo.InvariantCulture));
    }
}

/// <summary>The update client of a machine, as a person steers it.</summary>
public static class UpdateEngine
{
    /// <summary>Public key by which payloads are checked.</summary>
    public const string KeyFile = "/usr/share/update_engine/update-payload-key.pub.pem";

    private const string Unit = "update-engine.service";

    extension(Machine machine)
    {
        /// <summary>
        /// Tells the machine where updates come from, and that nobody but the test reboots it. The client reads its settings at each check.
        /// </summary>
        /// <param name="server">URL of the server.</param>
        /// <param name="more">Further lines of update.conf.</param>
        public async Task UpdateFromAsync(string server, params string[] more)
        {
            string[] lines = [$"SERVER={server}", "GROUP=developer", "REBOOT_STRATEGY=off", .. more];
            // Whole or not at all: the client may read it at any moment.
            await machine.WriteFileAsync("/etc/flatcar/update.conf.new", string.Join('\n', lines) + "\n");
            await machine.SudoAsync("""
                set -e
                mv /etc/flatcar/update.conf.new /etc/flatcar/update.conf
                if systemctl cat locksmithd.service >/dev/null 2>&1; then systemctl mask --now locksmithd.service; systemctl reset-failed locksmithd.service || true; fi
                systemctl is-active --quiet update-engine.service || systemctl start update-engine.service
                sync
                """);
        }

        /// <summary>Lays another public key over the image's own, until the next boot.</summary>
        public async Task TrustAsync(string key)
        {
            await machine.WriteFileAsync("/var/lib/kola-update-key.pub.pem", key);
            await machine.SudoAsync($"mount --bind /var/lib/kola-update-key.pub.pem {KeyFile}");
        }

        /// <summary>What the client does now.</summary>
        public async Task<UpdateStatus> UpdateStatusAsync() =>
            UpdateStatus.Parse((await machine.RunAsync("update_engine_client -status 2>/dev/null")).Lines);

        /// <summary>Starts a check and returns at once.</summary>
        public Task CheckForUpdateAsync() => machine.RunAsync("update_engine_client -check_for_update");

        /// <summary>The same, for the test's own server and the key of the run's payloads.</summary>
        public async Task ReadyForUpdatesAsync(Lab lab)
        {
            await machine.UpdateFromAsync(lab.Updates.Server);
            if (lab.Payloads.Key is { } key)
                await machine.TrustAsync(key);
        }

        /// <summary>Checks, and waits until the update is installed and wants its reboot. Fails as soon as the server is told that it failed.</summary>
        public async Task<UpdateStatus> UpdateAsync(Lab lab)
        {
            int before = lab.Updates.Events.Count;
            await machine.CheckForUpdateAsync();
            return await machine.InstalledAsync(lab, before);
        }

        /// <summary>Waits until an update that was begun is installed.</summary>
        /// <param name="lab">Knows what the server was told.</param>
        /// <param name="before">Events it had been told when the update began.</param>
        public async Task<UpdateStatus> InstalledAsync(Lab lab, int before)
        {
            UpdateStatus status = await machine.WaitForAsync("the update to be installed", machine.UpdateStatusAsync, seen => seen.Operation == UpdateStatus.NeedReboot || Failure() is not null, TimeSpan.FromMinutes(10));
            return Failure() is not { } failure ? status : throw new MachineException(
                $"{machine.Name}: the update failed\n  wanted:  {UpdateStatus.NeedReboot}\n  got:     event {failure}\n  journal: {string.Join("\n           ", (await machine.UpdateLogAsync()).TakeLast(8))}");

            // Code 44 speaks of an earlier update: the check goes on.
            OmahaEvent? Failure() => lab.Updates.Events.Skip(before).FirstOrDefault(e => e is { Type: 3, Result: 0, Code: not 44 });
        }

        /// <summary>Waits until the client has nothing to do.</summary>
        public Task IdleAsync() => machine.WaitForAsync("the update client to be idle", machine.UpdateStatusAsync, seen => seen.Operation == UpdateStatus.Idle, TimeSpan.FromMinutes(3));

        /// <summary>What the client has written into the journal since the boot, oldest first.</summary>
        public Task<IReadOnlyList<string>> UpdateLogAsync() => machine.JournalAsync($"--boot --unit={Unit}");

        /// <summary>VERSION_ID of the system that runs.</summary>
        public async Task<string> VersionIdAsync() => (await machine.OsReleaseAsync())["VERSION_ID"];

        /// <summary>The states of both slots, as a line: <c>A: priority 1, tries 0, successful; B: priority 2, tries 1</c>.</summary>
        public async Task<string> BitsAsync()
        {
            (Gpt.Partition a, Gpt.Partition b) = await machine.SlotsAsync();
            return $"A: {Said(a)}; B: {Said(b)}";

            static string Said(Gpt.Partition slot) => $"priority {slot.Priority}, tries {slot.Tries}{(slot.Successful ? ", successful" : "")}";
        }

        /// <summary>Waits until a slot is marked good.</summary>
        public Task MarkedGoodAsync(UsrSlot slot) => machine.WaitForAsync(
            $"slot {slot} to be marked good", machine.SlotsAsync,
            slots => (slot == UsrSlot.A ? slots.A : slots.B) is { Successful: true, Tries: 0 }, TimeSpan.FromMinutes(3));
    }
}
