using Kola.Ignition;

namespace Kola.Cli.Agreement;

/// <summary>All keys of the spec.</summary>
internal static class KnownKeys
{
    private static readonly Lazy<HashSet<string>> s_all = new(() => [.. Of(typeof(IgnitionConfig))]);

    internal static IReadOnlyCollection<string> All() => s_all.Value;

    private static IEnumerable<string> Of(Type type) => SpecShape.Of(type).Members.SelectMany(m => m.Kind is MemberKind.Record or MemberKind.Records ? Of(m.Item).Prepend(m.Name) : [m.Name]);
}
