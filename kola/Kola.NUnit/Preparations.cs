using System.Collections.Concurrent;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Kola;

/// <summary>The preparations of one assembly, by name.</summary>
internal sealed partial class Preparations
{
    private static readonly ConcurrentDictionary<Assembly, Lazy<Preparations>> s_read = new();

    private readonly string _suite;
    private readonly Dictionary<string, MethodInfo> _methods = [];

    /// <param name="suite">Names them in messages.</param>
    /// <param name="types">Where they are looked for.</param>
    internal Preparations(string suite, IEnumerable<Type> types)
    {
        _suite = suite;
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        foreach (MethodInfo method in types.SelectMany(type => type.GetMethods(All)))
        {
            if (method.GetCustomAttribute<PreparationAttribute>() is { } attribute)
                Add(attribute.Name, method);
        }
    }

    /// <exception cref="UsageException">A preparation is written wrongly, or two have one name.</exception>
    internal static Preparations Of(Assembly suite) => s_read.GetOrAdd(suite, _ => new Lazy<Preparations>(() => new Preparations(suite.GetName().Name!, suite.GetTypes()))).Value;

    /// <exception cref="UsageException">There is none of that name.</exception>
    internal void Check(string name, string source)
    {
        if (!_methods.ContainsKey(name))
            throw new UsageException($"{source}: Prepared = \"{name}\"\n  wanted:  a [Preparation] of {_suite}: {(_methods.Count == 0 ? "there is none" : string.Join(", ", _methods.Keys.Order(StringComparer.Ordinal)))}");
    }

    internal Task RunAsync(string name, Machine machine)
    {
        Check(name, machine.Name);
        return _methods[name].CreateDelegate<Func<Machine, Task>>()(machine);
    }

    private void Add(string name, MethodInfo method)
    {
        string source = Source(method);
        if (!Name().IsMatch(name))
            throw new UsageException($"{source}: [Preparation(\"{name}\")]\n  wanted:  a name of lowercase letters, digits and dashes, e.g. docker-busybox");
        if (!(method is { IsPublic: true, IsStatic: true, IsGenericMethod: false } && method.DeclaringType is { ContainsGenericParameters: false } && method.ReturnType == typeof(Task) && method.GetParameters() is [{ ParameterType: var only }] && only == typeof(Machine)))
            throw new UsageException($"{source}: [Preparation(\"{name}\")] on a method that cannot be one\n  wanted:  public static async Task {method.Name}(Machine machine)");
        if (!_methods.TryAdd(name, method))
            throw new UsageException($"{source}: [Preparation(\"{name}\")] is there already\n  wanted:  one of that name\n  at:      {Source(_methods[name])}");
    }

    private static string Source(MethodInfo method) => $"{method.DeclaringType!.FullName}.{method.Name}";

    // docker-busybox
    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$", RegexOptions.NonBacktracking)]
    private static partial Regex Name();
}
