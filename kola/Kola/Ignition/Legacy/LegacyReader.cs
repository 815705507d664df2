using System.Globalization;

namespace Kola.Ignition;

/// <summary>Holds an Ignition 1 or 2 config against its spec: values of other types are errors, keys nobody knows are warnings, as for Ignition.</summary>
internal sealed class LegacyReader(List<ConfigProblem> problems)
{
    /// <summary>A value and all in it.</summary>
    internal void Check(ConfigNode node, ValueShape shape, string path)
    {
        switch (shape.Kind, node)
        {
            case (_, NullNode):
            case (ValueKind.Text, StringNode):
            case (ValueKind.Truth, BooleanNode):
            case (ValueKind.Number, NumberNode { Text: var text }) when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _):
                break;
            case (ValueKind.List, ArrayNode list):
                for (int i = 0; i < list.Items.Count; i++)
                    Check(list.Items[i], shape.Item!, string.Create(CultureInfo.InvariantCulture, $"{path}.{i}"));
                break;
            case (ValueKind.Object, ObjectNode members):
                Members(members, shape, path);
                break;
            default:
                problems.Add(new ConfigProblem(ProblemSeverity.Error, path, node.At, $"{path[(path.LastIndexOf('.') + 1)..]} = {Shown(node)}", shape.Wanted));
                break;
        }
    }

    private void Members(ObjectNode node, ValueShape shape, string path)
    {
        HashSet<string> seen = [];
        foreach (ConfigMember member in node.Members)
        {
            string at = $"{path}.{member.Name}";
            if (!seen.Add(member.Name))
                problems.Add(new ConfigProblem(ProblemSeverity.Error, at, member.At, $"{member.Name} stands twice", "each key once"));
            else if (shape.Fields!.TryGetValue(member.Name, out ValueShape? field))
                Check(member.Value, field, at);
            else
                problems.Add(new ConfigProblem(ProblemSeverity.Warning, at, member.At, $"Unused key {member.Name}", Nearest.To(member.Name, shape.Fields.Keys) is { } meant ? $"did you mean {meant}?" : null));
        }
    }

    private static string Shown(ConfigNode node) => node switch
    {
        StringNode text => $"\"{(text.Value.Length > 40 ? text.Value[..40] + "…" : text.Value)}\"",
        NumberNode number => number.Text,
        BooleanNode truth => truth.Value ? "true" : "false",
        ArrayNode => "[…]",
        _ => "{…}",
    };
}
