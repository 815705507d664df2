namespace Flatcar.Tests.Guest;

/// <summary>The two slots of /usr, as a person with the image's own tools works on them.</summary>
public static class Slots
{
    /// <summary>Bytes from the start of a USR partition to its hash tree.</summary>
    public const long HashOffset = 1065345024;

    /// <summary>Blocks of 4096 bytes of a /usr file system.</summary>
    public const int Blocks = 260094;

    extension(Machine machine)
    {
        /// <summary>Copies the slot that runs, A, with its kernel over the other one, B.</summary>
        public Task CopySlotAsync() => machine.SudoAsync("""
            set -e
            dd if=/dev/disk/by-partlabel/USR-A of=/dev/disk/by-partlabel/USR-B bs=10M iflag=direct oflag=direct status=none
            cp /boot/flatcar/vmlinuz-a /boot/flatcar/vmlinuz-b
            sync
            """, TimeSpan.FromMinutes(5));

        /// <summary>Has the boot loader try slot B once, as the last step of an update does. The update client, which at its time puts the slot that runs before all others, is stopped.</summary>
        public Task TryOtherSlotAsync() => machine.SudoAsync("""
            set -e
            systemctl stop update-engine.service
            disk=$(rootdev -s -d /usr)
            cgpt repair $disk
            cgpt add -i 4 -S0 -T1 $disk
            cgpt prioritize -i 4 $disk
            sync
            """);

        /// <summary>Byte of a kernel image at which the 64 hex digits of its /usr's root hash begin.</summary>
        public async Task<int> RootHashOffsetAsync() => (await machine.RunAsync("uname -m")).Text == "x86_64" ? 64 : 512;

        /// <summary>Writes 64 digits where slot B's kernel has its root hash.</summary>
        public async Task WriteRootHashAsync(string digits)
        {
            int offset = await machine.RootHashOffsetAsync();
            await machine.SudoAsync($"printf %s {digits} | dd of=/boot/flatcar/vmlinuz-b bs=1 seek={offset} count=64 conv=notrunc status=none && sync");
        }

        /// <summary>Whether /usr runs under dm-verity: an image built without it has nothing to find fault with.</summary>
        public async Task NeedsVerityAsync()
        {
            if ((await machine.TryRunAsync("sudo veritysetup status usr")).ExitCode != 0)
                Lab.Skip("/usr is not under dm-verity", "Run it on a production image.");
        }

        /// <summary>The states of both slots.</summary>
        public async Task<(Gpt.Partition A, Gpt.Partition B)> SlotsAsync()
        {
            Gpt.Table table = await machine.PartitionTableAsync();
            return (table["USR-A"], table["USR-B"]);
        }
    }
}
