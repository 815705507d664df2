using System.Text.Json;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Sysext;

/// <summary>Which extensions are merged, in what order, and for how long.</summary>
[Category("sysext")]
public sealed class MergeTests
{
    [MachineTest("sysext.matching")]
    public async Task Only_extensions_for_this_system_are_merged(Machine machine)
    {
        IReadOnlyDictionary<string, string> os = await machine.OsReleaseAsync();
        string level = os.GetValueOrDefault("SYSEXT_LEVEL", "1.0");
        (string Name, string Release, bool Fits)[] cases =
        [
            ("kola-level", $"ID={os["ID"]}\nSYSEXT_LEVEL={level}\n", true),
            ("kola-version", $"ID={os["ID"]}\nVERSION_ID={os["VERSION_ID"]}\n", true),
            ("kola-any", "ID=_any\n", true),
            ("kola-arch", "ID=_any\nARCHITECTURE=x86-64\n", os.GetValueOrDefault("ARCHITECTURE", "x86-64") == "x86-64"),
            ("kola-otherlevel", $"ID={os["ID"]}\nSYSEXT_LEVEL=99.0\n", false),
            ("kola-otherversion", $"ID={os["ID"]}\nVERSION_ID=1.2.3\n", false),
            ("kola-otheros", "ID=debian\nVERSION_ID=13\n", false),
            ("kola-otherarch", "ID=_any\nARCHITECTURE=s390x\n", false),
            ("kola-othername", $"ID={os["ID"]}\nSYSEXT_LEVEL={level}\n", false),
        ];
        foreach ((string name, string release, bool _) in cases)
            await machine.ExtensionAsync(name, release);
        // One whose file is named after another says nothing of itself.
        await machine.RunAsync("cd /var/lib/extensions/kola-othername/usr/lib/extension-release.d && sudo mv extension-release.kola-othername extension-release.somebody");
        await machine.MergeAsync();
        Assert.That(await machine.MergedAsync([.. cases.Select(c => c.Name)]), Is.EqualTo(cases.Where(c => c.Fits).Select(c => c.Name)));
    }

    [MachineTest("sysext.precedence")]
    public async Task Of_two_extensions_the_later_name_lies_above_and_what_lies_below_comes_back(Machine machine)
    {
        string shipped = (await machine.RunAsync("cat /usr/lib/issue 2>/dev/null || cat /usr/lib/os-release")).Text;
        foreach (string name in new[] { "kola-2", "kola-10" })
        {
            await machine.ExtensionAsync(name);
            await machine.WriteFileAsync($"/var/lib/extensions/{name}/usr/share/kola-both", $"{name}\n");
        }

        await machine.MergeAsync();
        // By version, not by letters: 10 comes after 2.
        Assert.That(await machine.ReadFileAsync("/usr/share/kola-both"), Is.EqualTo("kola-10\n"));
        await machine.RunAsync("sudo rm -r /var/lib/extensions/kola-10");
        await machine.MergeAsync();
        Assert.That(await machine.ReadFileAsync("/usr/share/kola-both"), Is.EqualTo("kola-2\n"));
        Assert.That((await machine.RunAsync("cat /usr/lib/issue 2>/dev/null || cat /usr/lib/os-release")).Text, Is.EqualTo(shipped), "a file of the image that no extension has");
    }

    // As Flatcar's own are disabled: docker-flatcar.raw in /etc/extensions is a link to the image in /usr, and becomes one to nothing.
    [MachineTest("sysext.mask")]
    public async Task A_link_to_nothing_takes_an_extension_away_and_no_other(Machine machine)
    {
        await machine.ExtensionAsync("kola-masked", under: "/var/tmp");
        await machine.ExtensionAsync("kola-open");
        await machine.SudoAsync("mksquashfs /var/tmp/kola-masked /opt/kola-masked.raw -quiet -no-progress && mkdir -p /etc/extensions && ln -s /opt/kola-masked.raw /etc/extensions/kola-masked.raw");
        await machine.MergeAsync();
        Assert.That(await machine.MergedAsync("kola-masked", "kola-open"), Is.EqualTo(new[] { "kola-masked", "kola-open" }));
        await machine.RunAsync("sudo ln --symbolic --force /dev/null /etc/extensions/kola-masked.raw");
        await machine.MergeAsync();
        Assert.That(await machine.MergedAsync("kola-masked", "kola-open"), Is.EqualTo(new[] { "kola-open" }));
    }

    [MachineTest("sysext.status")]
    public async Task What_is_merged_can_be_asked_for(Machine machine)
    {
        await machine.ExtensionAsync("kola-told");
        await machine.MergeAsync();
        using var list = JsonDocument.Parse((await machine.RunAsync("systemd-sysext list --json=short")).Text);
        Assert.That(list.RootElement.EnumerateArray().Select(e => $"{e.GetProperty("name").GetString()} {e.GetProperty("type").GetString()} {e.GetProperty("path").GetString()}"), Does.Contain("kola-told directory /var/lib/extensions/kola-told"));
        using var status = JsonDocument.Parse((await machine.RunAsync("systemd-sysext status --json=short")).Text);
        JsonElement usr = status.RootElement.EnumerateArray().Single(h => h.GetProperty("hierarchy").GetString() == "/usr");
        Assert.That(usr.GetProperty("extensions").ToString(), Does.Contain("kola-told"));
    }

    [MachineTest("sysext.refresh")]
    public async Task Programs_of_an_extension_run_on_while_it_is_refreshed(Machine machine)
    {
        await machine.ExtensionAsync("kola-runs");
        await machine.SudoAsync("mkdir -p /var/lib/extensions/kola-runs/usr/bin && cp /usr/bin/sleep /var/lib/extensions/kola-runs/usr/bin/kola-sleep");
        await machine.MergeAsync();
        await machine.StartUnitAsync("kola-runs", "exec /usr/bin/kola-sleep infinity");
        await machine.WriteFileAsync("/var/lib/extensions/kola-runs/usr/share/kola-runs/file", "changed\n");
        await machine.MergeAsync();
        Assert.That(await machine.ReadFileAsync("/usr/share/kola-runs/file"), Is.EqualTo("changed\n"));
        Assert.That((await machine.UnitAsync("kola-runs")).Active, Is.EqualTo("active"));
        // Logins, sudo and what was open in /usr go on as well.
        await machine.RunAsync("sudo systemctl restart systemd-resolved && sudo true && sudo systemctl stop kola-runs");
    }

    [MachineTest("sysext.reboot")]
    public async Task An_extension_and_the_service_it_brings_are_there_again_after_a_reboot(Machine machine)
    {
        await machine.ExtensionAsync("kola-service");
        await machine.WriteFileAsync("/var/lib/extensions/kola-service/usr/lib/systemd/system/kola-service.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/bin/touch /run/kola-service\n");
        await machine.WriteFileAsync("/var/lib/extensions/kola-service/usr/lib/systemd/system/multi-user.target.d/10-kola.conf", "[Unit]\nUpholds=kola-service.service\n");
        await machine.WriteFileAsync("/var/lib/extensions/kola-service/usr/lib/sysctl.d/99-kola.conf", "net.ipv4.ip_default_ttl = 78\n");
        await machine.RebootAsync();
        Assert.That(await machine.MergedAsync("kola-service"), Is.EqualTo(new[] { "kola-service" }));
        await machine.FileExistsAsync("/run/kola-service");
        Assert.That((await machine.UnitAsync("kola-service.service")).Active, Is.EqualTo("active"));
    }

    [MachineTest("confext.directory")]
    public async Task A_configuration_extension_adds_to_etc_and_leaves_it_as_it_was(Machine machine)
    {
        await machine.WriteFileAsync("/etc/kola-own", "own\n");
        await machine.WriteFileAsync("/var/lib/confexts/kola-conf/etc/extension-release.d/extension-release.kola-conf", "ID=_any\n");
        await machine.WriteFileAsync("/var/lib/confexts/kola-conf/etc/kola.d/file", "from the extension\n");
        await machine.RunAsync("sudo systemd-confext refresh");
        Assert.That((await machine.RunAsync("cat /etc/kola.d/file /etc/kola-own; getent passwd core | cut -d: -f1")).Lines, Is.EqualTo(new[] { "from the extension", "own", "core" }));
        await machine.RunAsync("sudo systemd-confext unmerge && ! test -e /etc/kola.d && echo changed | sudo tee /etc/kola-own >/dev/null");
        Assert.That(await machine.ReadFileAsync("/etc/kola-own"), Is.EqualTo("changed\n"), "/etc can be written again");
    }

    [MachineTest("confext.skiprefresh")]
    public async Task Without_a_configuration_extension_etc_is_left_alone(Machine machine)
    {
        Assert.That(await machine.JournalAsync("--boot --unit=systemd-confext.service --grep='Merged extensions into'"), Is.Empty);
        Assert.That((await machine.MountsAsync("/etc")).Select(m => m.Options), Is.All.Contains("rw"));
        await machine.RunAsync("sudo touch /etc/kola-writable");
    }
}
