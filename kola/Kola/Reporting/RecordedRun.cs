namespace Kola.Reporting;

/// <summary>The events of a run as they were read back.</summary>
/// <param name="Events">In the order they were written; at least one, the first a <see cref="RunStarted"/>.</param>
/// <param name="Torn">Null for a file that ends with a whole line; else what is wrong with its end. Such a run was killed while it wrote.</param>
public sealed record RecordedRun(IReadOnlyList<RunEvent> Events, string? Torn);
