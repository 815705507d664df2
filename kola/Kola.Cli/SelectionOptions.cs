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

    internal void AddTo(Command command)
    {
        command.Add(_patterns);
        command.Add(_exclude);
        command.Add(_tags);
    }

    internal Selection Read(ParseResult parsed) => new()
    {
        Patterns = parsed.GetValue(_patterns) ?? [],
        Exclude = parsed.GetValue(_exclude) ?? [],
        Tags = parsed.GetValue(_tags) ?? [],
    };
}
