using Kola;

namespace Samples;

/// <summary>What tests of the preparation <c>pair</c> may look like, and what they may not.</summary>
public static class PairMethods
{
    /// <summary>The machines of the preparation.</summary>
    public static Task Fits(Machine hub, Machine spoke) => SampleTests.They_do_not_meet(hub, spoke);

    /// <summary>In another order.</summary>
    public static Task OtherOrder(Machine spoke, Machine hub) => SampleTests.They_do_not_meet(hub, spoke);

    /// <summary>And something of their own.</summary>
    public static Task SaysMore(Machine hub, [Spec(MemoryMiB = 2048)] Machine spoke) => SampleTests.They_do_not_meet(hub, spoke);
}
