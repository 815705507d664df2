using System.CommandLine;
using System.Text.RegularExpressions;
using Kola.Cli;
using Kola.Tests.Reporting;

namespace Kola.Tests.Cli;

/// <summary>What the README shows is there: a person types it as it stands.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string s_text = File.ReadAllText(Path.Combine(GoldenFile.Root, "README.md"));

    private static RootCommand Root => Program.CreateRoot(Surroundings.Of(_ => null));

    [TestCaseSource(nameof(Commands))]
    public void A_command_it_shows_is_understood(string command)
    {
        ParseResult parsed = Root.Parse(command);
        Assert.That(parsed.Errors.Select(error => error.Message), Is.Empty);
    }

    [TestCaseSource(nameof(Options))]
    public void An_option_it_names_exists(string option) =>
        Assert.That(AllOptions(Root), Does.Contain(option));

    [TestCaseSource(nameof(Files))]
    public void A_file_it_links_to_is_there(string file) =>
        Assert.That(File.Exists(Path.Combine(GoldenFile.Root, file)), Is.True);

    [Test]
    public void It_shows_some_of_each() => Assert.That((Commands().Count() > 10, Options().Count() > 10, Files().Count() > 1), Is.EqualTo((true, true, true)));

    // scripts/kola list ['coreos.*'] [--json]        scripts/kola bench [boot\|templates]        scripts/kola run   # comment
    private static IEnumerable<string> Commands() => Shown().Matches(s_text)
        .Select(match => match.Groups[1].Value)
        .Select(command => Alternative().Replace(command.Split(" #")[0].Replace("\\|", "|", StringComparison.Ordinal), ""))
        .Select(command => command.Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Replace("'", "", StringComparison.Ordinal).Trim())
        .Select(command => Expression().Replace(command, "1"))
        .Distinct();

    private static IEnumerable<string> Options() => Option().Matches(s_text).Select(match => match.Groups[1].Value).Distinct();

    private static IEnumerable<string> Files() => Link().Matches(s_text).Select(match => match.Groups[1].Value).Distinct();

    private static IEnumerable<string> AllOptions(Command command) =>
        command.Options.SelectMany(option => option.Aliases.Append(option.Name)).Concat(command.Subcommands.SelectMany(AllOptions));

    // `scripts/kola plan`        scripts/kola run        # installs what is missing
    [GeneratedRegex(@"(?:`|^ *(?:- run: |run: )?)scripts/kola ([^`\n]+)", RegexOptions.Multiline)]
    private static partial Regex Shown();

    // boot|templates|memory: the first stands for all
    [GeneratedRegex(@"\|[\w-]+")]
    private static partial Regex Alternative();

    // ${{ matrix.shard }}
    [GeneratedRegex(@"\$\{\{[^}]*\}\}")]
    private static partial Regex Expression();

    // `--memory MIB`, `cache prune --limit 10G`
    [GeneratedRegex(@"`[^`\n]*?(--[a-z][a-z-]+)[^`\n]*`")]
    private static partial Regex Option();

    // [what a boot costs](docs/benchmarks.md)
    [GeneratedRegex(@"\]\(((?!http)[^)#]+)\)")]
    private static partial Regex Link();
}
