using System.CommandLine;

namespace Kola.Cli;

/// <summary><c>--secret-env</c>, the same for every command that records what it does.</summary>
internal static class SecretOption
{
    internal static Option<string[]> Create() => new("--secret-env")
    {
        Description = "Variable of the environment whose value is masked in all that is recorded. Those with names like NAME_TOKEN, NAME_SECRET, NAME_PASSWORD, NAME_KEY are anyway. May be given several times.",
        HelpName = "NAME",
        DefaultValueFactory = _ => [],
    };

    /// <exception cref="UsageException">There is no such variable, or its value is no secret.</exception>
    internal static Masking Read(ParseResult parsed, Option<string[]> option, Surroundings surroundings) =>
        Masking.Of(surroundings.Environment, parsed.GetValue(option) ?? []);
}
