using System.Reflection;

namespace Kola.Tests.Architecture;

/// <summary>Everything an assembly shows, a line each, sorted: a change of it is a change of the design.</summary>
internal static class PublicSurface
{
    internal static IEnumerable<string> Of(Assembly assembly) => assembly.GetExportedTypes()
        .OrderBy(t => t.FullName, StringComparer.Ordinal)
        .SelectMany(type => Members(type).Order(StringComparer.Ordinal).Prepend($"{Kind(type)} {Name(type, full: true)}"));

    // What the compiler writes for records is no design.
    private static IEnumerable<string> Members(Type type) => type.IsEnum
        ? Enum.GetNames(type).Select(name => "    " + name)
        : type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(m => m is not MethodBase { IsSpecialName: true } and not Type && !m.Name.Contains('<', StringComparison.Ordinal))
            .Where(m => m.Name is not ("Equals" or "GetHashCode" or "ToString" or "Deconstruct" or "GetType"))
            .Select(m => "    " + Text(m));

    private static string Text(MemberInfo member) => member switch
    {
        PropertyInfo p => $"{Name(p.PropertyType)} {p.Name}",
        MethodInfo m => $"{Name(m.ReturnType)} {m.Name}({string.Join(", ", m.GetParameters().Select(a => $"{Name(a.ParameterType)} {a.Name}{(a.IsOptional ? "?" : "")}"))})",
        FieldInfo f => $"{Name(f.FieldType)} {f.Name}",
        EventInfo e => $"event {Name(e.EventHandlerType!)} {e.Name}",
        _ => member.ToString()!,
    };

    private static string Kind(Type type) => type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct" : type is { IsAbstract: true, IsSealed: true } ? "static class" : "class";

    private static string Name(Type type, bool full = false)
    {
        string name = full ? type.FullName! : type.Name;
        return type.IsGenericType ? $"{name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(t => Name(t)))}>" : name;
    }
}
