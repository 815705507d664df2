using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>A disk of one machine on another.</summary>
[Category("storage")]
public sealed class IscsiTests
{
    private const string Target = "iqn.2026-01.example.kola:disk", Disk = "/dev/disk/by-path/ip-*-iscsi-iqn.2026-01.example.kola:disk-lun-1";

    [MachineTest("storage.iscsi", Needs = [Feature.PrivateNetwork])]
    public async Task A_disk_of_another_machine_is_used_refused_without_its_password_and_found_again(Machine server, Machine client)
    {
        if ((await server.TryRunAsync("sudo test -x /usr/sbin/tgtd")).ExitCode != 0)
            Lab.Skip("the image has no iSCSI target to offer a disk", "Run it on an image that has tgt.");
        await server.SudoAsync($"""
            set -e; systemctl start tgt; truncate --size=256M /var/lib/kola-disk; admin='tgtadm --lld iscsi'
            $admin --op new --mode target --tid 1 --targetname {Target}
            $admin --op new --mode logicalunit --tid 1 --lun 1 --backing-store /var/lib/kola-disk
            $admin --op new --mode account --user kola --password geheim-wort-1
            $admin --op bind --mode account --tid 1 --user kola; $admin --op bind --mode target --tid 1 --initiator-address ALL
            """);
        await client.SudoAsync($"systemctl start iscsid && iscsiadm --mode discovery --type sendtargets --portal {server.Address} | grep -q {Target}");
        async Task<bool> LogsInAsync(string password) => (await client.TryRunAsync($"sudo sh -c 'node=\"iscsiadm --mode node --targetname {Target}\"; for setting in authmethod=CHAP username=kola password={password}; do $node --op update --name node.session.auth.${{setting%%=*}} --value ${{setting#*=}}; done; $node --login >/dev/null'")).ExitCode == 0;

        Assert.That(await LogsInAsync("falsches-wort-1"), Is.False, "a wrong password opens the disk");
        Assert.That(await LogsInAsync("geheim-wort-1"), Is.True);
        await client.WaitForAsync("the disk to be there", () => client.TryRunAsync($"ls {Disk}"), seen => seen.ExitCode == 0);
        await client.SudoAsync($"mkfs.ext4 -q $(ls {Disk}) && mkdir /mnt/remote && mount $(ls {Disk}) /mnt/remote");
        string digest = await client.WriteRandomAsync("/mnt/remote/file", 8);
        await client.SudoAsync($"umount /mnt/remote && iscsiadm --mode node --targetname {Target} --logout >/dev/null && ! ls {Disk} 2>/dev/null");
        Assert.That((await server.RunAsync("sudo blkid --output value --match-tag TYPE /var/lib/kola-disk")).Text, Is.EqualTo("ext4"), "it is the server's file that was written to");

        // By the unit that does it at boot.
        await client.SudoAsync($"iscsiadm --mode node --targetname {Target} --op update --name node.startup --value automatic && systemctl start iscsi.service");
        await client.WaitForAsync("the disk to be there again", () => client.TryRunAsync($"ls {Disk}"), seen => seen.ExitCode == 0);
        await client.SudoAsync($"mount $(ls {Disk}) /mnt/remote");
        Assert.That(await client.DigestAsync("/mnt/remote/file"), Is.EqualTo(digest));
        await client.SudoAsync("umount /mnt/remote && systemctl stop iscsi.service");
    }
}
