namespace Kola.Ignition;

/// <summary>The spec a member came with; without it, it was in 3.0.0. To an older spec it is an unused key.</summary>
/// <param name="minor">4 for 3.4.0.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SinceAttribute(int minor) : Attribute
{
    internal int Minor { get; } = minor;
}

/// <summary>A resource whose <c>compression</c> spec 3.0.0 had already.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AlwaysCompressedAttribute : Attribute;

/// <summary>A list whose entries may be the same: two configs' lists are put one behind the other.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class RepeatsAttribute : Attribute;

/// <summary>A list that shares its keys with others of the object: what stands in one of them replaces what stood in another.</summary>
/// <param name="name">Common to those lists.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SharesKeysAttribute(string name) : Attribute
{
    internal string Name { get; } = name;
}

/// <summary>An entry of a list in which each key stands once.</summary>
internal interface IKeyed
{
    /// <summary>What tells it from the others.</summary>
    string Key { get; }
}

/// <summary>A property that is not a member of the spec.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OutsideSpecAttribute : Attribute;
