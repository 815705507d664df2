using System.CommandLine;
using Kola.Planning;

namespace Kola.Cli;

/// <summary>The arguments that choose tests, the same for every command that takes them.</summary>
internal sealed class SelectionOptions
{
    private readonly Argument<string[]> _patterns = new("pattern")
    {
        Description = "Ids or globs over ids: cl.basic, 'coreos.ignition.*'. Default: every test.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string[]> _exclude = new("--exclude") { Description = "Glob over ids to leave out. May be repeated.", HelpName = "PATTERN" };

    private readonly Option<string[]> _tags = new("--tag") { Description = "Only tests with this tag. May be repeated: one of them is enough.", HelpName = "TAG" };

    private readonly Option<string?> _shard = new("--shard") { Description = "Only part M of N of the selected tests, for a run of its own: 2/3. Which part a test is in depends on its id alone. Default: all.", HelpName = "M/N" };

    internal void AddTo(Command command)
    {
        command.Add(_patterns);
        command.Add(_exclude);
        command.Add(_tags);
        command.Add(_shard);
    }

    internal Selection Read(ParseResult parsed) => new()
    {
        Patterns = parsed.GetValue(_patterns) ?? [],
        Exclude = parsed.GetValue(_exclude) ?? [],
        Tags = parsed.GetValue(_tags) ?? [],
        Shard = parsed.GetValue(_shard) is { } text ? ShardOf(text) : null,
    };

    private static Shard ShardOf(string text) => Shard.Parse(text)
        ?? throw new UsageException($"--shard {text}\n  wanted:  which part of how many: 1/3, 2/3 or 3/3 for three, at most {Shard.Most}");
}
