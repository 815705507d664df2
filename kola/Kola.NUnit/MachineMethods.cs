using System.Reflection;
using System.Text.RegularExpressions;

namespace Kola;

/// <summary>
/// Methods of a suite that do something to ready machines and are asked for by a name in an attribute of theirs: <c>public static async Task X(Machine
/// machine)</c>. What is written wrongly is told before anything boots.
/// </summary>
/// <typeparam name="T">The attribute.</typeparam>
internal sealed class MachineMethods<T>
    where T : Attribute
{
    private readonly Dictionary<string, (MethodInfo Method, T Attribute)> _methods = [];

    /// <param name="types">Where they are looked for.</param>
    /// <param name="nameOf">The name in an attribute.</param>
    /// <param name="names">What every name matches.</param>
    /// <param name="wanted">The same in words, for messages.</param>
    /// <param name="takes">Whether a method may have these parameters. Default: one machine.</param>
    /// <exception cref="UsageException">One is written wrongly, or two have one name.</exception>
    internal MachineMethods(IEnumerable<Type> types, Func<T, string> nameOf, Regex names, string wanted, Func<ParameterInfo[], bool>? takes = null)
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        foreach (MethodInfo method in types.SelectMany(type => type.GetMethods(All)))
        {
            if (method.GetCustomAttribute<T>() is { } attribute)
                Add(nameOf(attribute), method, attribute, names, wanted, takes ?? (parameters => parameters is [{ ParameterType: var only }] && only == typeof(Machine)));
        }
    }

    /// <summary>Their names, in order.</summary>
    internal IEnumerable<string> Names => _methods.Keys.Order(StringComparer.Ordinal);

    /// <summary>Their attributes, in the order of their names.</summary>
    internal IEnumerable<T> Attributes => Names.Select(name => _methods[name].Attribute);

    internal bool Has(string name) => _methods.ContainsKey(name);

    /// <summary>Runs one that is there.</summary>
    internal Task RunAsync(string name, params object[] arguments) =>
        (Task)_methods[name].Method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null)!;

    /// <summary>The method of one that is there.</summary>
    internal MethodInfo MethodOf(string name) => _methods[name].Method;

    /// <summary>Where one that is there is written.</summary>
    internal string SourceOf(string name) => Source(_methods[name].Method);

    private static string Word => typeof(T).Name[..^nameof(Attribute).Length];

    private void Add(string name, MethodInfo method, T attribute, Regex names, string wanted, Func<ParameterInfo[], bool> takes)
    {
        string source = Source(method);
        if (!names.IsMatch(name))
            throw new UsageException($"{source}: [{Word}(\"{name}\")]\n  wanted:  {wanted}");
        if (!(method is { IsPublic: true, IsStatic: true, IsGenericMethod: false } && method.DeclaringType is { ContainsGenericParameters: false } && method.ReturnType == typeof(Task) && takes(method.GetParameters())))
            throw new UsageException($"{source}: [{Word}(\"{name}\")] on a method that cannot be one\n  wanted:  public static async Task {method.Name}(Machine machine)");
        if (!_methods.TryAdd(name, (method, attribute)))
            throw new UsageException($"{source}: [{Word}(\"{name}\")] is there already\n  wanted:  one of that name\n  at:      {SourceOf(name)}");
    }

    private static string Source(MethodInfo method) => $"{method.DeclaringType!.FullName}.{method.Name}";
}
