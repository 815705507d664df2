namespace Kola.Reporting;

/// <summary>One file of a report that is a directory.</summary>
/// <param name="Name">Its name in that directory.</param>
/// <param name="Text">What it holds; null when it is a file of the run.</param>
/// <param name="Source">The file of the run it is, relative to the run's directory; null when it holds <paramref name="Text"/>.</param>
public sealed record ReportFile(string Name, string? Text, string? Source);
