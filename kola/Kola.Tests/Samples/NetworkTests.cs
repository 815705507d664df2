using Kola;
using NUnit.Framework;

namespace Samples;

/// <summary>What tests do to their networks.</summary>
[Category("sample")]
public sealed class NetworkTests
{
    [MachineTest("sample.network", Minutes = 5, Needs = [Feature.LinkFaults])]
    [Segment("lan", Servers = SegmentServers.Dns)]
    public async Task All_that_can_be_done_is_done_and_not_undone(
        [Spec(Segments = ["lan"])] Machine one, [Spec(Segments = ["lan"])] Machine two, [Spec(Segments = ["lan"])] Machine three, Lab lab)
    {
        await lab.Network.PartitionAsync(one);
        await lab.Network.CutAsync(two, three);
        await lab.Network.DegradeAsync(two, new LinkCondition { Loss = 0.5 }, LinkDirection.ToMachine, "lan");
        await lab.Network.UnplugAsync(three);
        await lab.Network.UnplugManagementAsync(one);
        await lab.Network.ConductAsync("lan", new SegmentConduct { FirstDns = ServerMood.Silent, OtherAddresses = true });
        Assert.Fail("on purpose");
    }
}
