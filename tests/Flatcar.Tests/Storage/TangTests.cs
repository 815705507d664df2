using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Volumes that open with the help of a Tang server, the harness's own, and stay shut without it.</summary>
[Category("storage")]
public sealed class TangTests
{
    private const string Root = "/dev/disk/by-partlabel/ROOT";
    private const string Data = "/dev/disk/by-partlabel/data";

    // On Flatcar the initrd has a network from the second boot on only where rd.networkd=1 is among its arguments: the peer's config sets that.
    [MachineTest("cl.tang.root", Since = "3913.0.1", Architectures = ["amd64"], Needs = [Feature.IgnitionDisks, Feature.IgnitionLuks, Feature.IgnitionKernelArguments], Minutes = 15, Fresh = true)]
    public async Task Root_is_bound_to_a_server([Spec(Config = "tang-root.ign", Firmware = Firmware.Bios)] Machine machine) => await IsBoundAsync(machine, "/", "/etc/secret", Root);

    [MachineTest("cl.tang.nonroot", Since = "3913.0.1", Needs = [Feature.FullSpeed, Feature.IgnitionDisks, Feature.IgnitionLuks, Feature.ExtraDisks], Minutes = 15, Fresh = true)]
    public async Task Data_is_bound_to_a_server([Spec(Config = "tang-data.ign", Disks = ["520:secondary"])] Machine machine)
    {
        Assert.That(await machine.ReadFileAsync("/mnt/data/from-ignition"), Is.EqualTo("world\n"));
        await IsBoundAsync(machine, "/mnt/data", "/mnt/data/secret", Data);
    }

    private static async Task IsBoundAsync(Machine machine, string path, string file, string device)
    {
        Luks.LuksHeader first = await IsEncryptedAsync(machine, path, device);
        await machine.WriteFileAsync(file, "plain-to-see-9f2c\n");
        await machine.RebootAsync();
        // Not the peer's: what it holds, that it is not to be read without the key, and that the server has a hand in every opening.
        Assert.That((await IsEncryptedAsync(machine, path, device)).Slots, Is.EqualTo(first.Slots));
        Assert.That(await machine.ReadFileAsync(file), Is.EqualTo("plain-to-see-9f2c\n"));
        Assert.That(await machine.ShowsAsync(device, "plain-to-see-9f2c", mebibytes: 256), Is.False, "the text stands on the partition as it was written");
        string pass = $"sudo clevis luks pass -d {device} -s {first.Slots[0]} | sudo cryptsetup open --test-passphrase --key-file - {device}";
        await machine.RunAsync(pass);
        // A namespace of its own has no network.
        Assert.That((await machine.TryRunAsync(pass.Replace("sudo clevis", "sudo unshare --net clevis", StringComparison.Ordinal))).ExitCode, Is.Not.Zero, "it opens without its server");
    }

    private static async Task<Luks.LuksHeader> IsEncryptedAsync(Machine machine, string path, string device)
    {
        Assert.That(await machine.DeviceTypeAsync(path), Is.EqualTo("crypt"));
        Luks.LuksHeader header = await machine.LuksAsync(device);
        Assert.That(header.Slots, Has.Count.EqualTo(1), "a key is left by which it was made");
        Assert.That(header.Tokens.Select(t => t.Type), Is.EqualTo(new[] { "clevis" }));
        return header;
    }
}
