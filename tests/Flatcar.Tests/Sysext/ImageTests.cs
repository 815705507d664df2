using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Sysext;

/// <summary>System extensions in one file.</summary>
[Category("sysext")]
public sealed class ImageTests
{
    [MachineTest("sysext.squashfs")]
    public Task A_squashfs_image_is_merged(Machine machine) => MergesAsync(machine, "mksquashfs /var/tmp/kola-image /var/lib/extensions/kola-image.raw -quiet -no-progress");

    [MachineTest("sysext.erofs")]
    public Task An_erofs_image_is_merged(Machine machine) => MergesAsync(machine, "mkfs.erofs --quiet /var/lib/extensions/kola-image.raw /var/tmp/kola-image");

    [MachineTest("sysext.ext4")]
    public Task An_ext4_image_is_merged(Machine machine) => MergesAsync(machine, "truncate --size=8M /var/lib/extensions/kola-image.raw && mkfs.ext4 -q -d /var/tmp/kola-image /var/lib/extensions/kola-image.raw");

    [MachineTest("sysext.verity")]
    public async Task An_image_with_verity_is_merged_when_it_is_whole_and_its_signer_known(Machine machine)
    {
        if ((await machine.TryRunAsync("command -v systemd-repart")).ExitCode != 0)
            Lab.Skip("the image has no systemd-repart to make such an image", "Run it on an image that has it.");
        const string image = "/var/lib/extensions/kola-ddi.raw";
        await machine.ExtensionAsync("kola-ddi", under: "/var/tmp");
        await machine.SudoAsync($"mkdir -p /var/lib/extensions && cd /var/tmp && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=kola -days 30 2>/dev/null && systemd-repart --make-ddi=sysext --copy-source=/var/tmp/kola-ddi --private-key=/var/tmp/key.pem --certificate=/var/tmp/cert.pem {image} >/dev/null 2>&1");
        await machine.TryRunAsync("sudo systemd-sysext refresh");
        Assert.That(await machine.MergedAsync("kola-ddi"), Is.Empty, "an image that is signed by somebody nobody knows");

        await machine.RunAsync("sudo install -D --mode=0644 /var/tmp/cert.pem /etc/verity.d/kola.crt");
        await machine.MergeAsync();
        Assert.That(await machine.MergedAsync("kola-ddi"), Is.EqualTo(new[] { "kola-ddi" }));
        Assert.That((await machine.RunAsync("sudo dmsetup ls --target verity | grep -vc '^usr'")).Text, Is.EqualTo("1"), "verity devices beside that of /usr");

        // The first two blocks of the file system, not of its hashes.
        await machine.SudoAsync($"systemd-sysext unmerge; start=$(fdisk -l -o Start {image} | sed -n '/^ *Start/{{n;p}}') && dd if=/dev/urandom of={image} bs=512 seek=$((start)) count=16 conv=notrunc status=none");
        await machine.TryRunAsync("sudo systemd-sysext refresh");
        Assert.That(await machine.MergedAsync("kola-ddi"), Is.Empty, "an image that was changed");
    }

    private static async Task MergesAsync(Machine machine, string make)
    {
        await machine.ExtensionAsync("kola-image", under: "/var/tmp");
        await machine.RunAsync($"sudo mkdir -p /var/lib/extensions && sudo sh -c {Machine.Quote(make)}");
        await machine.MergeAsync();
        Assert.That(await machine.MergedAsync("kola-image"), Is.EqualTo(new[] { "kola-image" }));
        Assert.That((await machine.RunAsync("sudo losetup --list --noheadings --output BACK-FILE")).Text, Does.Contain("/var/lib/extensions/kola-image.raw"), "it is read from the file");
        await machine.RunAsync("sudo systemd-sysext unmerge && ! test -e /usr/share/kola-image");
        await machine.WaitForAsync("the loop device to be given back", () => machine.TryRunAsync("sudo losetup --list --noheadings"), seen => seen.Text.Length == 0);
    }
}
