using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Devices that know when a byte below them is not what was written.</summary>
[Category("storage")]
public sealed class DeviceMapperTests
{
    private const string Text = "kola-block-5d1e";

    [MachineTest("storage.verity-device", Needs = [Feature.ExtraDisks])]
    [Tolerates("verity-corruption", because: "a byte is flipped below verity")]
    [Tolerates("disk-error", because: "a byte is flipped below verity")]
    public async Task A_flipped_byte_below_verity_is_an_error_and_no_data([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        string root = (await machine.SudoAsync($$"""
            yes {{Text}} | head -c 16M | dd of={{Spare.One}} bs=1M conv=fsync status=none
            veritysetup format --data-blocks 4096 {{Spare.One}} {{Spare.Two}} | sed -n 's/^Root hash:[[:space:]]*//p'
            """)).Text.Trim();
        string open = $"veritysetup open {Spare.One} kola {Spare.Two} {root}";
        Assert.That((await machine.SudoAsync($"{open} && head -c 16M /dev/mapper/kola | sha256sum")).Text, Is.EqualTo((await machine.SudoAsync($"yes {Text} | head -c 16M | sha256sum")).Text));
        await machine.SudoAsync("veritysetup close kola");
        await machine.FlipByteAsync(Spare.One, (4096 * 1000) + 7);
        // 3.9 MiB come as they were written, then there is an error; without verity all 16 would be read.
        CommandResult read = await machine.TryRunAsync($"sudo {open}; sudo dd if=/dev/mapper/kola of=/tmp/read bs=4096 status=none iflag=direct; stat --format %s /tmp/read; sudo dd if=/dev/mapper/kola of=/dev/null bs=4096 skip=1001 count=8 iflag=direct status=none && echo the rest is whole");
        Assert.That(read.Error, Does.Contain("Input/output error"));
        Assert.That(read.Lines, Is.EqualTo(new[] { $"{4096 * 1000}", "the rest is whole" }));
        // It refuses what another root hash would vouch for.
        Assert.That((await machine.TryRunAsync($"sudo veritysetup close kola; sudo veritysetup verify {Spare.One} {Spare.Two} {new string('0', 64)}")).ExitCode, Is.Not.Zero);
    }

    [MachineTest("storage.integrity-device", Needs = [Feature.ExtraDisks])]
    [Tolerates("disk-error", because: "a byte is flipped below integrity")]
    public async Task A_flipped_byte_below_integrity_is_an_error_until_it_is_written([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        if ((await machine.TryRunAsync("command -v integritysetup && sudo modprobe dm-integrity")).ExitCode != 0)
            Lab.Skip("the image has no dm-integrity", "Run it on an image with integritysetup and the kernel's dm-integrity.");
        await machine.SudoAsync($"""
            set -e
            integritysetup format --batch-mode --no-wipe {Spare.One} && integritysetup open --integrity-no-journal {Spare.One} kola
            yes {Text} | head -c 1M | dd of=/dev/mapper/kola bs=1M oflag=direct status=none
            integritysetup close kola
            """);
        await machine.FlipByteAsync(Spare.One, await machine.OffsetOfAsync(Spare.One, Text) + 3);
        const string read = "sudo dd if=/dev/mapper/kola of=/dev/null bs=4096 count=1 iflag=direct status=none";
        CommandResult first = await machine.TryRunAsync($"sudo integritysetup open --integrity-no-journal {Spare.One} kola; {read}");
        Assert.That(first.Error, Does.Contain("error").IgnoreCase, "a block whose checksum is wrong was given out");
        await machine.RunAsync($"yes {Text} | head -c 4096 | sudo dd of=/dev/mapper/kola bs=4096 oflag=direct status=none && {read}");
    }
}
