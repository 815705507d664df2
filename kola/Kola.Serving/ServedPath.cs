using System.Globalization;

namespace Kola.Serving;

/// <summary>
/// What a path asks for: a file below the served directory, and words before it that change how it is answered, done from left to right. What each does is told
/// in docs/served-files.md.
/// </summary>
internal sealed record ServedPath
{
    // How many of the path's parts belong to a word.
    private static readonly Dictionary<string, int> s_arguments = new()
    {
        ["header"] = 2,
        ["flaky"] = 1,
        ["redirect"] = 1,
        ["secure"] = 0,
        ["slow"] = 1,
        ["status"] = 1,
        ["gzip"] = 0,
        ["filled"] = 0,
        ["wrong"] = 0,
        ["cut"] = 0,
        ["tang"] = 0,
    };

    /// <summary>The words, in their order.</summary>
    internal required IReadOnlyList<ServedWord> Words { get; init; }

    /// <summary>Decoded parts of the file's path.</summary>
    internal required IReadOnlyList<string> File { get; init; }

    /// <summary>All words there are.</summary>
    internal static IReadOnlyCollection<string> Known => s_arguments.Keys;

    internal static bool IsWord(string name) => s_arguments.ContainsKey(name);

    /// <summary>Reads what follows the host in an address.</summary>
    /// <param name="target">Encoded path and query: <c>/flaky/2/a%20b?c</c>. TFTP's may come without the slash.</param>
    /// <exception cref="FormatException">A word lacks what belongs to it; the message says what.</exception>
    internal static ServedPath Parse(string target)
    {
        string[] halves = target.Split('?', 2);
        string[] parts = (halves[0].StartsWith('/') ? halves[0][1..] : halves[0]).Split('/');
        string query = halves.Length > 1 ? "?" + halves[1] : "";
        var words = new List<ServedWord>();
        int at = 0;
        while (at < parts.Length && s_arguments.TryGetValue(parts[at], out int count))
        {
            string[] arguments = [.. parts.Skip(at + 1).Take(count).Select(Uri.UnescapeDataString)];
            int next = at + 1 + count;
            if (arguments.Length < count || next > parts.Length)
                throw new FormatException($"\"{parts[at]}\" wants {count} more in the path");
            words.Add(new ServedWord(parts[at], arguments, "/" + string.Join('/', parts.Skip(next)) + query));
            at = next;
        }

        return new ServedPath { Words = words, File = [.. parts.Skip(at).Select(Uri.UnescapeDataString)] };
    }
}

/// <summary>A word of a path.</summary>
/// <param name="Name">Which.</param>
/// <param name="Arguments">What belongs to it, decoded.</param>
/// <param name="Rest">Path and query after it, as they were asked for.</param>
internal sealed record ServedWord(string Name, IReadOnlyList<string> Arguments, string Rest)
{
    /// <summary>Its argument as a number.</summary>
    /// <exception cref="FormatException">It is none, or not in these limits.</exception>
    internal int Number(int least, int most) => int.TryParse(Arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
        ? number
        : throw new FormatException($"\"{Name}\" wants a number from {least} to {most}, got \"{Arguments[0]}\"");
}
