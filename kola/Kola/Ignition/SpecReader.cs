using System.Collections;
using System.Globalization;

namespace Kola.Ignition;

/// <summary>
/// Makes the records of the model of what was written, as Ignition's reader does: a key that differs in case only is taken and reported, an unknown
/// one is reported, null is nothing, a number is whole. Unlike Ignition's it does not take a key that stands twice, of which no person means both.
/// </summary>
/// <param name="findings">Told of all that is wrong.</param>
internal sealed class SpecReader(ConfigFindings findings)
{
    private const string AnObject = "a JSON object";
    private const string AList = "a list";
    private const string AText = "a text in double quotes";
    private const string ATruth = "true or false";
    private const string ANumber = "a whole number, in digits only";

    /// <summary>Whether a problem is a value of another type than the spec has there.</summary>
    internal static bool IsMismatch(ConfigProblem problem) => problem.Wanted is AnObject or AList or AText or ATruth or ANumber;

    /// <summary>Reads an object.</summary>
    /// <param name="type">Its record.</param>
    /// <param name="node">What was written; null is an object with nothing in it.</param>
    /// <param name="path">Where it is: <c>$.storage</c>.</param>
    /// <param name="exact">Whether the keys on the way to it were written as they should be; Ignition reports unused keys only there.</param>
    /// <param name="within">The member that holds it; null of the whole.</param>
    internal object Record(Type type, ConfigNode? node, string path, bool exact = true, SpecMember? within = null)
    {
        var shape = SpecShape.Of(type);
        object record = shape.New();
        if (node is not ObjectNode written)
        {
            if (node is not (null or NullNode))
                findings.Error(path, Mismatch(path, node), AnObject);
            else if (node is not null && exact)
                findings.Warning(path, $"context tree does not match content tree at {path}. Line and column reporting may be inconsistent. Unused keys may not be reported.");
            return record;
        }

        var seen = new HashSet<string>();
        foreach (ConfigMember member in written.Members)
        {
            bool Known(SpecMember m) => findings.Since(m.AlwaysKnownIn(within) ? 0 : m.Since);
            SpecMember? exactly = shape.Exactly(member.Name) is { } one && Known(one) ? one : null;
            SpecMember? meant = exactly ?? shape.Members.FirstOrDefault(m => Known(m) && IsMeant(m.Name, member.Name));
            string name = meant?.Name ?? member.Name;
            if (exactly is null && exact)
                findings.Add(ProblemSeverity.Warning, $"{path}.{member.Name}", member.At, $"Unused key {member.Name}", Advice(shape.Exactly(member.Name), meant));
            if (!seen.Add(name))
                findings.Add(ProblemSeverity.Error, $"{path}.{name}", member.At, $"{name} stands twice", "each key once");
            else if (meant is not null && member.Value is not NullNode || meant?.Kind == MemberKind.Record)
                meant.Set(record, Value(meant, member.Value, $"{path}.{name}", exact && exactly is not null));
        }

        return record;
    }

    /// <summary>Whether Ignition takes one key for another: it reads keys without regard to case.</summary>
    internal static bool IsMeant(string member, string written) => string.Equals(member, Unfolded(written), StringComparison.OrdinalIgnoreCase);

    // Two letters that are k and s without regard to case, and not in ASCII.
    private static string Unfolded(string key) => key.Replace('\u212A', 'k').Replace('\u017F', 's');

    private object? Value(SpecMember member, ConfigNode node, string path, bool exact)
    {
        switch (member.Kind)
        {
            // Spec 3.2.0 has these two behind pointers, which null leaves unset.
            case MemberKind.Record when node is NullNode && member.Item is var type && (type == typeof(Clevis) || type == typeof(ClevisPin)) && !findings.Since(3):
                return null;
            case MemberKind.Record:
                return Record(member.Item, node, path, exact, member);
            case MemberKind.Texts or MemberKind.Records when node is ArrayNode list:
                return member.ListOf(Items(member, list, path, exact));
            case MemberKind.Texts or MemberKind.Records:
                findings.Error(path, Mismatch(path, node), AList);
                return member.ListOf(Array.Empty<object>());
            default:
                return Scalar(member, node, path);
        }
    }

    private IEnumerable Items(SpecMember member, ArrayNode list, string path, bool exact)
    {
        for (int i = 0; i < list.Items.Count; i++)
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}.{i}");
            if (member.Kind == MemberKind.Records)
                yield return Record(member.Item, list.Items[i], place, exact, member);
            else if (list.Items[i] is StringNode or NullNode)
                yield return (list.Items[i] as StringNode)?.Value ?? "";
            else
                findings.Error(place, Mismatch(place, list.Items[i]), AText);
        }
    }

    private object? Scalar(SpecMember member, ConfigNode node, string path)
    {
        switch (member.Kind, node)
        {
            case (MemberKind.Text, StringNode text):
                return text.Value;
            case (MemberKind.Truth, BooleanNode truth):
                return truth.Value;
            case (MemberKind.Number, NumberNode number) when long.TryParse(number.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value):
                return value;
        }

        string wanted = member.Kind switch { MemberKind.Text => AText, MemberKind.Truth => ATruth, _ => ANumber };
        findings.Error(path, Mismatch(path, node), wanted);
        return member.Required ? "" : member.Kind == MemberKind.Number && !SpecShape.IsOptional(member) ? 0L : null;
    }

    private static string? Advice(SpecMember? known, SpecMember? meant) =>
        meant is not null ? $"{meant.Name}" : known is not null ? string.Create(CultureInfo.InvariantCulture, $"ignition.version 3.{known.Since}.0 or newer, which knows {known.Name}") : null;

    private static string Mismatch(string path, ConfigNode node) => $"{path[(path.LastIndexOf('.') + 1)..]} = {Shown(node)}";

    private static string Shown(ConfigNode node) => node switch
    {
        StringNode text => $"\"{Short(text.Value)}\"",
        NumberNode number => Short(number.Text),
        BooleanNode truth => truth.Value ? "true" : "false",
        NullNode => "null",
        ArrayNode { Items.Count: 0 } => "[]",
        ArrayNode list => list.Items.Count == 1 && list.Items[0] is not (ArrayNode or ObjectNode) ? $"[{Shown(list.Items[0])}]" : "[…]",
        _ => "{…}",
    };

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
