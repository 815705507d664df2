using Kola.Reporting;

namespace Kola.Tests.Reporting;

/// <summary>Shares and how sure they are.</summary>
public sealed class RateTests
{
    // Worked out apart from this code, from the formula as Wilson gives it.
    [TestCase(0, 10, 0, 0.2775)]
    [TestCase(1, 10, 0.0179, 0.4042)]
    [TestCase(5, 10, 0.2366, 0.7634)]
    [TestCase(10, 10, 0.7225, 1)]
    [TestCase(3, 1000, 0.0010, 0.0088)]
    public void The_interval_is_wilsons(int hits, int trials, double low, double high)
    {
        var rate = new Rate(hits, trials);
        Assert.That(rate.Low, Is.EqualTo(low).Within(0.0001));
        Assert.That(rate.High, Is.EqualTo(high).Within(0.0001));
    }

    [Test]
    public void Nothing_tried_is_nothing_known() => Assert.That((new Rate(0, 0).Low, new Rate(0, 0).High), Is.EqualTo((0d, 1d)));

    [Test]
    public void It_reads_well() => Assert.That(new Rate(3, 20).ToString(), Is.EqualTo("3 of 20, 15 % (95 %: 5.2–36 %)"));
}
