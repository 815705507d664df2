using System.Globalization;

namespace Kola.Reporting;

/// <summary>Whether the shards among some runs are all there.</summary>
internal static class GateShards
{
    /// <summary>What is wrong with them, one line each; nothing when no run is a shard.</summary>
    internal static IEnumerable<string> Problems(IEnumerable<Report> runs)
    {
        Report[] shards = [.. runs.Where(run => run.Run!.Shard is not null)];
        if (shards.Length == 0)
            yield break;
        string[] selections = [.. shards.Select(run => run.Run!.Selection ?? "none").Distinct()];
        if (selections.Length > 1)
            yield return $"the shards are of different selections: {string.Join(", ", shards.Select(run => $"{run.Run!.Run} of {run.Run.Selection ?? "none"}"))}";
        var parts = shards.Select(run => (Report: run, Part: Shard.Parse(run.Run!.Shard!))).ToArray();
        if (parts.Select(part => part.Part?.Of).Distinct().ToArray() is not [{ } of])
        {
            yield return $"the shards do not belong together: {string.Join(", ", shards.Select(run => run.Run!.Shard).Distinct())}";
            yield break;
        }

        for (int number = 1; number <= of; number++)
        {
            var shard = new Shard(number, of);
            // One that died may have been run again; then both are attempts, and one of them is whole.
            Report[] whole = [.. parts.Where(part => part.Part == shard && part.Report is { Complete: true, Torn: null }).Select(part => part.Report)];
            if (whole.Length == 0)
                yield return $"shard {shard} is missing, or was not worked off";
            else if (whole.Length > 1)
                yield return string.Create(CultureInfo.InvariantCulture, $"shard {shard} is there {whole.Length} times: {string.Join(", ", whole.Select(run => run.Run!.Run))}");
        }

        if (selections.Length == 1 && Shard.DigestOf(shards.SelectMany(run => run.Tests.Where(test => test.Planned).Select(test => test.Id))) != selections[0])
            yield return "the shards' tests together are not the selection they are parts of";
    }
}
