using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Kola.Ignition;

/// <summary>What a member of the spec holds.</summary>
internal enum MemberKind
{
    Text,
    Number,
    Truth,
    Record,
    Texts,
    Records,
}

/// <summary>A member of an object of the spec, taken from the property that stands for it.</summary>
/// <param name="Name">Its key: the property's name, small at its beginning.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Item">Type of the record, or of the records in the list; else of the value.</param>
/// <param name="Since">Minor version of the spec it came with.</param>
/// <param name="Required">Written even when it is empty.</param>
/// <param name="Keys">Name of the set of keys its entries share with other lists; null when entries may repeat, or for what is no list.</param>
/// <param name="AlwaysCompressed">A resource whose compression spec 3.0.0 knows.</param>
/// <param name="Property">The property.</param>
internal sealed record SpecMember(string Name, MemberKind Kind, Type Item, int Since, bool Required, string? Keys, bool AlwaysCompressed, PropertyInfo Property)
{
    /// <summary>Whether a member was known in 3.0.0 because of what holds it.</summary>
    internal bool AlwaysKnownIn(SpecMember? within) => within is { AlwaysCompressed: true } && Name == "compression";

    internal bool IsList => Kind is MemberKind.Texts or MemberKind.Records;

    /// <summary>Null of what is not set.</summary>
    internal object? Of(object record) => Property.GetValue(record);

    internal IList ListOf(object record) => (IList)Of(record)!;

    /// <summary>Fills a record that is being made.</summary>
    internal void Set(object record, object? value) => Property.SetValue(record, value);

    /// <summary>A list of the member's type.</summary>
    internal IList ListOf(IEnumerable items)
    {
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(Item))!;
        foreach (object? item in items)
            list.Add(item);
        return list;
    }
}

/// <summary>
/// The members of an object of the spec: the records of the model are the one table of it, which reading, merging, rendering and comparing walk.
/// </summary>
internal sealed class SpecShape
{
    private static readonly ConcurrentDictionary<Type, SpecShape> s_shapes = new();

    private readonly Type _type;
    private readonly Dictionary<string, SpecMember> _byName;

    private SpecShape(Type type)
    {
        _type = type;
        Members = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite && !p.IsDefined(typeof(OutsideSpecAttribute))).Select(MemberOf)];
        _byName = Members.ToDictionary(m => m.Name);
    }

    /// <summary>In the order they are rendered.</summary>
    internal IReadOnlyList<SpecMember> Members { get; }

    internal static SpecShape Of(Type type) => s_shapes.GetOrAdd(type, t => new SpecShape(t));

    internal static SpecShape Of(object record) => Of(record.GetType());

    /// <summary>A record with nothing set; texts that cannot be null are empty.</summary>
    internal object New()
    {
        object record = Activator.CreateInstance(_type)!;
        foreach (SpecMember member in Members.Where(m => m.Kind == MemberKind.Text && m.Required))
            member.Set(record, "");
        return record;
    }

    /// <summary>The member of a key, exactly written.</summary>
    internal SpecMember? Exactly(string key) => _byName.GetValueOrDefault(key);

    /// <summary>Whether nothing of a record is set: such an object is no other than none.</summary>
    internal static bool IsEmpty(object? value) => value switch
    {
        null => true,
        string or bool => false,
        long number => number == 0,
        IList list => list.Count == 0,
        _ => Of(value).Members.All(m => m.Of(value) is var held && (m.Required ? held is "" || (m.Kind == MemberKind.Record && IsEmpty(held)) : m.Kind == MemberKind.Number && IsOptional(m) ? held is null : IsEmpty(held))),
    };

    /// <summary>Whether a number can be absent: 0 is a number then, not nothing.</summary>
    internal static bool IsOptional(SpecMember number) => Nullable.GetUnderlyingType(number.Property.PropertyType) is not null;

    private static SpecMember MemberOf(PropertyInfo property)
    {
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        Type? item = type.IsGenericType ? type.GetGenericArguments()[0] : null;
        MemberKind kind = item is not null ? (item == typeof(string) ? MemberKind.Texts : MemberKind.Records)
            : type == typeof(string) ? MemberKind.Text
            : type == typeof(long) ? MemberKind.Number
            : type == typeof(bool) ? MemberKind.Truth
            : MemberKind.Record;
        string name = char.ToLowerInvariant(property.Name[0]) + property.Name[1..];
        string? keys = item is null || property.IsDefined(typeof(RepeatsAttribute)) ? null : property.GetCustomAttribute<SharesKeysAttribute>()?.Name ?? name;
        return new SpecMember(
            name,
            kind,
            item ?? type,
            property.GetCustomAttribute<SinceAttribute>()?.Minor ?? 0,
            property.IsDefined(typeof(RequiredMemberAttribute)),
            keys,
            property.IsDefined(typeof(AlwaysCompressedAttribute)),
            property);
    }
}
