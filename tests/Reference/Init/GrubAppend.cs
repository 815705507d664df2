namespace Flatcar.Reference.Init;

/// <summary>
/// OEM's grub.cfg, as far as Ignition's kernel arguments go: lines <c>set linux_append="$linux_append …"</c> that start the line. As on
/// Flatcar, all of them become one at the end; what else the file does, and conditions around such lines, is not looked at.
/// </summary>
internal static class GrubAppend
{
    private const string Start = "set linux_append=\"", Earlier = "$linux_append";

    // The argument is one or several words: "console=tty0 quiet".
    /// <summary>The file's new text; the same text when its arguments are as wanted already.</summary>
    public static string With(string text, IReadOnlyList<string> wanted, IReadOnlyList<string> unwanted)
    {
        var lines = text.Split('\n');
        var old = string.Join(' ', lines.Where(IsAppend).SelectMany(Words));
        var all = $" {old} ";
        foreach (var argument in wanted.Where(a => !all.Contains($" {a} ", StringComparison.Ordinal)))
            all += argument + " ";
        foreach (var argument in unwanted)
        {
            // Neighbours share the blank between them.
            while (all.Contains($" {argument} ", StringComparison.Ordinal))
                all = all.Replace($" {argument} ", " ", StringComparison.Ordinal);
        }
        all = all.Trim();
        if (all == old)
            return text;
        var others = string.Join('\n', lines.Where(l => !IsAppend(l))).TrimEnd('\n');
        return (others == "" ? "" : others + "\n") + $"{Start}{Earlier} {all}\"\n";
    }

    private static bool IsAppend(string line) => line.StartsWith(Start, StringComparison.Ordinal);

    // set linux_append="$linux_append flatcar.autologin quiet"
    private static IEnumerable<string> Words(string line) =>
        line[Start.Length..].Split('"')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(w => w != Earlier);
}
