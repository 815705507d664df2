using NUnit.Framework.Internal;

namespace Kola.Tests.Discovery;

/// <summary>Preparations of a suite: found by name, and what is written wrongly is told before anything boots.</summary>
public sealed class PreparationTests
{
    [TestCase(typeof(NotStatic), "NotStatic.Prepare: [Preparation(\"a\")] on a method that cannot be one\n  wanted:  public static async Task Prepare(Machine machine)")]
    [TestCase(typeof(NotPublic), "on a method that cannot be one")]
    [TestCase(typeof(NoTask), "on a method that cannot be one")]
    [TestCase(typeof(TwoMachines), "on a method that cannot be one")]
    [TestCase(typeof(BadName), "wanted:  a name of lowercase letters, digits and dashes")]
    [TestCase(typeof(Twice), "is there already")]
    public void One_that_is_written_wrongly_is_told(Type type, string message) =>
        Assert.That(() => new Preparations("suite", [type]), Throws.TypeOf<UsageException>().With.Message.Contains(message));

    [Test]
    public void One_that_is_asked_for_and_not_there_is_told()
    {
        Preparations there = new("suite", [typeof(Right)]);
        Assert.That(() => there.Check("a", "Some.Test"), Throws.Nothing);
        Assert.That(() => there.Check("b", "Some.Test"), Throws.TypeOf<UsageException>().With.Message.EqualTo("Some.Test: Prepared = \"b\"\n  wanted:  a [Preparation] of suite: a"));
    }

    [Test]
    public void What_a_test_asks_of_its_machines_is_in_its_case()
    {
        Kola.TestCase found = TestCaseReader.Read(new MachineTestAttribute("some.test") { Fresh = true }, new MethodWrapper(typeof(PreparationTests), nameof(IsFresh)));
        Assert.That((found.Fresh, found.Machines[0].OwnMachineId, found.Machines[0].Prepared), Is.EqualTo((true, true, (string?)null)));
    }

    private static async Task IsFresh([Spec(OwnMachineId = true)] Machine machine) => await machine.RunAsync("true");

    private sealed class Right
    {
        [Preparation("a")]
        public static async Task Prepare(Machine machine) => await machine.RunAsync("true");
    }

    private sealed class NotStatic
    {
        [Preparation("a")]
        public async Task Prepare(Machine machine) => await machine.RunAsync(ToString()!);
    }

    private sealed class NotPublic
    {
        [Preparation("a")]
        private static async Task Prepare(Machine machine) => await machine.RunAsync("true");
    }

    private sealed class NoTask
    {
        [Preparation("a")]
        public static void Prepare(Machine machine) => machine.ToString();
    }

    private sealed class TwoMachines
    {
        [Preparation("a")]
        public static async Task Prepare(Machine one, Machine other) => await Task.WhenAll(one.RunAsync("true"), other.RunAsync("true"));
    }

    private sealed class BadName
    {
        [Preparation("A b")]
        public static async Task Prepare(Machine machine) => await machine.RunAsync("true");
    }

    private sealed class Twice
    {
        [Preparation("a")]
        public static async Task One(Machine machine) => await machine.RunAsync("true");

        [Preparation("a")]
        public static async Task Other(Machine machine) => await machine.RunAsync("true");
    }
}
