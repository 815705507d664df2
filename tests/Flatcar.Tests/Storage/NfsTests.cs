using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Files of one machine on another.</summary>
[Category("storage")]
public sealed class NfsTests
{
    [MachineTest("linux.nfs.v3", Needs = [Feature.PrivateNetwork])]
    public Task Files_are_shared_by_version_3(Machine server, Machine client) => SharesAsync(server, client, "3", "/srv/kola");

    [MachineTest("linux.nfs.v4", Needs = [Feature.PrivateNetwork])]
    public Task Files_are_shared_by_version_4(Machine server, Machine client) => SharesAsync(server, client, "4.2", "/");

    private static async Task SharesAsync(Machine server, Machine client, string version, string path)
    {
        await server.SudoAsync("mkdir -p /srv/kola && chown core /srv/kola && echo '/srv/kola *(rw,fsid=0,no_subtree_check,root_squash)' >/etc/exports && echo kola >/srv/kola/from-server && systemctl start nfs-server");
        await client.MountByUnitAsync("shared", $"server:{path}", "nfs", $"nfsvers={version}");
        Assert.That((await client.MountsAsync("/mnt/shared")).Single().Options, Does.Contain($"vers={version}"));
        Assert.That(await client.ReadFileAsync("/mnt/shared/from-server"), Is.EqualTo("kola\n"));

        // Whose a file is goes along; who is root there is nobody here.
        await client.RunAsync("echo back >/mnt/shared/from-client");
        Assert.That((await server.RunAsync("cat /srv/kola/from-client; stat --format=%U /srv/kola/from-client")).Lines, Is.EqualTo(new[] { "back", "core" }));
        Assert.That((await client.TryRunAsync("sudo touch /mnt/shared/from-root")).ExitCode, Is.Not.Zero, "root of the client writes into a directory of core's");

        await client.StartUnitAsync("kola-lock", "exec flock /mnt/shared/from-client sh -c 'exec sleep infinity'", "User=core");
        await client.WaitForAsync("the lock to be had", () => server.TryRunAsync("flock --nonblock /srv/kola/from-client true"), seen => seen.ExitCode == 1);
        await client.RunAsync("sudo systemctl stop kola-lock");
        await client.WaitForAsync("the lock to be given back", () => server.TryRunAsync("flock --nonblock /srv/kola/from-client true"), seen => seen.ExitCode == 0);

        // A server that is away is waited for, and what is written meanwhile is not lost.
        await server.RunAsync("sudo systemctl stop nfs-server");
        await client.StartUnitAsync("kola-waits", "echo late >/mnt/shared/late && touch /tmp/kola-written", "User=core");
        Assert.That((await client.UnitAsync("kola-waits")).Active, Is.EqualTo("active"), "it waits");
        await server.RunAsync("sudo systemctl start nfs-server");
        await client.UnitEndedAsync("kola-waits", TimeSpan.FromMinutes(3));
        Assert.That(await server.ReadFileAsync("/srv/kola/late"), Is.EqualTo("late\n"));
        await client.RunAsync("sudo systemctl stop mnt-shared.mount");
    }
}
