namespace Kola.Ignition;

/// <summary>What came of reading a config: the config, unless it is unusable, and every problem there is, not only the first.</summary>
/// <typeparam name="T">What was to be read.</typeparam>
/// <param name="Config">Null when there is an error in it.</param>
/// <param name="Problems">In the order they stand in the text.</param>
public sealed record ConfigReading<T>(T? Config, IReadOnlyList<ConfigProblem> Problems)
    where T : class
{
    /// <summary>Those for which it is refused.</summary>
    public IEnumerable<ConfigProblem> Errors => Problems.Where(p => p.Severity == ProblemSeverity.Error);

    /// <summary>The config.</summary>
    /// <param name="source">Names it in the message: a file.</param>
    /// <exception cref="UsageException">There is an error in it; the message has all of them, one a line.</exception>
    public T Demand(string source)
    {
        ConfigProblem[] errors = [.. Errors];
        if (Config is not null && errors.Length == 0)
            return Config;
        IEnumerable<string> lines = errors.SelectMany(e => e.Wanted is null ? [e.Describe(source)] : new[] { e.Describe(source), $"  wanted:  {e.Wanted}" });
        throw new UsageException(string.Join('\n', lines));
    }
}
