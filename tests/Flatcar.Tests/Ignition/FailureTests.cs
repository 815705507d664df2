namespace Flatcar.Tests.Ignition;

/// <summary>What Ignition cannot do ends the boot, and Ignition's own words say why: a machine that comes up half configured is worse than none.</summary>
[Category("ignition")]
public sealed class FailureTests
{
    private const string Stage = "Ignition failed";

    [MachineTest("ignition.fails.hash")]
    public void Content_with_another_hash_fails_the_boot([Spec(Config = "fails-hash.ign", BootFails = true)] Machine machine) =>
        Says(machine, "hash verification failed");

    [MachineTest("ignition.fails.not-found")]
    public void Content_that_is_not_there_fails_the_boot([Spec(Config = "fails-not-found.ign", BootFails = true)] Machine machine) =>
        Says(machine, "resource not found");

    // Headers of a config go to the address it names and to no other that is sent on to: 403.
    [MachineTest("ignition.fails.header")]
    public void A_header_is_not_told_to_whom_a_server_redirects([Spec(Config = "fails-header.ign", BootFails = true)] Machine machine) =>
        Says(machine, "failed to fetch resource");

    [MachineTest("ignition.fails.tftp")]
    public void What_a_tftp_server_says_is_told([Spec(Config = "fails-tftp.ign", BootFails = true)] Machine machine) =>
        Says(machine, "no such file is served");

    [MachineTest("ignition.fails.timeout")]
    public void A_server_that_takes_longer_than_the_config_allows_fails_the_boot([Spec(Config = "fails-timeout.ign", BootFails = true)] Machine machine, Lab lab)
    {
        Says(machine, "unable to fetch resource in time");
        // 2 s for an answer, 10 s for all attempts: it went away, and came again.
        int[] ends = [.. lab.Requests.Where(r => r.Path == "/slow/60/kola-http?timeout").Select(r => r.Status)];
        Assert.That(ends, Has.Length.AtLeast(2).And.All.EqualTo(499));
    }

    // Neither the system's authorities nor the one the config names have signed for the server. It is reached, and no request is made.
    [MachineTest("ignition.fails.untrusted")]
    public void A_server_of_another_authority_is_not_believed([Spec(Config = "fails-untrusted.ign", BootFails = true)] Machine machine, Lab lab)
    {
        Says(machine, "unable to fetch resource in time");
        Assert.That(machine.BootFailure, Does.Contain("/var/resource/https"));
        Assert.That(lab.Requests.Select(r => r.Path), Does.Contain("/kola-http?untrusted").And.Not.Contains("/kola-https?untrusted"));
    }

    [MachineTest("ignition.fails.merged")]
    public void A_merged_config_of_a_spec_nobody_knows_fails_the_boot([Spec(Config = "fails-merged.ign", BootFails = true)] Machine machine) =>
        Says(machine, "unsupported config version");

    [MachineTest("ignition.fails.existing")]
    public void A_file_that_is_there_is_not_overwritten_unasked([Spec(Config = "fails-existing.ign", BootFails = true)] Machine machine) =>
        Says(machine, "/etc/shells");

    [MachineTest("ignition.fails.owner")]
    public void A_file_for_a_user_nobody_knows_fails_the_boot([Spec(Config = "fails-owner.ign", BootFails = true)] Machine machine) =>
        Says(machine, "nobody-knows");

    private static void Says(Machine machine, string message) => Assert.That(machine.BootFailure, Does.Contain(message).And.Contain(Stage));
}
