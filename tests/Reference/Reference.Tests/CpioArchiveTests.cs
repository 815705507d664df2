using System.Text;
using Flatcar.Reference.Building;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

public sealed class CpioArchiveTests
{
    [Test]
    public void An_archive_is_what_the_kernel_expects()
    {
        using var output = new MemoryStream();
        var archive = new CpioArchive(output);
        archive.AddDirectory("dev");
        archive.AddFile("init", "abc"u8.ToArray(), 0x1ED);
        archive.AddLink("bin", "usr/bin");
        archive.AddCharacterDevice("dev/console", 5, 1);
        archive.Finish();
        var text = Encoding.ASCII.GetString(output.ToArray());
        Assert.That(output.Length % 4, Is.Zero);
        // magic, inode, mode, uid, gid, links, mtime, size, device, special device, name length, check
        Assert.That(text, Does.StartWith("070701" + "00000001" + "000041ed" + "0000000000000000" + "00000001" + "00000000" + "00000000"));
        Assert.That(text, Does.Contain("000081ed").And.Contain("init\0").And.Contain("abc\0"));
        Assert.That(text, Does.Contain("0000a1ff").And.Contain("usr/bin"));
        Assert.That(text, Does.Contain("00002180").And.Contain("0000000500000001"));
        Assert.That(text.TrimEnd('\0'), Does.EndWith("TRAILER!!!"));
    }
}
