using System.Text.Json;
using Kola.Cli.Bench;
using Kola.Machines;

namespace Kola.Tests.Cli;

/// <summary>Figures as people and programs get them.</summary>
public sealed class BenchReportTests
{
    private static readonly BenchReport s_report = new()
    {
        Date = new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero),
        Kola = "1.2.3",
        Host = new BenchHost { Cores = 2, Kernel = "Linux 6.1", LoadBefore = 0.25, LoadAfter = 1.5 },
        Subject = new BenchSubject { Image = "reference", Version = "4459.0.0", Digest = "sha256:" + new string('a', 64), Qemu = "10.0.2", Acceleration = "tcg", CpuModel = "max", Firmware = "direct" },
        Figures =
        [
            Figure.Of("boot", "cold boot", [Cost(19, 16), Cost(18, 15), Cost(21, 17)]),
            Figure.Ratio("templates", "clone / cold boot", [0.05], target: 0.04, note: "one boot"),
            Figure.Ratio("commands", "kola / OpenSSH", [0.801], target: 1.5),
        ],
        Problems = new Dictionary<string, string> { ["memory"] = "no /proc" },
    };

    [Test]
    public void A_figure_has_its_median_its_spread_and_its_verdict()
    {
        Figure boot = s_report.Figures[0];
        Assert.That((boot.Median, boot.Min, boot.Max, boot.ProcessorMedian, boot.Met), Is.EqualTo((19.0, 18.0, 21.0, (double?)16.0, (bool?)null)));
        Assert.That(s_report.Figures.Skip(1).Select(f => f.Met), Is.EqualTo((bool?[])[false, true]));
    }

    [Test]
    public void People_get_one_table()
    {
        using var writer = new StringWriter();
        s_report.Write(writer);
        Assert.That(writer.ToString(), Is.EqualTo("""
            kola 1.2.3, 2026-11-22 12:00:00Z; 2 cores, Linux 6.1, load 0.25 at the start and 1.50 at the end
            reference 4459.0.0 (sha256:aaaaaaaaaaaa…), QEMU 10.0.2, tcg (max), firmware direct
            | what | median (min – max) | CPU s | target | met | |
            |---|---|---|---|---|---|
            | **boot** | | | | | |
            | cold boot | 19.0 (18.0 – 21.0) s, n = 3 | 16.0 |  |  |  |
            | **templates** | | | | | |
            | clone / cold boot | 0.0500 × |  | ≤ 0.0400 × | no | one boot |
            | **commands** | | | | | |
            | kola / OpenSSH | 0.801 × |  | ≤ 1.50 × | yes |  |
            memory could not be measured: no /proc

            """));
    }

    [Test]
    public void Programs_get_every_measurement()
    {
        using JsonDocument json = JsonDocument.Parse(s_report.ToJson());
        JsonElement root = json.RootElement, boot = root.GetProperty("figures")[0];
        Assert.That(root.GetProperty("schema").GetString(), Is.EqualTo("kola.bench/1"));
        Assert.That(root.GetProperty("host").GetProperty("cores").GetInt32(), Is.EqualTo(2));
        Assert.That(root.GetProperty("subject").GetProperty("digest").GetString(), Does.StartWith("sha256:"));
        Assert.That(boot.GetProperty("values").EnumerateArray().Select(v => v.GetDouble()), Is.EqualTo((double[])[19, 18, 21]));
        Assert.That(boot.GetProperty("median").GetDouble(), Is.EqualTo(19));
        Assert.That(root.GetProperty("figures")[1].GetProperty("met").GetBoolean(), Is.False);
        Assert.That(root.GetProperty("problems").GetProperty("memory").GetString(), Is.EqualTo("no /proc"));
    }

    [TestCase(0, "0.0000")]
    [TestCase(0.01234, "0.0123")]
    [TestCase(0.301, "0.301")]
    [TestCase(1.5, "1.50")]
    [TestCase(18.06, "18.1")]
    [TestCase(506, "506")]
    public void Numbers_have_three_digits_that_say_something(double value, string text) => Assert.That(BenchReport.Number(value), Is.EqualTo(text));

    private static Cost Cost(double wall, double processor) => new(TimeSpan.FromSeconds(processor), TimeSpan.FromSeconds(wall));
}
