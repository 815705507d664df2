namespace Kola.Reporting;

/// <summary>One line for a person.</summary>
/// <param name="Text">Without a line end, escape sequences or markup.</param>
/// <param name="Tone">How a terminal may show it.</param>
public sealed record ReportLine(string Text, Tone Tone = Tone.Plain)
{
    /// <summary>The text: what a writer without colours wants.</summary>
    public override string ToString() => Text;
}

/// <summary>What a line is, for colours.</summary>
public enum Tone
{
    Plain,

    /// <summary>Names what follows.</summary>
    Heading,

    /// <summary>Something passed.</summary>
    Good,

    /// <summary>Needs a look, and is no failure.</summary>
    Warning,

    /// <summary>Failed, broken, not run.</summary>
    Bad,

    /// <summary>Detail.</summary>
    Faint,
}
