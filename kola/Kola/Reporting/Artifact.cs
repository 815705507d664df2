namespace Kola.Reporting;

/// <summary>A file of a run that reports point to.</summary>
/// <param name="Name">What it is, for a person: <c>hub console</c>.</param>
/// <param name="Path">Relative to the run's directory.</param>
/// <param name="Type">Its media type.</param>
internal sealed record Artifact(string Name, string Path, string Type)
{
    /// <summary>What an attempt may have left, machine by machine, then what was kept for whoever looks into a failure.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="isThere">Whether a file, named relative to the run's directory, is there; null when nobody can say, and all are named.</param>
    internal static IEnumerable<Artifact> Of(AttemptReport attempt, Func<string, bool>? isThere)
    {
        IEnumerable<Artifact> all =
        [
            .. attempt.Machines.SelectMany(machine => Of(machine.Name, machine.Directory)),
            // Few machines have any: named only where somebody has seen it.
            .. isThere is null ? [] : attempt.Machines.Select(machine => new Artifact($"{machine.Name} user data", System.IO.Path.Combine(machine.Directory, RunDirectory.UserDataFile), "text/plain")),
            // In the test's directory, which is that of its machines.
            .. attempt.PowerCuts.Count == 0 ? [] : attempt.Machines.Take(1).Select(machine => new Artifact("power cuts", System.IO.Path.Combine(System.IO.Path.GetDirectoryName(machine.Directory) ?? "", RunDirectory.PowerCutsFile), "image/svg+xml")),
            .. attempt.Kept.Select(kept => new Artifact($"{kept.Machine} {kept.What}", kept.File, kept.File.EndsWith(RunDirectory.CaptureEnding, StringComparison.Ordinal) ? "application/vnd.tcpdump.pcap" : "text/plain")),
        ];
        return all.DistinctBy(artifact => artifact.Path).Where(artifact => isThere is null || isThere(artifact.Path));
    }

    private static IEnumerable<Artifact> Of(string machine, string directory) =>
    [
        new($"{machine} console", System.IO.Path.Combine(directory, RunDirectory.ConsoleFile), "text/plain"),
        new($"{machine} journal", System.IO.Path.Combine(directory, RunDirectory.JournalFile), "text/plain"),
        new($"{machine} commands", System.IO.Path.Combine(directory, RunDirectory.SshLogFile), "text/plain"),
        new($"{machine} Ignition config", System.IO.Path.Combine(directory, RunDirectory.IgnitionFile), "application/json"),
    ];
}
