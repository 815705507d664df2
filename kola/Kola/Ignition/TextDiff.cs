namespace Kola.Ignition;

/// <summary>What changed from one text to another, line by line.</summary>
internal static class TextDiff
{
    // The table below takes the square of it.
    private const int MostLines = 2000;

    /// <summary>Lines taken away with a - before them, new ones with a +, two lines around them with a space; … for what is left out.</summary>
    internal static IReadOnlyList<string> Lines(string before, string after)
    {
        string[] a = Split(before);
        string[] b = Split(after);
        if (a.Length > MostLines || b.Length > MostLines)
            return [FormattableString.Invariant($"{a.Length} lines → {b.Length} lines")];
        List<string> all = Merged(a, b);
        bool Near(int i) => Enumerable.Range(Math.Max(0, i - 2), Math.Min(all.Count, i + 3) - Math.Max(0, i - 2)).Any(j => all[j][0] != ' ');
        var shown = new List<string>();
        for (int i = 0; i < all.Count; i++)
        {
            if (Near(i))
                shown.Add(all[i]);
            else if (shown.LastOrDefault() != "…")
                shown.Add("…");
        }

        return shown;
    }

    private static string[] Split(string text)
    {
        string[] lines = text.Split('\n');
        return text.Length == 0 ? [] : lines[^1].Length == 0 ? lines[..^1] : [.. lines[..^1], lines[^1] + " (no line feed at its end)"];
    }

    // By the longest common subsequence.
    private static List<string> Merged(string[] a, string[] b)
    {
        int[,] common = new int[a.Length + 1, b.Length + 1];
        for (int i = a.Length - 1; i >= 0; i--)
        {
            for (int j = b.Length - 1; j >= 0; j--)
                common[i, j] = a[i] == b[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        }

        var lines = new List<string>();
        (int x, int y) = (0, 0);
        while (x < a.Length || y < b.Length)
        {
            if (x < a.Length && y < b.Length && a[x] == b[y])
                lines.Add(" " + a[(x++, y++).Item1]);
            else if (x < a.Length && (y == b.Length || common[x + 1, y] >= common[x, y + 1]))
                lines.Add("-" + a[x++]);
            else
                lines.Add("+" + b[y++]);
        }

        return lines;
    }
}
