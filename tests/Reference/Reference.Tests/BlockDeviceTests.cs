using Flatcar.Reference.Gpt;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

public sealed class BlockDeviceTests
{
    private readonly string path = Path.GetTempFileName();

    [TearDown]
    public void Remove() => File.Delete(path);

    // udev locks a disk for as long as it reads its partitions again; a boot that grew its root just then ended in an emergency shell.
    [Test]
    public void Is_opened_while_somebody_holds_its_lock()
    {
        using var locked = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.That(() => new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite), Throws.InstanceOf<IOException>());

        using (var device = BlockDevice.Open(path, FileAccess.ReadWrite))
            device.Write("written"u8);

        using var read = BlockDevice.Open(path, FileAccess.Read);
        Assert.That(new StreamReader(read).ReadToEnd(), Is.EqualTo("written"));
    }

    [Test]
    public void Says_which_device_is_not_there() =>
        Assert.That(() => BlockDevice.Open(path + ".gone", FileAccess.Read), Throws.InstanceOf<IOException>().With.Message.EqualTo($"{path}.gone cannot be opened: No such file or directory"));
}
