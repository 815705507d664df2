using System.Text.RegularExpressions;

namespace Kola.Fake;

/// <summary>What a guest answers to the commands a pattern matches.</summary>
public sealed record FakeAnswer
{
    /// <summary>Searched in the whole command, whatever wraps it (<c>sudo sh -c '…'</c>).</summary>
    public required Regex Command { get; init; }

    /// <summary>Makes the answer; null for <see cref="Reply"/>.</summary>
    public Func<FakeCall, FakeReply>? Make { get; init; }

    /// <summary>The answer. Default: says nothing, exit code 0.</summary>
    public FakeReply Reply { get; init; } = new();

    /// <summary>How long the command takes. Default no time.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How often it answers, within the life of a machine; then the next one that matches does. Null for ever.</summary>
    public int? Times { get; init; }

    /// <summary>Written on the console before the answer; null for nothing.</summary>
    public string? Console { get; init; }

    /// <summary>Written in the journal before the answer; null for nothing.</summary>
    public string? Journal { get; init; }

    /// <summary>What becomes of the machine. Default nothing.</summary>
    public FakeEffect Effect { get; init; }
}

/// <summary>What a command printed and how it ended.</summary>
/// <param name="Output">Standard output, as it is.</param>
/// <param name="ExitCode">Null when a signal ended it.</param>
/// <param name="Error">Standard error, as it is.</param>
public sealed record FakeReply(string Output = "", int? ExitCode = 0, string Error = "");

/// <summary>One command as it came in.</summary>
/// <param name="Machine">Where it runs.</param>
/// <param name="Command">The line of shell.</param>
/// <param name="Match">What the answer's pattern found in it.</param>
/// <param name="Input">Standard input; empty for none.</param>
public sealed record FakeCall(FakeInstance Machine, string Command, Match Match, byte[] Input);

/// <summary>What a command does to the machine it runs on.</summary>
public enum FakeEffect
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The connection is lost under it; the machine goes on.</summary>
    DropsConnection,

    /// <summary>The connection is lost under it, and none is taken any more; the machine goes on.</summary>
    Deafens,

    /// <summary>It never ends.</summary>
    Hangs,

    /// <summary>The machine boots again.</summary>
    Reboots,

    /// <summary>The guest powers off: no fault of the platform.</summary>
    PowersOff,

    /// <summary>The emulator dies: the platform's fault.</summary>
    Dies,
}
