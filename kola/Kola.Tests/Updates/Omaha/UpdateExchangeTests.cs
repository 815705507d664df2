using Kola.Updates.Omaha;

namespace Kola.Tests.Updates.Omaha;

public sealed class UpdateExchangeTests
{
    // GET /packages/%1b%5b2J
    [TestCase("package /packages/\u001b[2J", "package /packages/\uFFFD[2J -> 404 no such package")]
    [TestCase("check of 1.0.0 in a\u009b31m by b", "check of 1.0.0 in a\uFFFD31m by b -> 404 no such package")]
    [TestCase("check of 1.0.0 in \u202estable", "check of 1.0.0 in \uFFFDstable -> 404 no such package")]
    public void What_a_machine_says_steers_no_terminal(string said, string line) =>
        Assert.That(new UpdateExchange("package", said, "no such package", 404, null).ToString(), Is.EqualTo(line));
}
