using System.CommandLine;
using System.Security.Cryptography;

namespace Kola.Cli;

/// <summary><c>--seed N</c>, the same for every command that orders tests.</summary>
internal static class SeedOption
{
    internal static Option<int?> Create() => new("--seed") { Description = "Orders tests that are expected to take equally long: the same number, the same order. Default: drawn, and told.", HelpName = "N" };

    /// <summary>The number given, else one that is drawn and told on stderr.</summary>
    internal static int ReadOrDraw(ParseResult parsed, Option<int?> option)
    {
        if (parsed.GetValue(option) is { } given)
            return given;
        // Short enough to be typed again.
        int drawn = RandomNumberGenerator.GetInt32(1, 1_000_000);
        Console.Error.WriteLine($"kola: --seed {drawn}");
        return drawn;
    }
}
