namespace Flatcar.Tests.CloudInit;

/// <summary>User data that coreos-cloudinit applies: handed over by a config drive, beside the Ignition config that lets the harness in.</summary>
[Category("cloudinit")]
public sealed class CloudInitTests
{
    [MachineTest("cl.cloudinit.basic", Needs = [Feature.CloudInit], Fresh = true)]
    public async Task A_cloud_config_is_applied([Spec(Config = "cloud-config.yaml")] Machine machine)
    {
        await AppliedAsync(machine, "/foo");
        Assert.That(await machine.ReadFileAsync("/foo"), Is.EqualTo("bar"));
        Assert.That((await machine.RunAsync("hostnamectl --static")).Text, Is.EqualTo("core1"));
    }

    [MachineTest("cl.cloudinit.script", Needs = [Feature.CloudInit], Fresh = true)]
    public async Task A_script_is_run_as_root([Spec(Config = "script.sh")] Machine machine)
    {
        await AppliedAsync(machine, "/foo-user");
        Assert.That(await machine.ReadFileAsync("/foo"), Is.EqualTo("bar\n"));
        Assert.That(await machine.ReadFileAsync("/foo-user"), Is.EqualTo("0\n"));
    }

    [MachineTest("cl.cloudinit.multipart-mime", Since = "3620.0.0", Needs = [Feature.CloudInit], Fresh = true)]
    public async Task Parts_are_applied_by_what_they_are([Spec(Config = "parts.mime")] Machine machine, Lab lab)
    {
        await AppliedAsync(machine, "/undercover");
        await lab.StepAsync("FirstHostnameCounts", async () => Assert.That((await machine.RunAsync("hostnamectl --static")).Text, Is.EqualTo("example")));
        await lab.StepAsync("Keys", () => machine.RunAsync("sudo grep -rq from-the-parts /home/core/.ssh"));
        await lab.StepAsync("Encodings", async () =>
        {
            CommandResult files = await machine.RunAsync("cd /var/parts; for file in *; do echo \"$file $(cat \"$file\")\"; done");
            Assert.That(files.Lines, Is.EquivalentTo(new[] { "b64 42", "base64 42", "gzip 42", "gz 42", "gz+base64 42", "gzip+base64 42", "gz+b64 42" }));
        });
        await lab.StepAsync("Script", () => machine.RunAsync("test -f /script-ran"));
        await lab.StepAsync("TextThatIsACloudConfig", async () => Assert.That((await machine.RunAsync("cat /undercover")).Text, Is.EqualTo("42")));
        // Not the peer's: it says so and does not look.
        await lab.StepAsync("IgnitionInAPartIsNotApplied", () => machine.RunAsync("test ! -e /ignition-ran"));
    }

    // What flatcar-install leaves behind.
    [MachineTest("cl.install.cloudinit", Needs = [Feature.CloudInit], Fresh = true)]
    public async Task A_cloud_config_of_the_installer_is_applied([Spec(Config = "install.ign")] Machine machine) =>
        await machine.WaitForAsync("the host name of the cloud-config", () => machine.RunAsync("hostname"), name => name.Text == "cloud-config-worked");

    // It may still be at work when the machine has settled: scripts are units of their own.
    private static Task<CommandResult> AppliedAsync(Machine machine, string path) =>
        machine.WaitForAsync($"coreos-cloudinit to have made {path}", () => machine.TryRunAsync($"test -e {path}"), seen => seen.ExitCode == 0);
}
