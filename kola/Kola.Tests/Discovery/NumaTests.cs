using System.Reflection;
using Kola.Planning;

namespace Kola.Tests.Discovery;

/// <summary>The NUMA nodes of a machine, as its test's signature says them.</summary>
public sealed class NumaTests
{
    [Test]
    public void Nodes_are_read_off_the_signature_and_need_no_second_word()
    {
        TestCase test = Read(nameof(Suite.Even));
        Assert.That(test.Machines[0].NumaNodes, Is.EqualTo(2));
        Assert.That(TemplatePlan.MayClone(test), Is.True);
        Assert.That(TemplatePlan.ByShape.KeyOf(test, test.Machines[0]), Is.Not.EqualTo(TemplatePlan.ByShape.KeyOf(test, test.Machines[0] with { NumaNodes = 1 })));
    }

    [TestCase(nameof(Suite.OddCpus))]
    [TestCase(nameof(Suite.OddMemory))]
    [TestCase(nameof(Suite.None))]
    public void Nodes_that_do_not_divide_memory_and_processors_are_told(string method) =>
        Assert.That(Assert.Throws<UsageException>(() => Read(method))!.Message, Does.Contain(method).And.Contain("divide CPUs and memory evenly"));

    private static TestCase Read(string method)
    {
        MethodInfo info = typeof(Suite).GetMethod(method)!;
        return TestCaseReader.Read(new MachineTestAttribute("some.test"), new NUnit.Framework.Internal.MethodWrapper(typeof(Suite), info));
    }

    // Never run: what their attributes say is all that is looked at.
    private sealed class Suite
    {
        public static Task Even([Spec(Cpus = 4, NumaNodes = 2)] Machine machine) => machine.RebootAsync();

        public static Task OddCpus([Spec(Cpus = 3, NumaNodes = 2)] Machine machine) => machine.RebootAsync();

        public static Task OddMemory([Spec(Cpus = 2, NumaNodes = 2, MemoryMiB = 1023)] Machine machine) => machine.RebootAsync();

        public static Task None([Spec(NumaNodes = 0)] Machine machine) => machine.RebootAsync();
    }
}
