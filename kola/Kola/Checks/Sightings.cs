namespace Kola.Checks;

/// <summary>
/// What was already found on one machine. A failed unit is in the console and in the journal, and still one fact: it is reported where
/// it was seen first. Safe to use from several threads.
/// </summary>
public sealed class Sightings
{
    private readonly HashSet<(string Check, string What)> _seen = [];
    private readonly Lock _lock = new();

    /// <summary>True for the first finding of its check with the same <see cref="Finding.What"/>; false for every further one.</summary>
    public bool IsFirst(Finding finding)
    {
        lock (_lock)
        {
            return _seen.Add((finding.Check.Id, finding.What));
        }
    }
}
