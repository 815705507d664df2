using System.CommandLine;
using Kola.History;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary><c>--database</c>: where the results of all runs are.</summary>
internal static class DatabaseOption
{
    internal const string FileName = "results.db";

    internal static Option<string?> Create() => new("--database") { Description = "Where the results of all runs are kept: a file, or a PostgreSQL server, as Host=db;Database=kola;Username=kola. Default: $KOLA_DATABASE, else results.db in the cache directory.", HelpName = "FILE|SERVER" };

    internal static DatabaseTarget Read(ParseResult parsed, Option<string?> option, Surroundings surroundings) =>
        DatabaseTarget.Parse(parsed.GetValue(option) ?? surroundings.Database ?? Path.Combine(surroundings.CacheDirectory, FileName));

    /// <summary>Adds a run that has just ended. What goes wrong is told and changes no verdict: the run's own directory has it all.</summary>
    internal static async Task AddAsync(DatabaseTarget target, Report report, string directory, CancellationToken cancel)
    {
        try
        {
            await using ResultDatabase results = await ResultDatabase.OpenAsync(target, cancel);
            await results.AddAsync(report, cancel);
        }
        catch (KolaException fault)
        {
            await Console.Error.WriteLineAsync($"kola: the run is not in the history: {fault.Message}\n  next:    kola history add {directory}");
        }
    }
}
