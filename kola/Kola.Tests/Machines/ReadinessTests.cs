using Kola.Machines;

namespace Kola.Tests.Machines;

public sealed class ReadinessTests
{
    [Test]
    public void Every_line_is_read()
    {
        Readiness ready = Readiness.Parse("state=degraded\nid=flatcar\nversion=4459.0.0+x=1\nboot=5f0e\nfailed=a.service\nfailed=b.socket\n");
        Assert.That(ready, Has.Property("State").EqualTo("degraded").And.Property("Id").EqualTo("flatcar").And.Property("Version").EqualTo("4459.0.0+x=1").And.Property("BootId").EqualTo("5f0e"));
        Assert.That(ready.FailedUnits, Is.EqualTo(new[] { "a.service", "b.socket" }));
    }

    [TestCase("")]
    [TestCase("Connection refused")]
    [TestCase("state=\n")]
    public void What_is_no_answer_is_not_ready(string text) => Assert.That(Readiness.Parse(text).State, Is.Empty);
}
