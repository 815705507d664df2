using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Update;

/// <summary>What the tests of updates ask again and again.</summary>
internal static class Expect
{
    /// <summary>The events of the test's machine, all of them, in order.</summary>
    internal static Task Events(Lab lab, params string[] wanted)
    {
        Assert.That(lab.Updates.Events.Select(e => e.ToString()), Is.EqualTo(wanted), "events the server was told");
        return Task.CompletedTask;
    }

    /// <summary>
    /// Checks for an update that is to fail, and waits until the server was told why and the client has settled. No private server is the one of the
    /// image, which every error code says by its bit 28.
    /// </summary>
    internal static async Task FailsAsync(Machine machine, Lab lab, int code)
    {
        int before = lab.Updates.Events.Count;
        await machine.CheckForUpdateAsync();
        OmahaEvent told = await lab.Updates.WaitForEventAsync("an error", e => e is { Type: 3, Result: 0 }, after: before);
        Assert.That(told.ErrorCode, Is.EqualTo(0x1000_0000L | (uint)code), $"the error code; without its flag {told.Code}");
        await machine.IdleAsync();
    }

    /// <summary>An offer is installed: whatever was before, nothing of it is left in the way.</summary>
    internal static async Task UpdatesAsync(Machine machine, Lab lab, UpdateOffer offer)
    {
        lab.Updates.Offer(offer);
        await machine.UpdateAsync(lab);
        Assert.That((await machine.SlotsAsync()).B, Has.Property("Tries").EqualTo(1).And.Property("Priority").EqualTo(2));
    }

    /// <summary>A slot and its kernel are what a payload says, by the image's own tools.</summary>
    internal static async Task SlotHoldsAsync(Machine machine, UsrSlot slot, UpdatePayload payload)
    {
        string letter = slot == UsrSlot.A ? "a" : "b";
        PayloadContent wanted = payload.ReadContent();
        CommandResult hashes = await machine.RunAsync(
            $"sudo head --bytes={wanted.PartitionBytes} /dev/disk/by-partlabel/USR-{slot} | sha256sum; sudo sha256sum </boot/flatcar/vmlinuz-{letter}; stat --format=%s /boot/flatcar/vmlinuz-{letter}", TimeSpan.FromMinutes(5));
        Assert.That(hashes.Lines.Select(l => l.Split(' ')[0]), Is.EqualTo(new[] { wanted.PartitionSha256, wanted.KernelSha256, $"{wanted.KernelBytes}" }), "sha256 of the partition and of the kernel, and its size");
        if ((await machine.TryRunAsync("sudo veritysetup status usr")).ExitCode == 0)
        {
            int offset = await machine.RootHashOffsetAsync();
            await machine.SudoAsync(
                $"hash=$(dd if=/boot/flatcar/vmlinuz-{letter} bs=1 skip={offset} count=64 status=none) && usr=$(readlink -f /dev/disk/by-partlabel/USR-{slot}) && veritysetup verify --hash-offset={Slots.HashOffset} $usr $usr $hash", TimeSpan.FromMinutes(5));
        }
    }
}
