using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Sysext;

/// <summary>System extensions put together on the machine.</summary>
[Category("sysext")]
public sealed class LocalExtensionTests
{
    private const string Unit = "[Unit]\nDescription=Comes with an extension\n\n[Service]\nType=oneshot\nExecStart=/usr/bin/touch /run/kola-from-extension\n";

    [MachineTest("sysext.directory")]
    public async Task A_directory_becomes_part_of_usr_and_leaves_it_again(Machine machine, Lab lab)
    {
        await machine.ExtensionAsync("kola-good");
        await machine.ExtensionAsync("kola-alien", "ID=debian\nVERSION_ID=99\n");
        await machine.WriteFileAsync("/var/lib/extensions/kola-good/usr/lib/systemd/system/kola-extension.service", Unit);

        string device = (await machine.RunAsync("rootdev -s /usr")).Text;

        await lab.StepAsync("Merges", async () =>
        {
            // Not merge: on an image with extensions of its own something is merged already.
            await machine.RunAsync("sudo systemd-sysext refresh");
            Assert.That(await machine.ReadFileAsync("/usr/share/kola-good/file"), Is.EqualTo("from kola-good\n"));
            Assert.That((await machine.MountsAsync("/usr"))[^1].Type, Is.EqualTo("overlay"));
        });
        // What updates the system, or marks it as good after the boot, asks for the partition below /usr at any time.
        await lab.StepAsync("PartitionIsStillFound", async () =>
            Assert.That((await machine.RunAsync("rootdev -s /usr")).Text, Is.EqualTo(device)));
        await lab.StepAsync("StaysReadOnly", async () =>
            Assert.That((await machine.TryRunAsync("sudo touch /usr/share/kola-good/other")).Error, Does.Contain("Read-only file system")));
        await lab.StepAsync("RefusesAnotherSystems", async () =>
            Assert.That((await machine.TryRunAsync("test -e /usr/share/kola-alien")).ExitCode, Is.Not.Zero, "an extension made for Debian was merged"));
        await lab.StepAsync("BringsUnits", () =>
            machine.RunAsync("sudo systemctl daemon-reload && sudo systemctl start kola-extension.service && test -e /run/kola-from-extension"));
        await lab.StepAsync("Leaves", async () =>
        {
            await machine.RunAsync("sudo rm -r /var/lib/extensions/kola-good /var/lib/extensions/kola-alien && sudo systemd-sysext refresh");
            Assert.That((await machine.TryRunAsync("test -e /usr/share/kola-good")).ExitCode, Is.Not.Zero, "it is still there");
        });
    }
}
