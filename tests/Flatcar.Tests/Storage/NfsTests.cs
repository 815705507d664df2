using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>One machine's directory on another.</summary>
[Category("storage")]
public sealed class NfsTests
{
    [MachineTest("linux.nfs.v3", Needs = [Feature.PrivateNetwork], Minutes = 8)]
    public Task A_directory_is_shared_by_version_3(Machine server, Machine client) => IsSharedAsync(server, client, "3", "/var/share");

    [MachineTest("linux.nfs.v4", Needs = [Feature.PrivateNetwork], Minutes = 8)]
    public Task A_directory_is_shared_by_version_4(Machine server, Machine client) => IsSharedAsync(server, client, "4", "/");

    private static async Task IsSharedAsync(Machine server, Machine client, string version, string path)
    {
        await server.WriteFileAsync("/etc/exports", "/var/share *(rw,sync,fsid=0,no_subtree_check,root_squash)\n");
        // A server that has just started lets nobody open a file for 90 s, since its clients of before come first.
        await server.WriteFileAsync("/etc/nfs.conf.d/kola.conf", "[nfsd]\nlease-time=10\ngrace-time=10\n");
        await server.SudoAsync("modprobe lockd && echo 10 >/proc/sys/fs/nfs/nlm_grace_period");
        await server.SudoAsync("mkdir -p /var/share && chmod 777 /var/share && echo served >/var/share/file && chown core /var/share/file && chmod 600 /var/share/file && systemctl start nfs-server.service", TimeSpan.FromMinutes(2));
        await client.MountByUnitAsync("share", $"server:{path}", "nfs", $"nfsvers={version},hard,timeo=50");
        Assert.That((await client.MountsAsync("/mnt/share"))[^1].Options, Has.Some.StartsWith($"vers={version}"));

        // Not the peer's: whose file it is, that root is nobody here, and that a lock is the server's and not one machine's own.
        Assert.That((await client.RunAsync("stat --format %U /mnt/share/file; cat /mnt/share/file")).Lines, Is.EqualTo(new[] { "core", "served" }));
        CommandResult squashed = await client.TryRunAsync("sudo cat /mnt/share/file");
        Assert.That(squashed.Error, Does.Contain("Permission denied"), "root of the client read a file of another's");
        await client.RunAsync("sudo touch /mnt/share/by-root && echo sent >/mnt/share/by-core");
        Assert.That((await server.RunAsync("stat --format '%u' /var/share/by-root; cat /var/share/by-core")).Lines, Is.EqualTo(new[] { "65534", "sent" }));

        await client.RunAsync("sudo systemd-run --quiet --uid=core --unit=kola-lock flock /mnt/share/by-core sleep infinity");
        // What is a lock of the whole file on the client is one of its bytes on the server, so it is looked for by its inode.
        const string locks = "grep -c \":$(stat --format=%i /var/share/by-core) \" /proc/locks";
        await server.WaitForAsync("the client's lock to be the server's", () => server.TryRunAsync(locks), seen => seen.Text != "0");
        await client.RunAsync("sudo systemctl stop kola-lock.service");
        await server.WaitForAsync("the lock to be given back", () => server.TryRunAsync(locks), seen => seen.Text == "0");

        await server.SudoAsync("systemctl restart nfs-server.service", TimeSpan.FromMinutes(2));
        await client.RunAsync("echo later >>/mnt/share/by-core", TimeSpan.FromMinutes(3));
        Assert.That((await server.RunAsync("cat /var/share/by-core")).Lines, Is.EqualTo(new[] { "sent", "later" }), "what the client wrote over the server's restart");
    }
}
