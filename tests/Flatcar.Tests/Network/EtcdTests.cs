using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>A store that three machines keep together.</summary>
[Category("network")]
public sealed class EtcdTests
{
    [MachineTest("etcd.cluster", Needs = [Feature.PrivateNetwork])]
    public async Task Two_members_go_on_without_the_third_which_catches_up(Machine one, Machine two, Machine three)
    {
        EtcdCluster cluster = await EtcdCluster.StartAsync(one, two, three);
        await EtcdCluster.PutAsync(one, "before", "all");
        Assert.That(await EtcdCluster.GetAsync(two, "before"), Is.EqualTo("all"), "what was put on one machine is read on another at once");
        await EtcdCluster.HasAsync(three, "before", "all");

        // The leader's machine is the one to lose: the others have to choose another.
        Machine lost = await cluster.LeaderAsync(one) ?? throw new MachineException("one: no member leads a cluster whose members are healthy");
        Machine[] left = [.. cluster.Members.Where(machine => machine != lost)];
        await lost.ResetAsync();
        await cluster.HealthyAsync(left[0], 2);
        await EtcdCluster.PutAsync(left[0], "without", lost.Name);
        Assert.That(await EtcdCluster.GetAsync(left[1], "without"), Is.EqualTo(lost.Name));
        Assert.That((await cluster.LeaderAsync(left[1]))?.Name, Is.AnyOf(left.Select(machine => machine.Name).ToArray()), "the two chose one of them");

        await cluster.StartMemberAsync(lost);
        await EtcdCluster.HasAsync(lost, "without", lost.Name);
        await cluster.HealthyAsync(lost, 3);
        Assert.That(await EtcdCluster.GetOwnAsync(lost, "before"), Is.EqualTo("all"), "and it has kept what it had");
    }
}
