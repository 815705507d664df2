namespace Kola.Tests.Discovery;

/// <summary>Faults of a suite: found by id, and what is written wrongly is told before anything boots.</summary>
public sealed class FaultTests
{
    [TestCase(typeof(NotStatic), "NotStatic.Break: [Fault(\"a.b\")] on a method that cannot be one\n  wanted:  public static async Task Break(Machine machine)")]
    [TestCase(typeof(BadId), "[Fault(\"undotted\")]\n  wanted:  lowercase letters, digits and \"-\" in parts joined by dots, e.g. dns.unreachable")]
    [TestCase(typeof(SaysNothing), "[Fault(\"a.b\")]\n  wanted:  what is wrong with the image then")]
    [TestCase(typeof(BadNear), "Near = \"Cl.Basic\"\n  wanted:  an id of a test, or a glob over ids such as cl.*")]
    [TestCase(typeof(Twice), "Twice.Other: [Fault(\"a.b\")] is there already\n  wanted:  one of that name\n  at:      Kola.Tests.Discovery.FaultTests+Twice.One")]
    public void One_that_is_written_wrongly_is_told(Type type, string message) =>
        Assert.That(() => new Faults([type]), Throws.TypeOf<UsageException>().With.Message.Contains(message));

    [Test]
    public void What_one_says_of_itself_is_read()
    {
        Fault read = new Faults([typeof(Right)]).All.Single();
        Assert.That((read.Id, read.What, read.Reboots), Is.EqualTo(("dns.dead", "no name is found", true)));
        Assert.That(read.Near, Is.EqualTo(new[] { "cl.basic", "net.*" }));
    }

    private sealed class Right
    {
        [Fault("dns.dead", "no name is found", Reboots = true, Near = ["cl.basic", "net.*"])]
        public static async Task Break(Machine machine) => await machine.RunAsync("true");
    }

    private sealed class NotStatic
    {
        [Fault("a.b", "it is wrong")]
        public async Task Break(Machine machine) => await machine.RunAsync(ToString()!);
    }

    private sealed class BadId
    {
        [Fault("undotted", "it is wrong")]
        public static async Task Break(Machine machine) => await machine.RunAsync("true");
    }

    private sealed class SaysNothing
    {
        [Fault("a.b", " ")]
        public static async Task Break(Machine machine) => await machine.RunAsync("true");
    }

    private sealed class BadNear
    {
        [Fault("a.b", "it is wrong", Near = ["Cl.Basic"])]
        public static async Task Break(Machine machine) => await machine.RunAsync("true");
    }

    private sealed class Twice
    {
        [Fault("a.b", "it is wrong")]
        public static async Task One(Machine machine) => await machine.RunAsync("true");

        [Fault("a.b", "it is wrong")]
        public static async Task Other(Machine machine) => await machine.RunAsync("true");
    }
}
