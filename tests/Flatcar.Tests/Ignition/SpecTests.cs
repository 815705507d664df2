using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>What each version of the spec has brought.</summary>
[Category("ignition")]
public sealed class SpecTests
{
    [MachineTest("ignition.spec.3-0", Fresh = true)]
    public async Task Spec_3_0_merges_links_and_makes_directories([Spec(Config = "spec-3-0.ign")] Machine machine)
    {
        CommandResult found = await machine.RunAsync("""
            cd /var/kola; cat child parent appended soft; test hard -ef parent && echo same
            sudo stat --format='%n %a %U:%G' deep deep/inner
            """);
        Assert.That(found.Lines, Is.EqualTo(new[] { "child", "parent", "one", "two", "parent", "same", "deep 755 root:root", "deep/inner 750 root:core" }));
    }

    // What is asked for has a name nobody can look up: only a proxy can have got it.
    [MachineTest("ignition.spec.3-1", Needs = [Feature.FullSpeed], Fresh = true)]
    public async Task Spec_3_1_uses_a_proxy_headers_sha256_and_compressed_configs([Spec(Config = "spec-3-1.ign")] Machine machine) =>
        Assert.That((await machine.RunAsync("cd /var/kola; cat child proxied")).Lines, Is.EqualTo(new[] { "child", "kola-http" }));

    // No group that is to be there: Ignition makes it a second time, too, and groupadd refuses.
    [MachineTest("ignition.spec.3-2", Needs = [Feature.FullSpeed], Fresh = true)]
    public async Task Spec_3_2_deletes_users_and_groups([Spec(Config = "spec-3-2.ign")] Machine machine)
    {
        Assert.That((await machine.AccountsAsync("passwd", "comer"))[0][2], Is.EqualTo("1234"));
        await machine.SudoAsync("groupadd leavers; useradd --create-home leaver");

        await machine.ProvisionAgainAsync();
        CommandResult gone = await machine.RunAsync("getent passwd leaver; getent group leavers leaver; id comer >/dev/null && echo stayed");
        Assert.That(gone.Lines, Is.EqualTo(new[] { "stayed" }), "both were there before Ignition ran a second time");
    }

    [MachineTest("ignition.spec.3-3", Needs = [Feature.IgnitionDisks, Feature.ExtraDisks], Fresh = true)]
    public async Task Spec_3_3_wipes_a_file_system_and_makes_none([Spec(Config = "spec-3-3.ign", Disks = ["64:spare"])] Machine machine)
    {
        const string probe = "sudo blkid --probe --output value --match-tag TYPE /dev/disk/by-id/virtio-spare";
        await machine.RunAsync("sudo mkfs.ext4 -q /dev/disk/by-id/virtio-spare");
        Assert.That((await machine.RunAsync(probe)).Text, Is.EqualTo("ext4"));

        await machine.ProvisionAgainAsync();
        CommandResult found = await machine.TryRunAsync(probe);
        Assert.That((found.ExitCode, found.Text), Is.EqualTo((2, "")), "blkid ends with 2 where it finds nothing");
    }

    [MachineTest("ignition.spec.3-4", Needs = [Feature.IgnitionSpec34], Fresh = true)]
    public async Task Spec_3_4_keeps_special_bits_of_modes([Spec(Config = "spec-3-4.ign")] Machine machine)
    {
        CommandResult modes = await machine.RunAsync("cd /var/kola; stat --format='%n %a' sticky set-user set-group");
        Assert.That(modes.Lines, Is.EqualTo(new[] { "sticky 1777", "set-user 4755", "set-group 2755" }));
    }
}
