using System.Reflection;

namespace Kola.Tests.Discovery;

/// <summary>The segments of a test, as its signature says them.</summary>
public sealed class SegmentTests
{
    [Test]
    public void Cards_and_segments_are_read_off_the_signature()
    {
        (TestCase test, _) = Read(nameof(Suite.Good));
        Assert.That(test.Machines[0].Links, Is.EqualTo(new[] { new MachineLink("lan"), new MachineLink("trunk", 10) }));
        Assert.That(test.Machines[1].Links, Is.Null);
        Assert.That(test.Segments.Single(), Is.EqualTo(new SegmentSpec { Name = "lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4, Mtu = 9000 }));
        Assert.That(test.Needs, Is.EquivalentTo(new[] { Feature.PrivateNetwork, Feature.SegmentServers }));
    }

    [TestCase(nameof(Suite.NobodyThere), "a machine on it")]
    [TestCase(nameof(Suite.WrongName), "a name of lowercase letters")]
    [TestCase(nameof(Suite.WrongVlan), "a VLAN of 1 to 4094")]
    [TestCase(nameof(Suite.NoUplink), "Uplink = a segment with a machine on it")]
    [TestCase(nameof(Suite.TooWide), "Mtu 576 to 9216, not 20000")]
    public void What_cannot_be_is_told_with_what_could(string method, string wanted)
    {
        (_, UsageException? problem) = Read(method);
        Assert.That(problem?.Message, Does.Contain(method).And.Contain(wanted));
    }

    private static (TestCase Test, UsageException? Problem) Read(string method)
    {
        MethodInfo info = typeof(Suite).GetMethod(method)!;
        try
        {
            return (TestCaseReader.Read(new MachineTestAttribute("some.test"), new NUnit.Framework.Internal.MethodWrapper(typeof(Suite), info)), null);
        }
        catch (UsageException problem)
        {
            return (null!, problem);
        }
    }

    // Never run: what their attributes say is all that is looked at.
    private sealed class Suite
    {
        [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4, Mtu = 9000)]
        public static Task Good([Spec(Segments = ["lan", "trunk@10"])] Machine left, Machine right) => Task.WhenAll(left.RebootAsync(), right.RebootAsync());

        [Segment("lan")]
        public static Task NobodyThere(Machine machine) => machine.RebootAsync();

        [Segment("LAN")]
        public static Task WrongName([Spec(Segments = ["lan"])] Machine machine) => machine.RebootAsync();

        public static Task WrongVlan([Spec(Segments = ["lan@0"])] Machine machine) => machine.RebootAsync();

        [Segment("lan", Servers = SegmentServers.Router)]
        public static Task NoUplink([Spec(Segments = ["lan"])] Machine machine) => machine.RebootAsync();

        [Segment("lan", Mtu = 20000)]
        public static Task TooWide([Spec(Segments = ["lan"])] Machine machine) => machine.RebootAsync();
    }
}
