using Kola.Reporting;

namespace Kola.Cli;

/// <summary>Runs that are named on the command line: their directories, their <c>events.jsonl</c>, or directories that hold runs.</summary>
internal sealed record RecordedRuns
{
    // results/qemu/shard-1/_kola/qemu-20261122-181500-4711
    private const int Deepest = 6;

    /// <summary>What could be read, and from where.</summary>
    internal required IReadOnlyList<(string Path, RecordedRun Run)> Runs { get; init; }

    /// <summary>What is there, should be a run and is none, one line each: a run that died before it wrote a line.</summary>
    internal required IReadOnlyList<string> Unreadable { get; init; }

    /// <exception cref="UsageException">A path does not exist, or there is no run in it.</exception>
    internal static RecordedRuns Find(IEnumerable<string> paths)
    {
        var found = new List<(string, RecordedRun)>();
        var unreadable = new List<string>();
        foreach (string path in paths)
        {
            string[] runs = File.Exists(path) ? [path] : Directory.Exists(path) ? [.. RunsIn(path, 0)] : throw new UsageException($"{path} does not exist\n  wanted:  directories of runs, or directories that hold some");
            if (runs.Length == 0)
                throw new UsageException($"{path} holds no run\n  wanted:  {RunDirectory.EventsFile} in it, or in directories below it");
            foreach (string run in runs)
            {
                try
                {
                    found.Add((run, EventLog.Read(run)));
                }
                catch (UsageException none)
                {
                    unreadable.Add(none.Message.Split('\n')[0]);
                }
            }
        }

        return new RecordedRuns { Runs = found, Unreadable = unreadable };
    }

    // Links are not followed: latest points to a run that is there anyway.
    private static IEnumerable<string> RunsIn(string directory, int depth)
    {
        if (File.Exists(Path.Combine(directory, RunDirectory.EventsFile)) || File.Exists(Path.Combine(directory, RunDirectory.PlanFile)))
            return [directory];
        return depth >= Deepest ? [] : Directory.EnumerateDirectories(directory)
            .Where(below => new DirectoryInfo(below).LinkTarget is null)
            .Order(StringComparer.Ordinal)
            .SelectMany(below => RunsIn(below, depth + 1));
    }
}
