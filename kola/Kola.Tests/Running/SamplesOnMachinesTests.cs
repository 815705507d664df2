using System.Text.Json;
using Kola.Cli;
using Kola.Reporting;

namespace Kola.Tests.Running;

/// <summary>The sample suite on really booted machines: each bad end under its right name, and nothing left behind.</summary>
[NonParallelizable]
[Category("machines")]
public sealed class SamplesOnMachinesTests
{
    private const string Remedy = "no image: set KOLA_IMAGE to the path `scripts/kola image build` prints";

    private static readonly Dictionary<string, string> s_outcomes = new()
    {
        ["sample.passes"] = "passed",
        ["sample.fails.part"] = "failed",
        ["sample.panics"] = "failed",
        ["sample.emergency"] = "failed",
        ["sample.emergency.expected"] = "passed",
        ["sample.deaf"] = "failed",
        ["sample.poweroff"] = "failed",
        ["sample.finding"] = "failed",
        ["sample.broken"] = "broken",
        ["sample.leaks"] = "passed",
        ["sample.copies.differ"] = "passed",
        ["sample.copies.prepared"] = "passed",
        ["sample.copies.reboot"] = "passed",
        ["sample.power-cut"] = "passed",
        ["sample.copies.connected"] = "passed",
        ["sample.skips"] = "skipped",
        ["sample.needs"] = "skipped",
    };

    [Test]
    public async Task Each_end_has_its_right_name_and_exit_code()
    {
        string image = Environment.GetEnvironmentVariable("KOLA_IMAGE") ?? "";
        if (image.Length == 0)
            Assert.Ignore(Remedy);
        string output = Directory.CreateTempSubdirectory("kola-samples-").FullName;
        try
        {
            string suite = typeof(Samples.SampleTests).Assembly.Location;
            int code = await Program.RunAsync(["run", .. s_outcomes.Keys, "--suite", suite, "--image", image, "--output", output, "--database", Path.Combine(output, "results.db")], Surroundings.Of(Environment.GetEnvironmentVariable));
            Dictionary<string, string> outcomes = Outcomes(Path.Combine(output, "latest", "results.json"));
            Assert.That(outcomes, Is.EquivalentTo(s_outcomes), await File.ReadAllTextAsync(Path.Combine(output, "latest", "summary.txt")));
            Assert.That(code, Is.EqualTo(1));
            // Past its network, since that is what does not answer any more.
            string deaf = Path.Combine(output, "latest", "sample.deaf", "machine");
            Assert.That(await File.ReadAllTextAsync(Path.Combine(deaf, "state.txt")), Does.Contain("==== systemctl --failed").And.Contain("==== processes by memory").And.Contain("/etc/kola/channel"));
            Assert.That(await File.ReadAllTextAsync(Path.Combine(deaf, "dmesg.txt")), Does.Contain("Linux version"));
            EvidenceKept[] kept = [.. EventLog.Read(Path.Combine(output, "latest")).Events.OfType<EvidenceKept>().Where(e => e.Test == "sample.deaf")];
            Assert.That(kept.Select(e => e.By), Is.EqualTo(new[] { "channel", "channel" }));
            // Booted instead, they would pass just the same: what is said of copies has to have been seen on copies.
            Assert.That(TemplatesOfCopies(Path.Combine(output, "latest", "results.json")), Has.Length.EqualTo(7).And.None.Null);
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    [Test]
    public async Task A_flaky_and_a_known_test_are_let_through_as_what_they_are_as_far_as_the_policy_says()
    {
        string image = Environment.GetEnvironmentVariable("KOLA_IMAGE") ?? "";
        if (image.Length == 0)
            Assert.Ignore(Remedy);
        string output = Directory.CreateTempSubdirectory("kola-samples-").FullName;
        try
        {
            string suite = typeof(Samples.SampleTests).Assembly.Location, policy = Path.Combine(output, "policy.yaml"), results = Path.Combine(output, "latest");
            var surroundings = Surroundings.Of(Environment.GetEnvironmentVariable);
            await File.WriteAllTextAsync(policy, Policy(flaky: 1));
            int code = await Program.RunAsync(["run", "sample.flaky", "sample.fails.command", "--retries", "1", "--parity", "0", "--policy", policy, "--suite", suite, "--image", image, "--output", output, "--database", Path.Combine(output, "results.db")], surroundings);
            Assert.That(Outcomes(Path.Combine(results, "results.json")), Is.EquivalentTo(new Dictionary<string, string> { ["sample.flaky"] = "flaky", ["sample.fails.command"] = "known" }));
            Assert.That(code, Is.Zero);
            Assert.That(await Program.RunAsync(["gate", results, "--policy", policy], surroundings), Is.Zero);

            await File.WriteAllTextAsync(policy, Policy(flaky: 0));
            Assert.That(await Program.RunAsync(["gate", results, "--policy", policy], surroundings), Is.EqualTo(1));
            // As a kola leaves it that is killed before its end.
            string[] events = await File.ReadAllLinesAsync(Path.Combine(results, "events.jsonl"));
            await File.WriteAllLinesAsync(Path.Combine(results, "events.jsonl"), events[..^1]);
            await File.WriteAllTextAsync(policy, Policy(flaky: 1));
            Assert.That(await Program.RunAsync(["gate", results, "--policy", policy], surroundings), Is.EqualTo(3));
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    private static string Policy(int flaky) => $$"""
        version: 1
        gate: { flaky: {{flaky}} }
        tests:
          - known: [sample.fails.command]
            because: it is a sample
            owner: Ada
            tracker: https://example.org/1
            until: 2099-12-31
        """;

    // Of each machine of the tests of copies, the key of its template; null for one that was booted.
    private static string?[] TemplatesOfCopies(string results)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(results));
        return
        [
            .. json.RootElement.GetProperty("tests").EnumerateArray()
                .Where(t => t.GetProperty("id").GetString()!.StartsWith("sample.copies.", StringComparison.Ordinal))
                .SelectMany(t => t.GetProperty("attempts").EnumerateArray())
                .SelectMany(a => a.GetProperty("machines").EnumerateArray())
                .Select(m => m.TryGetProperty("template", out JsonElement key) ? key.GetString() : null),
        ];
    }

    private static Dictionary<string, string> Outcomes(string results)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(results));
        return json.RootElement.GetProperty("tests").EnumerateArray().ToDictionary(t => t.GetProperty("id").GetString()!, t => t.GetProperty("outcome").GetString()!);
    }
}
