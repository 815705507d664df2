using System.Globalization;

namespace Kola.Ignition;

/// <summary>
/// Holds a YAML file against what its version of Butane takes, and makes nodes of what is right of it, still in Butane's spelling. What is null is left
/// out, as for Butane.
/// </summary>
internal sealed class ButaneReader(ButaneSpec spec, List<ConfigProblem> problems, Dictionary<ConfigNode, string> paths)
{
    private const string MergeKey = "<<";

    // The shape of the newest version of the variant: tells a key that is too new from one that nobody knows.
    private readonly ValueShape _newest = ButaneShapes.Of(ButaneSpec.Known.Last(s => s.Variant == spec.Variant));

    /// <summary>The whole config.</summary>
    internal ObjectNode Read(YamlValue root) =>
        Value(root, ButaneShapes.Of(spec), _newest, "$") as ObjectNode ?? new ObjectNode([], root.At());

    private ConfigNode? Value(YamlValue value, ValueShape shape, ValueShape? newest, string path)
    {
        if (value.Scalar is not null && (value.IsNull || YamlScalars.Tag(value) == "!!null"))
            return null;
        ConfigNode? node = shape.Kind switch
        {
            ValueKind.Text => Text(value),
            ValueKind.Truth => YamlScalars.Truth(value) is { } truth ? new BooleanNode(truth, value.At()) : null,
            ValueKind.Number => Number(value, path),
            ValueKind.List => value.Items is { } items ? List(items, shape.Item!, newest?.Item, value, path) : null,
            _ => value.Members is not null ? Object(value, shape, newest, path) : null,
        };
        if (node is null)
            Wrong(value.At(), path, $"cannot unmarshal {YamlScalars.Shown(value)} into {Go(shape)}", shape.Wanted);
        else
            paths[node] = path;
        return node;
    }

    private static StringNode? Text(YamlValue value) =>
        value.Scalar is { } text && YamlScalars.Tag(value) != "!!binary" ? new StringNode(text, value.At()) : null;

    private NumberNode? Number(YamlValue value, string path)
    {
        if (YamlScalars.Number(value) is not { } number)
            return null;
        if (YamlScalars.IsBent(value))
            problems.Add(new ConfigProblem(ProblemSeverity.Warning, path, value.At(), string.Create(CultureInfo.InvariantCulture, $"{value.Scalar} is taken for {number}, as Butane takes it"), "a whole number"));
        return new NumberNode(number.ToString(CultureInfo.InvariantCulture), value.At());
    }

    private ArrayNode List(IReadOnlyList<YamlValue> items, ValueShape item, ValueShape? newest, YamlValue list, string path)
    {
        List<ConfigNode> read = [];
        foreach (YamlValue entry in items)
        {
            string at = string.Create(CultureInfo.InvariantCulture, $"{path}.{read.Count}");
            if (entry.IsNull)
                problems.Add(new ConfigProblem(ProblemSeverity.Warning, at, entry.At(), "an entry with nothing in it is left out"));
            else if (Value(entry, item, newest, at) is { } node)
                read.Add(node);
        }

        return new ArrayNode(read, list.At());
    }

    private ObjectNode Object(YamlValue value, ValueShape shape, ValueShape? newest, string path)
    {
        List<ConfigMember> members = [];
        foreach ((YamlValue key, YamlValue written) in Merged(value, path))
        {
            string name = key.Scalar!;
            string at = $"{path}.{name}";
            if (!shape.Fields!.TryGetValue(name, out ValueShape? field))
                Unknown(key, at, shape, newest);
            else if (Value(written, field, newest?.Fields?.GetValueOrDefault(name), at) is { } node)
                members.Add(new ConfigMember(name, node, key.At()));
        }

        return new ObjectNode(members, value.At());
    }

    private void Unknown(YamlValue key, string path, ValueShape shape, ValueShape? newest)
    {
        string name = key.Scalar!;
        string? camel = shape.Fields!.Keys.FirstOrDefault(f => ButaneNames.Camel(f) == name);
        string? newer = newest?.Fields?.ContainsKey(name) == true ? ButaneSpec.Known.Last(s => s.Variant == spec.Variant).Version : null;
        string wanted = newer is not null ? $"version: {newer}, which has it"
            : (camel ?? Nearest.To(name, shape.Fields.Keys)) is { } meant ? $"did you mean {meant}?"
            : $"one of {string.Join(", ", shape.Fields.Keys)}";
        Wrong(key.At(), path, newer is null ? $"Unused key {name}" : $"Unused key {name}: {spec.Variant} {spec.Version} does not have it", wanted);
    }

    // Keys each once: those of the map itself before those of "<<", of these the earlier ones first.
    private List<(YamlValue Key, YamlValue Value)> Merged(YamlValue map, string path)
    {
        Dictionary<string, YamlValue> seen = [];
        List<(YamlValue, YamlValue)> own = [], merged = [];
        foreach ((YamlValue key, YamlValue value) in map.Members!)
        {
            if (key.Scalar is not { } name)
                Wrong(key.At(), path, $"invalid map key: {YamlScalars.Shown(key)}", "a text before the colon");
            else if (name == MergeKey && key.Plain)
                merged.AddRange(Sources(value, path).SelectMany(source => Merged(source, path)));
            else if (seen.TryAdd(name, key))
                own.Add((key, value));
            else
                Wrong(key.At(), $"{path}.{name}", string.Create(CultureInfo.InvariantCulture, $"mapping key \"{name}\" already defined at line {seen[name].Line}"), "each key once");
        }

        own.AddRange(merged.Where(m => seen.TryAdd(m.Item1.Scalar!, m.Item1)));
        return own;
    }

    private IEnumerable<YamlValue> Sources(YamlValue value, string path)
    {
        foreach (YamlValue source in value.Items ?? [value])
        {
            if (source.Members is not null)
                yield return source;
            else
                Wrong(source.At(), path, "map merge requires map or sequence of maps as the value", "<<: *anchor");
        }
    }

    private static string Go(ValueShape shape) => shape.Kind switch
    {
        ValueKind.Text => "string",
        ValueKind.Number => "int",
        ValueKind.Truth => "bool",
        ValueKind.List => $"[]{Go(shape.Item!)}",
        _ => shape.Name!,
    };

    private void Wrong(Position at, string path, string message, string wanted) => problems.Add(new ConfigProblem(ProblemSeverity.Error, path, at, message, wanted));
}
