using Flatcar.Reference.Init;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

/// <summary>Kernel arguments in OEM's grub.cfg, as Flatcar's own helper keeps them.</summary>
public sealed class GrubAppendTests
{
    [TestCase("", "quiet", "", "set linux_append=\"$linux_append quiet\"\n")]
    [TestCase("set oem_id=\"qemu\"\n", "quiet,console=tty0 debug", "", "set oem_id=\"qemu\"\nset linux_append=\"$linux_append quiet console=tty0 debug\"\n")]
    [TestCase("set linux_append=\"flatcar.autologin\"\nset x=1\n", "quiet", "flatcar.autologin", "set x=1\nset linux_append=\"$linux_append quiet\"\n")]
    [TestCase("set linux_append=\"a\"\nset linux_append=\"$linux_append b a c\"\n", "d", "a", "set linux_append=\"$linux_append b c d\"\n")]
    [TestCase("set linux_append=\"a b\"\n", "", "a,b", "set linux_append=\"$linux_append \"\n")]
    public void Arguments_are_added_and_taken_away(string text, string wanted, string unwanted, string expected) =>
        Assert.That(GrubAppend.With(text, Words(wanted), Words(unwanted)), Is.EqualTo(expected));

    [TestCase("set linux_append=\"$linux_append quiet\"\n", "quiet", "debug", Description = "the second time")]
    [TestCase("set linux_append=\"quietly\"\n", "", "quiet", Description = "part of a word")]
    [TestCase("  set linux_append=\"quiet\"\n", "", "quiet", Description = "indented: of a condition, which nobody evaluates")]
    [TestCase("set oem_id=\"qemu\"\n", "", "")]
    public void A_file_that_is_as_wanted_stays_as_it_is(string text, string wanted, string unwanted) =>
        Assert.That(GrubAppend.With(text, Words(wanted), Words(unwanted)), Is.EqualTo(text));

    [Test]
    public void What_was_added_once_is_not_added_again()
    {
        string[] wanted = ["quiet", "console=tty0 debug"];
        var once = GrubAppend.With("set oem_id=\"qemu\"\n", wanted, []);
        Assert.That(GrubAppend.With(once, wanted, []), Is.EqualTo(once));
    }

    private static string[] Words(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries);
}
