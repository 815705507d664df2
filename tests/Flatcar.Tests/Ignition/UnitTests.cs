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

    [MachineTest("ignition.units", Fresh = true)]
    public async Task Units_are_masked_disabled_and_given_dropins([Spec(Config = "units.ign")] Machine machine, Lab lab)
    {
        await lab.StepAsync("Masked", async () =>
        {
            foreach (string unit in new[] { "masked.service", "docker.socket" })
                Assert.That((await machine.RunAsync($"readlink /etc/systemd/system/{unit}; systemctl is-enabled {unit} || true")).Lines, Is.EqualTo(new[] { "/dev/null", "masked" }), unit);
            Assert.That((await machine.UnitAsync("docker.socket")).Active, Is.EqualTo("inactive"));
        });
        await lab.StepAsync("DropinsInTheirOrder", async () => Assert.That(await machine.ReadFileAsync("/run/on"), Is.EqualTo("twenty\n")));
        await lab.StepAsync("DropinOfTheImagesUnit", async () =>
            Assert.That((await machine.RunAsync("systemctl show --property=Environment systemd-journald.service")).Text, Does.Contain("KOLA=here")));
        await lab.StepAsync("Disabled", async () =>
        {
            Unit off = await machine.UnitAsync("off.service");
            Assert.That((off.Active, off.File), Is.EqualTo(("inactive", "disabled")));
            // By preset: what the image enables in /usr is its own affair, so this is one that has its link in /etc or none.
            Assert.That((await machine.RunAsync("cat /etc/systemd/system-preset/*ignition*")).Lines, Is.SupersetOf(new[] { "enable on.service", "disable off.service" }));
        });
    }

    // The peer enables nfs-server, whose kernel part not every image has. Docker's service waits for a connection to its socket unless it
    // is enabled, and nobody connects here.
    [MachineTest("coreos.ignition.systemd.enable-service", Needs = [Feature.FullSpeed], Fresh = true)]
    public async Task A_service_of_the_image_is_enabled_by_a_config([Spec(Config = "enable-service.ign")] Machine machine)
    {
        Unit docker = await machine.UnitAsync("docker.service");
        Assert.That((docker.Active, docker.Sub, docker.File), Is.EqualTo(("active", "running", "enabled")));
        await machine.RunAsync("readlink /etc/systemd/system/multi-user.target.wants/docker.service");
    }
}
