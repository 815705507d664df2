using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Update;

/// <summary>Updates that must not be installed. After each the old slot is as it was, and the server knows the reason by its number.</summary>
[Category("update")]
public sealed class FailureTests
{
    private const string Untouched = "A: priority 1, tries 0, successful; B: priority 0, tries 0";

    [MachineTest("update.failure.response", Needs = [Feature.UpdateEngine, Feature.UpdatePayload, Feature.OmahaServer], Minutes = 20)]
    public async Task A_wrong_answer_of_the_server_is_refused_and_reported(Machine machine, Lab lab)
    {
        UpdateOffer good = lab.Payloads.All[^1].AsOffer();
        await machine.ReadyForUpdatesAsync(lab);

        await lab.StepAsync("NoUpdate", async () =>
        {
            await machine.CheckForUpdateAsync();
            await lab.Updates.WaitForRequestAsync("a check", r => r.IsUpdateCheck);
            await machine.IdleAsync();
            await Expect.Events(lab, "3/2 from 0.0.0.0");
        });
        await FailsAsync("NoPostinstallAction", good with { WithoutAction = true }, 34);
        await FailsAsync("WrongSha256", good with { WrongSha256 = true }, 10);
        await FailsAsync("WrongSize", good with { SizeDifference = 1 }, 11);
        await BreaksAsync("HttpError", ServerFault.CheckStatus(500), 2500);
        await BreaksAsync("NoXml", ServerFault.Garbage(), 31);
        await BreaksAsync("EmptyAnswer", ServerFault.EmptyAnswer(), 30);
        await BreaksAsync("NoSuchPackage", ServerFault.PackageStatus(404), 9);
        Assert.That(await machine.BitsAsync(), Is.EqualTo(Untouched));
        await Expect.UpdatesAsync(machine, lab, good);

        Task FailsAsync(string name, UpdateOffer offer, int code) => lab.StepAsync(name, async () =>
        {
            lab.Updates.Offer(offer);
            await Expect.FailsAsync(machine, lab, code);
        });

        Task BreaksAsync(string name, ServerFault fault, int code) => lab.StepAsync(name, async () =>
        {
            lab.Updates.Offer(good);
            lab.Updates.Break(fault);
            await Expect.FailsAsync(machine, lab, code);
            lab.Updates.Mend();
        });
    }

    [MachineTest("update.failure.payload", Needs = [Feature.UpdateEngine, Feature.OmahaServer], Minutes = 20)]
    public async Task A_payload_that_is_not_what_was_signed_is_refused_and_reported(Machine machine, Lab lab)
    {
        // Nothing of it can boot, and nothing needs to.
        using var made = new CraftedPayloads(lab);
        await machine.UpdateFromAsync(lab.Updates.Server);
        await machine.TrustAsync(made.Key);

        await FailsAsync("Unsigned", made.WithoutSignature(), 17);
        await FailsAsync("SignedByAnotherKey", made.SignedByAnother(), 18);
        await FailsAsync("CorruptOperation", made.WithCorruptOperation(), 29);
        await FailsAsync("OperationWithoutHash", made.WithoutOperationHash(), 38);
        await FailsAsync("GapBetweenOperations", made.WithGap(), 28);
        await FailsAsync("WrongPartitionHash", made.WithWrongPartitionHash(), 15);
        await FailsAsync("WrongKernelHash", made.WithWrongKernelHash(), 16);
        await FailsAsync("ForAnotherOldSlot", made.ForAnotherOldSlot(), 20);
        await FailsAsync("NoMagic", made.WithoutMagic(), 21);
        Assert.That(await machine.BitsAsync(), Is.EqualTo(Untouched));

        Task FailsAsync(string name, string file, int code) => lab.StepAsync(name, async () =>
        {
            lab.Updates.Offer(UpdateOffer.Of("9999.0.0", file));
            await Expect.FailsAsync(machine, lab, code);
        });
    }

    [MachineTest("update.failure.postinst", Needs = [Feature.FullSpeed, Feature.UpdateEngine, Feature.OmahaServer])]
    public async Task A_postinst_that_fails_leaves_the_old_slot_in_charge(Machine machine, Lab lab)
    {
        using var made = new CraftedPayloads(lab);
        await machine.SudoAsync("""
            set -e
            mkdir -p /var/tmp/kola-usr
            printf '#!/bin/sh\necho kola was here; exit 7\n' >/var/tmp/kola-usr/postinst
            chmod 755 /var/tmp/kola-usr/postinst
            truncate --size 4M /var/tmp/kola-usr.img
            mkfs.ext4 -q -d /var/tmp/kola-usr /var/tmp/kola-usr.img
            """);
        string image = Path.Combine(lab.Directory, "usr.img");
        await using (FileStream copy = File.Create(image))
            await machine.DownloadAsync("/var/tmp/kola-usr.img", copy);
        await machine.UpdateFromAsync(lab.Updates.Server);
        await machine.TrustAsync(made.Key);
        lab.Updates.Offer(UpdateOffer.Of("9999.0.0", made.Of(image)));

        await Expect.FailsAsync(machine, lab, code: 5);
        await Expect.Events(lab, "3/2 from 0.0.0.0", "13/1", "14/1", "3/0 code 5");
        Assert.That(await machine.BitsAsync(), Is.EqualTo(Untouched));
        await machine.RebootAsync();
        Assert.That(await machine.UsrSlotAsync(), Is.EqualTo(UsrSlot.A));
    }
}
