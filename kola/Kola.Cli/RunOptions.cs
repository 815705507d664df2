using System.CommandLine;
using System.Globalization;

namespace Kola.Cli;

/// <summary>The options of a run that are neither about its tests nor about its target.</summary>
internal sealed class RunOptions
{
    private const int MostRetries = 10;
    private const int MostRepetitions = 10_000;

    private readonly Option<string?> _output = new("--output", "-o") { Description = "Where runs are kept: each gets a directory of its own, and latest points to the newest. Default: _kola.", HelpName = "DIR" };
    private readonly Option<string?> _timeout = new("--timeout") { Description = "Ends the run after this long: 90m, 2h, 45s. What has no result by then is not run. Default: none.", HelpName = "TIME" };
    private readonly Option<bool> _keep = new("--keep") { Description = "Leave the machines of a failed test running until Ctrl-C, and keep their disks." };

    private readonly Option<bool> _failFast = new("--fail-fast") { Description = "Stop after the first test that failed, its retries included. What has not run by then is not run." };

    private readonly Option<int?> _seed = SeedOption.Create();
    private readonly Option<bool> _cold = new("--cold") { Description = "Boot every machine for its test, instead of copying one that has booted." };
    private readonly Option<string> _parity = new("--parity") { Description = "Share of the tests on copies that are repeated on machines booted cold, to see whether copies can be trusted.", HelpName = "PERCENT", DefaultValueFactory = _ => "5%" };

    private readonly Option<int> _retries = new("--retries") { Description = "Run a test that failed or is broken again, at most this often, on machines booted for it. A pass on a retry is flaky, never passed.", HelpName = "N" };
    private readonly Option<int?> _stress = new("--stress") { Description = "Run each test this often, whatever comes of it, and tell the rate of its failures.", HelpName = "N" };

    internal void AddTo(Command command)
    {
        command.Add(_retries);
        command.Add(_stress);
        command.Add(_seed);
        command.Add(_output);
        command.Add(_timeout);
        command.Add(_keep);
        command.Add(_failFast);
        command.Add(_cold);
        command.Add(_parity);
    }

    /// <exception cref="UsageException">A value cannot be used.</exception>
    internal void Check(ParseResult parsed) => Read(parsed, 0);

    /// <summary>Draws a seed and tells it when none was given.</summary>
    internal RunSettings Read(ParseResult parsed) => Read(parsed, SeedOption.ReadOrDraw(parsed, _seed));

    private RunSettings Read(ParseResult parsed, int seed) => new()
    {
        Seed = seed,
        Output = parsed.GetValue(_output),
        Limit = parsed.GetValue(_timeout) is { } text ? Time(text) : null,
        Keep = parsed.GetValue(_keep),
        FailFast = parsed.GetValue(_failFast),
        Cold = parsed.GetValue(_cold),
        Parity = Share(parsed.GetValue(_parity)!),
        Retries = Retries(parsed),
        Stress = Stress(parsed),
    };

    private int Retries(ParseResult parsed)
    {
        int retries = parsed.GetValue(_retries);
        if (retries is < 0 or > MostRetries)
            throw new UsageException($"--retries {retries}\n  wanted:  0 to {MostRetries}: with many, a test that fails nearly always is let through as flaky");
        if (retries > 0 && parsed.GetValue(_keep))
            throw new UsageException("--keep and --retries\n  wanted:  one of them: a machine that is kept holds its test, so that there is no retry\n  next:    leave out --retries");
        return retries;
    }

    private int Stress(ParseResult parsed)
    {
        if (parsed.GetValue(_stress) is not { } often)
            return 0;
        if (often is < 2 or > MostRepetitions)
            throw new UsageException($"--stress {often}\n  wanted:  2 to {MostRepetitions} repetitions");
        if (parsed.GetValue(_retries) > 0)
            throw new UsageException("--stress and --retries\n  wanted:  one of them: a stress run counts failures, it does not take them back");
        if (parsed.GetValue(_keep))
            throw new UsageException("--stress and --keep\n  wanted:  one of them: a machine that is kept holds all repetitions behind it");
        if (parsed.GetValue(_failFast))
            throw new UsageException("--stress and --fail-fast\n  wanted:  one of them: a stress run counts failures, it does not end with the first");
        return often;
    }

    // 5%
    private static double Share(string text) =>
        double.TryParse(text.EndsWith('%') ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is >= 0 and <= 100
            ? percent / 100
            : throw new UsageException($"--parity {text}\n  wanted:  a share in percent, 0 to 100: 5%");

    // 90m
    internal static TimeSpan Time(string text)
    {
        string number = text.Length > 1 ? text[..^1] : "";
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value is > 0 and < 1e6
            ? text[^1] switch
            {
                's' => TimeSpan.FromSeconds(value),
                'm' => TimeSpan.FromMinutes(value),
                'h' => TimeSpan.FromHours(value),
                _ => throw Wrong(text),
            }
            : throw Wrong(text);
    }

    private static UsageException Wrong(string text) => new($"--timeout {text}\n  wanted:  a number and a unit: 45s, 90m, 2h");
}

/// <summary>What <see cref="RunOptions"/> read.</summary>
internal sealed record RunSettings
{
    /// <summary>The most a run with these settings can cost.</summary>
    internal Planning.WorstCase WorstCaseOf(Planning.Plan plan, Target target) =>
        Planning.WorstCase.Of(plan, target.Capacity, target.Platform.Slowness, Math.Max(1 + Retries, Stress), Cold || Stress > 0 || target.Platform.Templates is null ? 0 : Parity, Limit);

    /// <summary>What holds the runs; null for <c>_kola</c>.</summary>
    internal string? Output { get; init; }

    /// <summary>Longest time the whole run may take; null for no limit.</summary>
    internal TimeSpan? Limit { get; init; }

    /// <summary>Keep the machines of failed tests.</summary>
    internal bool Keep { get; init; }

    /// <summary>Stop after the first test that failed.</summary>
    internal bool FailFast { get; init; }

    /// <summary>What is made wrong with every machine; null for nothing.</summary>
    internal Fault? Fault { get; init; }

    /// <summary>Ids of tests in the order of their turns; none leaves it to the schedule.</summary>
    internal IReadOnlyList<string> Order { get; init; } = [];

    /// <summary>The run's name and directory, below <see cref="Output"/> and without a link to the newest; null for a name of its own.</summary>
    internal string? Name { get; init; }

    /// <summary>Orders equals. Default 0.</summary>
    internal int Seed { get; init; }

    /// <summary>Where what earlier runs took is read and this run's is added; null when this run is none to learn from.</summary>
    internal HistoryFile? History { get; init; }

    /// <summary>The policy for this platform and image; null for none.</summary>
    internal Policies.Policy? Policy { get; init; }

    /// <summary>Which part of a selection this is; null for all of it.</summary>
    internal Shard? Shard { get; init; }

    /// <summary>Where this run's results are added to those of all others; null for nowhere.</summary>
    internal Kola.History.DatabaseTarget? Results { get; init; }

    /// <summary>What the shards of the selection agree in; null when this is none.</summary>
    internal string? Selection { get; init; }

    /// <summary>Boot every machine for its test.</summary>
    internal bool Cold { get; init; }

    /// <summary>Share of the tests on copies that are repeated on machines booted cold, 0 to 1.</summary>
    internal double Parity { get; init; }

    /// <summary>What tests may update their machines with.</summary>
    internal UpdatePayloads Payloads { get; init; } = UpdatePayloads.None;

    /// <summary>What the run was given for its suites, by name.</summary>
    internal IReadOnlyDictionary<string, SuiteInput> Inputs { get; init; } = new Dictionary<string, SuiteInput>();

    /// <summary>Most times a test that did not pass is run again.</summary>
    internal int Retries { get; init; }

    /// <summary>How often each test runs; 0 for a run that is no stress run.</summary>
    internal int Stress { get; init; }

    /// <summary>Somebody looks into the machines, also into such as have not settled well, and no test is run.</summary>
    internal bool Visit { get; init; }

    /// <summary>What is known of secrets.</summary>
    internal Masking Masking { get; init; } = Masking.Shapes;

    /// <summary>No progress and no summary on the terminal.</summary>
    internal bool Quiet { get; init; }

    /// <summary>Where the report goes beside the run's directory.</summary>
    internal Publication Publication { get; init; } = new();
}
