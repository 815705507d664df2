using System.Collections;

namespace Kola.Ignition;

/// <summary>
/// Merges a config into another as Ignition does: what the child sets wins; of lists with keys, entries of the same key are merged and the child's new
/// ones come last; other lists are put one behind the other; a path is a file, a link or a directory as the child says.
/// </summary>
internal static class ConfigMerge
{
    /// <summary>The merged record.</summary>
    /// <param name="parent">What is merged into.</param>
    /// <param name="child">Of the same type.</param>
    internal static object Merged(object parent, object child)
    {
        var shape = SpecShape.Of(parent);
        object result = shape.New();
        foreach (SpecMember member in shape.Members)
            member.Set(result, member.IsList ? Lists(shape, member, parent, child) : Value(member, member.Of(parent), member.Of(child)));
        return result;
    }

    private static object? Value(SpecMember member, object? parent, object? child) => member.Kind switch
    {
        MemberKind.Record when SpecShape.IsEmpty(child) => parent ?? child,
        MemberKind.Record when SpecShape.IsEmpty(parent) => child,
        MemberKind.Record => Merged(parent!, child!),
        // The version, a name, a number that cannot be absent: the child's, whatever it is.
        _ when member.Required || (member.Kind == MemberKind.Number && !SpecShape.IsOptional(member)) => child,
        _ => child ?? parent,
    };

    private static IList Lists(SpecShape shape, SpecMember member, object parent, object child)
    {
        IList ofParent = member.ListOf(parent);
        IList ofChild = member.ListOf(child);
        if (member.Keys is null)
            return member.ListOf(ofParent.Cast<object>().Concat(ofChild.Cast<object>()));
        var result = new List<object>();
        foreach (object entry in ofParent)
        {
            // Of those in the child with its key, the last; it may stand in another of the lists that share keys.
            (SpecMember List, object Entry)? other = Last(shape, member.Keys, child, KeyOf(entry));
            if (other is null)
                result.Add(entry);
            else if (other.Value.List == member && !(other.Value.Entry is HttpHeader { Value: null }))
                result.Add(entry is string ? entry : Merged(entry, other.Value.Entry));
        }

        var known = ofParent.Cast<object>().Select(KeyOf).ToHashSet();
        result.AddRange(ofChild.Cast<object>().Where(entry => !known.Contains(KeyOf(entry))));
        return member.ListOf(result);
    }

    private static (SpecMember, object)? Last(SpecShape shape, string keys, object record, string key) => shape.Members
        .Where(m => m.Keys == keys)
        .SelectMany(m => m.ListOf(record).Cast<object>(), (m, entry) => (m, entry))
        .Select(found => ((SpecMember, object)?)found)
        .LastOrDefault(found => KeyOf(found!.Value.Item2) == key);

    private static string KeyOf(object entry) => entry as string ?? ((IKeyed)entry).Key;
}
