using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>Units of a config.</summary>
[Category("ignition")]
public sealed class UnitTests
{
    [MachineTest("cl.ignition.instantiated.enable-unit", Since = "3185.0.0", Fresh = true)]
    public async Task Instances_of_a_template_are_enabled_one_by_one([Spec(Config = "instances.ign")] Machine machine)
    {
        foreach (string unit in new[] { "echo@foo.service", "echo@bar.service", "echo@foo.timer" })
        {
            Unit seen = await machine.UnitAsync(unit);
            Assert.That((seen.Active, seen.File), Is.EqualTo(("active", "enabled")), unit);
        }

        // Not the peer's: an instance nobody asked for stays out, and the others did what they are for.
        Assert.That((await machine.UnitAsync("echo@baz.service")).Active, Is.EqualTo("inactive"));
        Assert.That((await machine.UnitAsync("echo@bar.timer")).Active, Is.EqualTo("inactive"));
        Assert.That((await machine.RunAsync("cd /run; echo echo-*")).Text, Is.EqualTo("echo-bar echo-foo"));
    }

    // The peer enables nfs-server, whose kernel part not every image has. Docker's service waits for a connection to its socket unless it
    // is enabled, and nobody connects here.
    [MachineTest("coreos.ignition.systemd.enable-service", Fresh = true)]
    public async Task A_service_of_the_image_is_enabled_by_a_config([Spec(Config = "enable-service.ign")] Machine machine)
    {
        Unit docker = await machine.UnitAsync("docker.service");
        Assert.That((docker.Active, docker.Sub, docker.File), Is.EqualTo(("active", "running", "enabled")));
        await machine.RunAsync("readlink /etc/systemd/system/multi-user.target.wants/docker.service");
    }
}
