using Kola.Platforms;

namespace Kola.Cli;

/// <summary>What the program takes from its environment.</summary>
internal sealed record Surroundings
{
    /// <summary><c>$XDG_CACHE_HOME/kola</c>, else <c>$HOME/.cache/kola</c>: images and answers that outlive a run.</summary>
    internal required string CacheDirectory { get; init; }

    /// <summary>Whether GitHub Actions reads what is printed (<c>GITHUB_ACTIONS</c>).</summary>
    internal bool IsGitHub { get; init; }

    /// <summary>Takes commands of GitHub Actions; null outside of it.</summary>
    internal TextWriter? Commands { get; init; }

    /// <summary>File GitHub Actions shows as a step's summary (<c>GITHUB_STEP_SUMMARY</c>); null for none.</summary>
    internal string? StepSummary { get; init; }

    /// <summary><c>$KOLA_DATABASE</c>: where the results of all runs are; null when not set.</summary>
    internal string? Database { get; init; }

    /// <summary>All variables, to know the secrets among them. Default: none.</summary>
    internal IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>What a platform's driver is told of them.</summary>
    /// <param name="settings">What the person said to the platform.</param>
    /// <param name="progress">Told what takes long.</param>
    internal PlatformAccess AccessTo(PlatformSettings settings, IProgress<string> progress) => new()
    {
        Settings = settings,
        Environment = name => Environment.GetValueOrDefault(name),
        CacheDirectory = CacheDirectory,
        Clock = TimeProvider.System,
        Progress = progress,
    };

    /// <summary>Reads the environment.</summary>
    /// <param name="variable">Value of a variable, null when not set.</param>
    internal static Surroundings Of(Func<string, string?> variable)
    {
        string cache = variable("XDG_CACHE_HOME") is { Length: > 0 } given && Path.IsPathFullyQualified(given)
            ? given
            : Path.Combine(variable("HOME") is { Length: > 0 } home ? home : "/var/cache", ".cache");
        return new Surroundings
        {
            CacheDirectory = Path.Combine(cache, "kola"),
            IsGitHub = variable("GITHUB_ACTIONS") == "true",
            StepSummary = variable("GITHUB_STEP_SUMMARY"),
            Database = variable("KOLA_DATABASE") is { Length: > 0 } database ? database : null,
        };
    }
}
