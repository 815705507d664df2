using System.Text;

namespace Kola.Platforms;

/// <summary>
/// Makes one growing text of what a cloud shows of a console: its newest bytes, as often as it is asked. What a snapshot has in common with what is known is not
/// written twice; where nothing is in common, what scrolled away between is marked.
/// </summary>
/// <param name="file">The console's text; made, and appended to.</param>
public sealed class ConsoleTail(string file)
{
    /// <summary>What stands where console output was lost.</summary>
    public const string Gap = "\n[kola: a part of the console was never shown by the platform]\n";

    // As much of the known text as is looked for in a snapshot.
    private const int Anchor = 256;

    private readonly StringBuilder _known = new();

    /// <summary>Takes the newest snapshot and appends what is new in it.</summary>
    /// <returns>Whether anything was.</returns>
    public async Task<bool> TakeAsync(string snapshot, CancellationToken cancel)
    {
        string fresh = FreshIn(snapshot);
        if (fresh.Length == 0)
            return false;
        await File.AppendAllTextAsync(file, fresh, cancel);
        _known.Append(fresh);
        // The longest window a platform shows is a megabyte.
        if (_known.Length > 2 << 20)
            _known.Remove(0, _known.Length - (1 << 20));
        return true;
    }

    private string FreshIn(string snapshot)
    {
        if (_known.Length == 0 || snapshot.Length == 0)
            return snapshot;
        string known = _known.ToString();
        if (snapshot.StartsWith(known, StringComparison.Ordinal))
            return snapshot[known.Length..];
        if (known.EndsWith(snapshot, StringComparison.Ordinal))
            return "";
        string end = known[^Math.Min(Anchor, known.Length)..];
        int at = snapshot.LastIndexOf(end, StringComparison.Ordinal);
        return at >= 0 ? snapshot[(at + end.Length)..] : Gap + snapshot;
    }
}
