using Kola.Cli.Agreement;
using Kola.Cli.Bench;
using Kola.Tests.Reporting;

namespace Kola.Tests.Ignition;

/// <summary>
/// kola against Ignition's own validator. What that said of the corpus is kept in <c>Golden/ignition-validate.txt</c>, so that this holds without the
/// program; where the program is here, it is asked again.
/// </summary>
public sealed class AgreementTests
{
    private const string Golden = "ignition-validate.txt";

    [Test]
    public void What_the_program_said_of_the_corpus_is_what_kola_says()
    {
        Dictionary<string, Verdict> said = Kept();
        (CorpusConfig Config, Verdict Theirs)[] answers = [.. Corpus.All().Select(c => (c, said[Key(c)]))];
        var comparison = Comparison.Of(answers);
        Assert.That(comparison.Problems, Is.Empty, string.Join('\n', comparison.Problems.Take(20)));
        Assert.That(comparison.Configs, Is.GreaterThan(2500));
        Assert.That(comparison.Refused, Is.InRange(1000, comparison.Configs - 1000), "good ones and bad ones");
    }

    [Test]
    public async Task The_program_says_what_was_kept_and_agrees_on_the_configs_of_the_suites()
    {
        if (await IgnitionValidate.VersionAsync(CancellationToken.None) is null)
        {
            if (Environment.GetEnvironmentVariable("CI") == "true")
                Assert.Fail("ignition-validate is missing\n  next:    apt-get install ignition");
            Assert.Ignore("ignition-validate is missing: apt-get install ignition");
        }

        IReadOnlyList<CorpusConfig> suites = SuiteConfigs.All();
        Assert.That(suites, Is.Not.Empty);
        Assert.That(Comparison.Of(await ConfigsPart.AskAsync(suites, CancellationToken.None)).Unknown, Is.Empty);
        GoldenFile.Check(Golden, Keep(await ConfigsPart.AskAsync(Corpus.All(), CancellationToken.None)));
    }

    [Test]
    public void A_difference_nobody_knows_is_reported_and_so_is_a_known_one_that_does_not_show()
    {
        var config = new CorpusConfig("some", "3.3.0", """{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"a"}]}}""");
        var comparison = Comparison.Of([(config, Verdict.Parse("accepted"))]);
        Assert.That(comparison.Unknown, Is.EqualTo(new[] { "some (3.3.0): only kola says error 1 $.storage.files.0.path: path not absolute" }));
        Assert.That(comparison.Problems, Has.Count.EqualTo(1 + KnownDifference.All.Count));
        Assert.That(Comparison.Of([(config, Verdict.Parse("refused\nerror 2 $.storage.files.0.path: path not absolute"))]).Unknown, Has.Count.EqualTo(2), "another line");
    }

    [Test]
    public void What_the_program_prints_is_read()
    {
        const string Output = "error at $.storage.files.0.path, line 1 col 2: path not absolute\nwarning at $.a, line 3 col 4: Unused key a\nerror at $.x: y\n\n";
        Assert.That(IgnitionValidate.Read(Output, "", true).ToString(), Is.EqualTo("refused\nerror - $.x: y\nerror 1 $.storage.files.0.path: path not absolute\nwarning 3 $.a: Unused key a"));
        Assert.That(IgnitionValidate.Read("error at line 1 col 43: json: cannot unmarshal\n", "", true).ToString(), Is.EqualTo("malformed"));
        Assert.That(IgnitionValidate.Read("", "couldn't parse config: unsupported config version\n", true).ToString(), Is.EqualTo("refused\nerror - $.ignition.version: unsupported config version"));
    }

    private static string Key(CorpusConfig config) => $"{config.Name} ({config.Version ?? "as it is"})";

    // whole: unused key
    //   3.0.0 3.1.0: accepted
    //     warning 1 $.nonsense: Unused key nonsense
    private static string Keep(IEnumerable<(CorpusConfig Config, Verdict Theirs)> answers) => string.Concat(answers.GroupBy(a => a.Config.Name).Select(name =>
        $"{name.Key}\n" + string.Concat(name.GroupBy(a => a.Theirs.ToString()).Select(same =>
            $"  {string.Join(' ', same.Select(a => a.Config.Version ?? "-"))}: {same.Key.Replace("\n", "\n    ", StringComparison.Ordinal)}\n"))));

    private static Dictionary<string, Verdict> Kept()
    {
        var kept = new Dictionary<string, Verdict>();
        (string name, string[] versions, var lines) = ("", Array.Empty<string>(), new List<string>());
        void End()
        {
            foreach (string version in versions)
                kept.Add($"{name} ({(version == "-" ? "as it is" : version)})", Verdict.Parse(string.Join('\n', lines)));
        }

        foreach (string line in File.ReadAllLines(Path.Combine(GoldenFile.Root, "kola", "Kola.Tests", "Golden", Golden)))
        {
            if (line.StartsWith("    ", StringComparison.Ordinal))
            {
                lines.Add(line[4..]);
                continue;
            }

            End();
            (versions, lines) = ([], []);
            if (!line.StartsWith("  ", StringComparison.Ordinal))
                name = line;
            else if (line.LastIndexOf(": ", StringComparison.Ordinal) is var colon)
                (versions, lines) = (line[2..colon].Split(' '), [line[(colon + 2)..]]);
        }

        End();
        return kept;
    }
}
