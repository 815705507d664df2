using Kola.Ignition;

namespace Kola.Tests.Ignition;

/// <summary>
/// Butane's own test tables and the examples of its documentation, as facts: what a config becomes, or what is said against it. In <c>*.cases</c> beside
/// this file: <c>=== name</c>, the YAML, <c>---</c>, and the JSON or the report.
/// </summary>
public sealed class ButaneCases
{
    [TestCaseSource(nameof(Cases))]
    public void Becomes_what_Butane_makes_of_it(string yaml, string wanted)
    {
        ButaneReading reading = ButaneConfig.Read(yaml, Local);
        string report = string.Join('\n', reading.Problems.Select(p => $"{(p.Severity == ProblemSeverity.Error ? "error" : "warning")} at {p.Path}{(p.At is { } at ? $", line {at.Line} col {at.Column}" : "")}: {p.Message}"));
        if (wanted.TrimStart().StartsWith('{'))
        {
            Assert.That(report, Is.Empty);
            Assert.That(ButaneText.Of(reading.Root!), Is.EqualTo(ButaneText.Of(wanted)));
        }
        else
        {
            Assert.That(report, Is.EqualTo(wanted.Trim()));
        }
    }

    private static string Local => Path.Combine(Reporting.GoldenFile.Root, "kola/Kola.Tests/Ignition/Butane/Local");

    private static IEnumerable<TestCaseData> Cases() =>
        from file in Directory.GetFiles(Path.Combine(Reporting.GoldenFile.Root, "kola/Kola.Tests/Ignition/Butane"), "*.cases").Order(StringComparer.Ordinal)
        from entry in File.ReadAllText(file).Split("=== ", StringSplitOptions.RemoveEmptyEntries)
        let parts = entry.Split("\n---\n", 2)
        let head = parts[0].Split('\n', 2)
        select new TestCaseData(head[1] + "\n", parts[1]).SetArgDisplayNames(Path.GetFileNameWithoutExtension(file), head[0]);
}
