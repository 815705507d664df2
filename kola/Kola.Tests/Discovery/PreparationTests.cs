using NUnit.Framework.Internal;

namespace Kola.Tests.Discovery;

/// <summary>Preparations of a suite: found by name, and what is written wrongly is told before anything boots.</summary>
public sealed class PreparationTests
{
    [TestCase(typeof(NotStatic), "NotStatic.Prepare: [Preparation(\"a\")] on a method that cannot be one\n  wanted:  public static async Task Prepare(Machine machine)")]
    [TestCase(typeof(NotPublic), "on a method that cannot be one")]
    [TestCase(typeof(NoTask), "on a method that cannot be one")]
    [TestCase(typeof(LabFirst), "on a method that cannot be one")]
    [TestCase(typeof(LabAlone), "on a method that cannot be one")]
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
    public void One_of_several_machines_is_a_tests_and_no_machines()
    {
        Preparations there = new("suite", [typeof(Several)]);
        Assert.That(there.MachinesOf("two", "Some.Test").Select(p => p.Name), Is.EqualTo(new[] { "one", "other" }));
        Assert.That(() => there.Check("two", "Some.Test: machine"), Throws.TypeOf<UsageException>().With.Message.EqualTo(
            "Some.Test: machine: Prepared = \"two\", which takes 2 machines\n  wanted:  a [Preparation] of one machine\n  next:    a test asks for all of them: [MachineTest(\"…\", Prepared = \"two\")]"));
    }

    [TestCase(nameof(Samples.PairMethods.OtherOrder), "Prepared = \"pair\" and the machines spoke, hub\n  wanted:  the machines of the preparation, in its order: hub, spoke")]
    [TestCase(nameof(Samples.PairMethods.SaysMore), "[Spec] on spoke of a test with Prepared = \"pair\"")]
    public void A_test_has_its_preparations_machines_and_says_nothing_of_them(string method, string message) =>
        Assert.That(() => TestCaseReader.Read(new MachineTestAttribute("some.test") { Prepared = "pair" }, new MethodWrapper(typeof(Samples.PairMethods), method)), Throws.TypeOf<UsageException>().With.Message.Contains(message));

    [Test]
    public void What_a_preparation_says_of_its_machines_is_said_of_its_tests()
    {
        Kola.TestCase found = TestCaseReader.Read(new MachineTestAttribute("some.test") { Prepared = "pair" }, new MethodWrapper(typeof(Samples.PairMethods), nameof(Samples.PairMethods.Fits)));
        Assert.That((found.Prepared, string.Join(' ', found.Machines.Select(m => $"{m.Name} {m.MemoryMiB} {m.Cpus}"))), Is.EqualTo(("pair", "hub 512 1 spoke 1024 1")));
    }

    [Test]
    public void A_preparations_digest_is_of_the_code_it_may_run_and_of_no_other()
    {
        string Of(string name) => CodeDigest.Of(typeof(CodeSamples).GetMethod(name)!);
        string[] all = [.. typeof(CodeSamples).GetMethods().Where(m => m.DeclaringType == typeof(CodeSamples)).Select(m => Of(m.Name))];
        Assert.That(all, Is.Unique.And.All.Match("^[0-9a-f]{64}$"));
        Assert.That(typeof(CodeSamples).GetMethods().Where(m => m.DeclaringType == typeof(CodeSamples)).Select(m => Of(m.Name)), Is.EqualTo(all), "and the same each time");
        // What it reaches: a call, a delegate, an interface, a generic argument, an initializer, what comes after an await.
        foreach (string reaches in new[] { nameof(CodeSamples.Calls), nameof(CodeSamples.Delegates), nameof(CodeSamples.Constructs), nameof(CodeSamples.Names), nameof(CodeSamples.Initializes), nameof(CodeSamples.Values), nameof(CodeSamples.Awaits) })
            Assert.That(CodeDigest.ReachedBy(typeof(CodeSamples).GetMethod(reaches)!), Has.Some.Contains("the end of it"), reaches);
        Assert.That(CodeDigest.ReachedBy(typeof(CodeSamples).GetMethod(nameof(CodeSamples.Tests))!), Has.None.Contains("the end of it"));
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

    private sealed class LabFirst
    {
        [Preparation("a")]
        public static async Task Prepare(Lab lab, Machine machine) => await machine.RunAsync(lab.Directory);
    }

    private sealed class LabAlone
    {
        [Preparation("a")]
        public static async Task Prepare(Lab lab) => await lab.StepAsync("x", () => Task.CompletedTask);
    }

    private sealed class Several
    {
        [Preparation("two")]
        public static async Task Prepare(Machine one, Machine other, Lab lab) => await Task.WhenAll(one.RunAsync(lab.Directory), other.RunAsync("true"));
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
