namespace Flatcar.Tests.Ignition;

/// <summary>Files, directories and links of a config.</summary>
[Category("ignition")]
public sealed class FileTests
{
    [MachineTest("ignition.files", Fresh = true)]
    public async Task Files_directories_and_links_are_as_the_config_says([Spec(Config = "files.ign")] Machine machine, Lab lab)
    {
        await lab.StepAsync("DataUrls", () => HoldsAsync(machine, ("plain", "percent encoded, with umlaut ü\n"), ("base64", "base 64 says ü\n"), ("empty", "")));
        await lab.StepAsync("Verified", () => HoldsAsync(machine, ("verified", "checked before it is written\n")));
        await lab.StepAsync("Appended", () => HoldsAsync(machine, ("appended", "first\nsecond\nthird\n")));
        await lab.StepAsync("Compressed", async () =>
        {
            CommandResult sum = await machine.RunAsync("sha256sum </var/kola/compressed");
            Assert.That(sum.Text, Does.StartWith("87baaed6e4a6065a5ebba4801454a2aee07974d697c62d48f926796ae4f3d179"));
        });
        await lab.StepAsync("AppendedToTheImages", async () =>
            Assert.That(await machine.ReadFileAsync("/etc/shells"), Does.StartWith("/").And.Contain("/bash\n").And.EndWith("/opt/kola/shell\n")));
        await lab.StepAsync("Overwritten", async () =>
            Assert.That(await machine.ReadFileAsync("/etc/issue"), Is.EqualTo("overwritten\n")));
        await lab.StepAsync("ModesAndOwners", () => ModesAndOwnersAsync(machine));
        await lab.StepAsync("Links", async () =>
        {
            CommandResult links = await machine.RunAsync("cd /var/kola; readlink link; stat --format=%h plain; test hard -ef plain && echo same");
            Assert.That(links.Lines, Is.EqualTo(new[] { "plain", "2", "same" }));
        });
        await lab.StepAsync("Executable", async () =>
            Assert.That((await machine.RunAsync("/var/kola/program")).Text, Is.EqualTo("ran as core")));
    }

    private static async Task HoldsAsync(Machine machine, params (string Name, string Content)[] files)
    {
        foreach ((string name, string content) in files)
            Assert.That(await machine.ReadFileAsync("/var/kola/" + name), Is.EqualTo(content), name);
    }

    private static async Task ModesAndOwnersAsync(Machine machine)
    {
        CommandResult found = await machine.RunAsync("sudo find /var/kola ! -type l -printf '%P %m %u:%g\\n' | sort");
        // No set-uid, set-gid or sticky bits: Ignition drops them silently up to spec 3.5.
        string[] wanted =
        [
            " 755 root:root",
            "appended 644 root:root",
            "base64 640 core:core",
            "compressed 644 root:root",
            "empty 600 root:root",
            "hard 644 root:root",
            "plain 644 root:root",
            "private 700 core:core",
            "program 755 root:root",
            "shared 775 root:root",
            "verified 644 root:root",
        ];
        Assert.That(found.Lines, Is.EquivalentTo(wanted));
    }

    [MachineTest("cl.ignition.symlink", Since = "3185.0.0", Needs = [Feature.FullSpeed], Fresh = true)]
    public async Task A_link_of_a_config_sets_the_time_zone([Spec(Config = "symlink.ign")] Machine machine)
    {
        // The peer reads the link; that programs follow it is the point.
        CommandResult zone = await machine.RunAsync("readlink --canonicalize-existing /etc/localtime; timedatectl show --property=Timezone --value; date --date=@0 +%Z%z");
        Assert.That(zone.Lines, Is.EqualTo(new[] { "/usr/share/zoneinfo/Europe/Zurich", "Europe/Zurich", "CET+0100" }));
    }
}
