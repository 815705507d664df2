using System.Globalization;

namespace Kola.Ignition;

/// <summary>What is found wrong while a config is read, each with its place in what the person wrote.</summary>
/// <param name="root">What was written.</param>
/// <param name="minor">Its spec: 3 for 3.3.0.</param>
internal sealed class ConfigFindings(ObjectNode root, int minor)
{
    private readonly List<ConfigProblem> _problems = [];

    /// <summary>In the order they stand in the text; what stands nowhere comes first.</summary>
    internal IReadOnlyList<ConfigProblem> Problems => [.. _problems.OrderBy(p => p.At?.Line ?? 0).ThenBy(p => p.At?.Column ?? 0)];

    /// <summary>Whether the config is of a spec, or a newer one.</summary>
    /// <param name="since">3 for 3.3.0.</param>
    internal bool Since(int since) => minor >= since;

    internal bool HasErrors => _problems.Any(p => p.Severity == ProblemSeverity.Error);

    /// <summary>Ignition refuses it. Nothing happens without a message.</summary>
    internal void Error(string path, string? message, string? wanted = null) => Add(ProblemSeverity.Error, path, message, wanted);

    /// <summary>Ignition mentions it. Nothing happens without a message.</summary>
    internal void Warning(string path, string? message, string? wanted = null) => Add(ProblemSeverity.Warning, path, message, wanted);

    /// <summary>Of a place that is known.</summary>
    internal void Add(ProblemSeverity severity, string path, Position? at, string message, string? wanted = null) => _problems.Add(new ConfigProblem(severity, path, at, message, wanted));

    private void Add(ProblemSeverity severity, string path, string? message, string? wanted)
    {
        if (message is not null)
            _problems.Add(new ConfigProblem(severity, path, Locate(path), message, wanted));
    }

    // As Ignition does it: of what is not there, the place of what it would be in.
    private Position? Locate(string path)
    {
        ConfigNode? node = root;
        Position? at = root.At;
        foreach (string part in path.Split('.').Skip(1))
        {
            node = node switch
            {
                ObjectNode here => here[part] ?? here.Members.LastOrDefault(m => SpecReader.IsMeant(part, m.Name))?.Value,
                ArrayNode here when int.TryParse(part, CultureInfo.InvariantCulture, out int index) && index < here.Items.Count => here.Items[index],
                _ => null,
            };
            if (node is null)
                break;
            at = node.At ?? at;
        }

        return at;
    }
}
