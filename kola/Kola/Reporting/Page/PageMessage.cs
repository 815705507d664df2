using System.Text.RegularExpressions;

namespace Kola.Reporting;

/// <summary>A failure's message in its parts, as the page shows them.</summary>
/// <param name="First">Its first line, which stands alone.</param>
/// <param name="Fields">What follows by name: wanted, got, see, next and others, in their order.</param>
/// <param name="Rest">Lines that belong to no field.</param>
internal sealed partial record PageMessage(string First, IReadOnlyList<PageField> Fields, string Rest)
{
    internal static PageMessage Of(string message)
    {
        string[] lines = PlainText.Clean(message).Split('\n');
        var fields = new List<PageField>();
        var rest = new List<string>();
        bool open = false;
        foreach (string line in lines.Skip(1))
        {
            Match field = Field().Match(line);
            open = field.Success || (open && line.StartsWith("    ", StringComparison.Ordinal));
            if (field.Success)
                fields.Add(new PageField(field.Groups["name"].Value, field.Groups["text"].Value.TrimEnd()));
            else if (open)
                fields[^1] = fields[^1] with { Text = $"{fields[^1].Text}\n{line.Trim()}" };
            else
                rest.Add(line.TrimEnd());
        }

        return new PageMessage(lines[0].TrimEnd(), fields, string.Join("\n", rest).Trim('\n'));
    }

    //   wanted:  active within 120 s
    [GeneratedRegex("^  (?<name>wanted|got|error|see|next|copies|cold|template): +(?<text>.*)$")]
    private static partial Regex Field();
}

/// <summary>One field of a message.</summary>
/// <param name="Name"><c>wanted</c></param>
/// <param name="Text">What it says; more lines than one are parted by <c>\n</c>.</param>
internal sealed record PageField(string Name, string Text);

/// <summary>A place in a file of the run.</summary>
/// <param name="File">Relative to the run's directory.</param>
/// <param name="Line">1 for the first; null for the file as a whole.</param>
internal sealed record PageLink(string File, int? Line);
