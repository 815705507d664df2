using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Boot;

/// <summary>What everybody may take for granted of a Flatcar machine.</summary>
[Category("boot")]
public sealed class BasicTests
{
    private const string FullImage = "Run it on a Flatcar release: --image FILE.";

    [MachineTest("cl.basic")]
    public async Task A_fresh_machine_is_what_everybody_takes_for_granted(Machine machine, Lab lab)
    {
        await lab.StepAsync("CloudConfig", () => CloudInitSteps.ConfigIsAppliedAsync(machine));
        await lab.StepAsync("Script", () => CloudInitSteps.ScriptIsRunAsync(machine));
        await lab.StepAsync("PortSSH", () => SshGreetsAsync(machine));
        await lab.StepAsync("DbusPerms", () => UsersMayLookButNotActAsync(machine));
        await lab.StepAsync("Symlink", () => ResolverIsSystemdsAsync(machine));
        await lab.StepAsync("SymlinkFlatcar", () => OldNamesLeadToNewOnesAsync(machine));
        await lab.StepAsync("UpdateEngineKeys", () => UpdateKeyIsKnownAsync(machine));
        await lab.StepAsync("ServicesActive", () => ServicesRunAsync(machine));
        await lab.StepAsync("UpdateEngineActive", () => UpdateEngineRunsAsync(machine));
        await lab.StepAsync("ReadOnly", () => UsrCannotBeWrittenAsync(machine));
        await lab.StepAsync("RandomUUID", () => DiskHasAnIdOfItsOwnAsync(machine));
        await lab.StepAsync("Useradd", () => UsersCanBeAddedAsync(machine));
        await lab.StepAsync("MachineID", () => MachineIdIsItsOwnAsync(machine));
        await lab.StepAsync("Microcode", () => KernelHasMicrocodeAsync(machine));
    }

    // The peer only connects; a socket-activated sshd that cannot start would still let it.
    private static async Task SshGreetsAsync(Machine machine)
    {
        CommandResult greeting = await machine.RunAsync("bash -c 'exec 3<>/dev/tcp/127.0.0.1/22; head -c 8 <&3'", TimeSpan.FromSeconds(10));
        Assert.That(greeting.Text, Is.EqualTo("SSH-2.0-"));
    }

    private static async Task UsersMayLookButNotActAsync(Machine machine)
    {
        const string bus = "busctl --system call org.freedesktop.systemd1";
        const string unit = "systemd-resolved.service";
        string before = (await machine.UnitAsync(unit)).Invocation;
        CommandResult act = await machine.TryRunAsync($"{bus} /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager RestartUnit ss {unit} replace");
        Assert.That(act.ExitCode, Is.Not.Zero, "a user without rights restarts a unit");
        Assert.That(act.Error, Does.Contain("Access denied").Or.Contain("nteractive authentication required"));
        CommandResult look = await machine.RunAsync($"{bus} /org/freedesktop/systemd1/unit/systemd_2dresolved_2eservice org.freedesktop.DBus.Properties GetAll s org.freedesktop.systemd1.Unit");
        Assert.That(look.Text, Does.Contain(unit));
        // What the error says is one thing; that the unit was left alone is what matters.
        Assert.That((await machine.UnitAsync(unit)).Invocation, Is.EqualTo(before).And.Not.Empty, $"{unit} was restarted");
    }

    private static async Task ResolverIsSystemdsAsync(Machine machine)
    {
        CommandResult link = await machine.RunAsync("test -L /etc/resolv.conf && readlink --canonicalize-existing /etc/resolv.conf");
        Assert.That(link.Text, Is.EqualTo("/run/systemd/resolve/resolv.conf"));
    }

    private static async Task OldNamesLeadToNewOnesAsync(Machine machine)
    {
        string[] links = ["/etc/coreos flatcar", "/usr/bin/coreos-install flatcar-install", "/usr/lib/coreos flatcar", "/usr/share/coreos flatcar"];
        CommandResult found = await machine.RunAsync("""for link in /etc/coreos /usr/bin/coreos-install /usr/lib/coreos /usr/share/coreos; do echo "$link $(basename "$(readlink "$link")")"; test -e "$link" || echo "$link leads nowhere"; done""");
        Assert.That(found.Lines, Is.EqualTo(links));
    }

    private static async Task UpdateKeyIsKnownAsync(Machine machine)
    {
        const string file = "/usr/share/update_engine/update-payload-key.pub.pem";
        string[] known =
        [
            "d410d94dc56a1cba8df71c94ea6925811e44b09416f66958ab7a453f0731d80e",
            "a76a22e6afcdfbc55dd2953aa950c7ec93b254774fca02d13ec52c59672e5982",
            "b59a0fa528fec10d706e5d48030218199568769e385dcf473aa696763331a353",
            "b6a8227f835a4a56988241eaeeda57a19ef5ff413c8533fd791827be2c15dd6c",
        ];
        // The reference image has a key of this project's own.
        if ((await machine.OsReleaseAsync()).GetValueOrDefault("VARIANT_ID") == "reference")
            known = ["1a3edddbfa132ae79b98b00e7c27474537a39e17885e981813e5e16c953c891a"];
        Assert.That((await machine.RunAsync($"sha256sum {file}")).Text.Split(' ')[0], Is.AnyOf(known));
    }

    private static async Task ServicesRunAsync(Machine machine)
    {
        CommandResult states = await machine.TryRunAsync("systemctl is-active multi-user.target docker.socket; systemctl is-active systemd-timesyncd.service chronyd.service ntpd.service");
        Assert.That(states.Lines, Has.Count.EqualTo(5));
        Assert.That(states.Lines.Take(2), Is.All.EqualTo("active"), "multi-user.target and docker.socket");
        Assert.That(states.Lines.Skip(2), Has.Some.EqualTo("active"), "one of timesyncd, chronyd and ntpd keeps the clock");
    }

    // Part of ServicesActive at the peer; a step of its own, so that what failed has a name.
    private static async Task UpdateEngineRunsAsync(Machine machine)
    {
        Assert.That((await machine.UnitAsync("update-engine.service")).Active, Is.EqualTo("active"));
    }

    // The peer reads the mount option; here the write itself is tried as well.
    private static async Task UsrCannotBeWrittenAsync(Machine machine)
    {
        Assert.That((await machine.MountsAsync("/usr"))[^1].Options, Does.Contain("ro"));
        CommandResult write = await machine.TryRunAsync("sudo touch /usr/kola-was-here");
        Assert.That(write.ExitCode, Is.Not.Zero, "root can write to /usr");
        Assert.That(write.Error, Does.Contain("Read-only file system"));
    }

    private static async Task DiskHasAnIdOfItsOwnAsync(Machine machine)
    {
        var shipped = Guid.Parse("00000000-0000-0000-0000-000000000001");
        CommandResult id = await machine.RunAsync("sudo blkid --probe --output value --match-tag PTUUID $(rootdev -s -d /)");
        Assert.That(Guid.TryParse(id.Text, out Guid disk), $"\"{id.Text}\" is no UUID");
        Assert.That(disk, Is.Not.EqualTo(shipped).And.Not.EqualTo(Guid.Empty), "every machine would have the same disk id");
    }

    private static async Task UsersCanBeAddedAsync(Machine machine)
    {
        await machine.RunAsync("sudo useradd -p '*' -U -m user1 -G sudo");
        // The peer asks for the user's name; what the user was given is what counts: a home to write to, and sudo.
        CommandResult user = await machine.RunAsync("sudo -u user1 sh -c 'id -un && touch ~/mine && stat -c %U:%G ~/mine && sudo -n id -un'");
        Assert.That(user.Lines, Is.EqualTo(new[] { "user1", "user1:user1", "root" }));
    }

    private static async Task MachineIdIsItsOwnAsync(Machine machine)
    {
        // Flatcar's way to say "make a new one".
        const string blank = "42000000000000000000000000000042";
        string id = await machine.ReadFileAsync("/etc/machine-id");
        Assert.That(id, Does.Match("^[0-9a-f]{32}\n$").And.Not.Contains(blank));
    }

    private static async Task KernelHasMicrocodeAsync(Machine machine)
    {
        if ((await machine.RunAsync("uname -m")).Text != "x86_64")
            Lab.Skip("only x86 kernels carry microcode", "Run it on amd64.");
        if (await machine.IsReferenceWithoutAsync("/proc/config.gz"))
            Lab.Skip("the reference image's kernel is Debian's", FullImage);
        CommandResult firmware = await machine.RunAsync("zgrep -m1 EXTRA_FIRMWARE= /proc/config.gz");
        Assert.That(firmware.Text, Does.Contain("amd-ucode").And.Contain("intel-ucode"));
    }
}
