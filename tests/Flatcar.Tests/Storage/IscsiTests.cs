using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>One machine's file as another's disk.</summary>
[Category("storage")]
public sealed class IscsiTests
{
    private const string Target = "iqn.2006-04.com.example:kola";

    // The peer's server is a container, which is fetched from a registry, and in a part of its runs the client itself.
    [MachineTest("storage.iscsi", Needs = [Feature.PrivateNetwork], Minutes = 8)]
    public async Task A_disk_is_served_to_who_knows_the_secret_and_keeps_its_files(Machine server, Machine client)
    {
        if ((await server.TryRunAsync("sudo sh -c 'command -v tgtadm'")).ExitCode != 0)
            Lab.Skip("the image has no iSCSI target", "Run it on the reference image.");
        await server.SudoAsync($"""
            set -e; systemctl start tgt.service; truncate -s 64M /var/target.img
            tgtadm --lld iscsi --op new --mode target --tid 1 --targetname {Target}
            tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 --backing-store /var/target.img
            tgtadm --lld iscsi --op new --mode account --user kola --password right-secret-12
            tgtadm --lld iscsi --op bind --mode account --tid 1 --user kola
            tgtadm --lld iscsi --op bind --mode target --tid 1 --initiator-address ALL
            """);
        string node = $"iscsiadm -m node -T {Target} -p {server.Address}";
        await client.SudoAsync($"""
            set -e; systemctl start iscsid.service
            iscsiadm -m discovery -t sendtargets -p {server.Address} | grep -q {Target}
            {node} -o update -n node.session.auth.authmethod -v CHAP; {node} -o update -n node.session.auth.username -v kola
            {node} -o update -n node.session.initial_login_retry_max -v 1; {node} -o update -n node.session.auth.password -v wrong-secret-12
            """);
        // iscsiadm's 24 is "login failed due to authorization failure".
        Assert.That((await client.TryRunAsync($"sudo {node} --login")).ExitCode, Is.EqualTo(24), "what the wrong secret comes to");

        string disk = $"/dev/disk/by-path/ip-{server.Address}:3260-iscsi-{Target}-lun-1";
        await client.SudoAsync($"{node} -o update -n node.session.auth.password -v right-secret-12 && {node} --login");
        await client.WaitForAsync("the disk to be there", () => client.TryRunAsync($"test -b {disk}"), there => there.ExitCode == 0);
        await client.SudoAsync($"mkfs.ext4 -q {disk}");
        await client.MountByUnitAsync("data", disk, "ext4", "_netdev");
        string digest = await client.WriteRandomAsync("/mnt/data/file", 8);
        await client.SudoAsync($"systemctl stop mnt-data.mount && {node} --logout && udevadm settle && test ! -e {disk} && {node} --login");
        await client.WaitForAsync("the disk to be back", () => client.TryRunAsync($"test -b {disk}"), there => there.ExitCode == 0);
        await client.SudoAsync("systemctl start mnt-data.mount");
        Assert.That(await client.DigestAsync("/mnt/data/file"), Is.EqualTo(digest));
    }
}
