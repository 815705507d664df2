using Kola.Qemu;

namespace Kola.Platforms.Tests.Unit;

[Category("unit")]
public sealed class MachineTypesTests
{
    private const string Help = """
        Supported machines are:
        microvm              microvm (i386)
        pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-10.0)
        pc-i440fx-10.0       Standard PC (i440FX + PIIX, 1996) (default)
        pc-q35-9.0           Standard PC (Q35 + ICH9, 2009)
        q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-10.0)
        x-remote             Experimental remote machine

        """;

    [Test]
    public void Names_are_read_from_qemus_own_list() =>
        Assert.That(MachineTypes.Parse(Help), Is.EqualTo(new[] { "microvm", "pc", "pc-i440fx-10.0", "pc-q35-9.0", "q35", "x-remote" }));

    [TestCase("q35", "amd64", ExpectedResult = true)]
    [TestCase("pc-q35-9.0", "amd64", ExpectedResult = true)]
    [TestCase("pc", "amd64", ExpectedResult = true)]
    [TestCase("microvm", "amd64", ExpectedResult = false)]
    [TestCase("virt", "amd64", ExpectedResult = false)]
    [TestCase("virt-9.0", "arm64", ExpectedResult = true)]
    [TestCase("raspi4b", "arm64", ExpectedResult = false)]
    public bool Only_types_with_a_bus_kola_knows_are_driven(string name, string architecture) => MachineTypes.IsDriven(name, architecture);

    [TestCase("pc-q35-9.9", "pc-q35-9.0")]
    [TestCase("q53", "q35")]
    [TestCase("pc-i440", "pc-i440fx-10.0")]
    public void The_nearest_name_is_the_one_that_begins_most_alike(string name, string nearest) =>
        Assert.That(MachineTypes.Nearest(name, MachineTypes.Parse(Help))[0], Is.EqualTo(nearest));
}
