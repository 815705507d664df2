using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>What is kept over a network that falls apart and heals.</summary>
[Category("network")]
public sealed class PartitionTests
{
    [MachineTest("etcd.partition", Needs = [Feature.LinkFaults])]
    public async Task A_majority_goes_on_over_a_partition_a_minority_takes_nothing_and_healing_brings_it_up_to_date(Machine one, Machine two, Machine three, Lab lab)
    {
        EtcdCluster cluster = await EtcdCluster.StartAsync(one, two, three);
        await EtcdCluster.PutAsync(one, "key", "before");
        Machine alone = await cluster.LeaderAsync(one) ?? one;
        Machine[] majority = [.. cluster.Members.Where(m => m != alone)];
        await lab.Network.PartitionAsync(alone);
        await lab.StepAsync("MajorityElects", () => cluster.HealthyAsync(majority[0], 2, TimeSpan.FromMinutes(1)));
        await EtcdCluster.PutAsync(majority[0], "key", "meanwhile");
        CommandResult refused = await EtcdCluster.TryPutAsync(alone, "key", "alone");
        Assert.That(refused.ExitCode, Is.Not.Zero, "a minority agrees to nothing, though it had led");
        Assert.That(await EtcdCluster.GetOwnAsync(alone, "key"), Is.EqualTo("before"));
        await lab.Network.HealAsync();
        await cluster.HealthyAsync(one, 3, TimeSpan.FromMinutes(1));
        await EtcdCluster.HasAsync(alone, "key", "meanwhile");
        Assert.That(await EtcdCluster.GetAsync(majority[1], "key"), Is.EqualTo("meanwhile"));
    }

    [MachineTest("network.nfs.cut", Needs = [Feature.LinkFaults])]
    public async Task A_write_to_a_shared_directory_waits_out_a_cut_and_arrives_once(Machine server, Machine client, Lab lab)
    {
        await server.WriteFileAsync("/etc/exports", "/var/share *(rw,sync,fsid=0,no_subtree_check,no_root_squash)\n");
        await server.WriteFileAsync("/etc/nfs.conf.d/kola.conf", "[nfsd]\nlease-time=10\ngrace-time=10\n");
        await server.SudoAsync("mkdir -p /var/share && chmod 777 /var/share && systemctl start nfs-server.service", TimeSpan.FromMinutes(2));
        await client.MountByUnitAsync("share", "server:/", "nfs", "nfsvers=4,hard,timeo=10");
        await client.RunAsync("echo 1 >/mnt/share/log", TimeSpan.FromMinutes(1));
        await lab.Network.PartitionAsync(client);
        await client.StartUnitAsync("kola-writer", "echo 2 >>/mnt/share/log && sync /mnt/share/log && touch /run/kola-written");
        await server.RunAsync("for i in 1 2 3 4 5; do cat /var/share/log; sleep 1; done | sort -u | tr -d '\\n' | grep -qx 1");
        Assert.That((await client.TryRunAsync("test -e /run/kola-written")).ExitCode, Is.Not.Zero, "it waits");
        await lab.Network.HealAsync();
        await client.FileExistsAsync("/run/kola-written", TimeSpan.FromMinutes(2));
        Assert.That((await server.RunAsync("cat /var/share/log")).Lines, Is.EqualTo(new[] { "1", "2" }));
    }

    [MachineTest("network.iscsi.cut", Needs = [Feature.LinkFaults])]
    public async Task A_disk_over_the_network_waits_out_a_cut_without_an_error(Machine server, Machine client, Lab lab)
    {
        const string target = "iqn.2006-04.com.example:cut";
        if ((await server.TryRunAsync("sudo sh -c 'command -v tgtadm'")).ExitCode != 0)
            Lab.Skip("the image has no iSCSI target", "Run it on the reference image.");
        await server.SudoAsync($"""
            set -e; systemctl start tgt.service; truncate -s 64M /var/target.img
            tgtadm --lld iscsi --op new --mode target --tid 1 --targetname {target}
            tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 --backing-store /var/target.img
            tgtadm --lld iscsi --op bind --mode target --tid 1 --initiator-address ALL
            """);
        await client.SudoAsync($"systemctl start iscsid.service && iscsiadm -m discovery -t sendtargets -p {server.Address} >/dev/null && iscsiadm -m node -T {target} -p {server.Address} --login");
        string disk = $"/dev/disk/by-path/ip-{server.Address}:3260-iscsi-{target}-lun-1";
        await client.FileExistsAsync(disk);
        await lab.Network.PartitionAsync(server);
        await client.StartUnitAsync("kola-writer", $"dd if=/dev/urandom of=/run/kola-block bs=64k count=8 status=none && dd if=/run/kola-block of={disk} bs=64k oflag=direct status=none && touch /run/kola-written");
        await client.FileExistsAsync("/run/kola-block");
        Assert.That((await client.TryRunAsync("sleep 3; test -e /run/kola-written")).ExitCode, Is.Not.Zero, "it waits");
        await lab.Network.HealAsync();
        await client.FileExistsAsync("/run/kola-written", TimeSpan.FromMinutes(3));
        await client.RunAsync($"sudo sh -c 'dd if={disk} bs=64k count=8 iflag=direct status=none | cmp - /run/kola-block'");
    }
}
