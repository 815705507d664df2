using System.Collections.Concurrent;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Kola;

/// <summary>The preparations of one assembly, by name.</summary>
/// <param name="suite">Names them in messages.</param>
/// <param name="types">Where they are looked for.</param>
internal sealed partial class Preparations(string suite, IEnumerable<Type> types)
{
    private static readonly ConcurrentDictionary<Assembly, Lazy<Preparations>> s_read = new();

    private readonly ConcurrentDictionary<string, string> _digests = new();
    private readonly MachineMethods<PreparationAttribute> _methods = new(types, found => found.Name, Name(), "a name of lowercase letters, digits and dashes, e.g. docker-busybox", Takes);

    /// <exception cref="UsageException">A preparation is written wrongly, or two have one name.</exception>
    internal static Preparations Of(Assembly suite) => s_read.GetOrAdd(suite, _ => new Lazy<Preparations>(() => new Preparations(suite.GetName().Name!, suite.GetTypes()))).Value;

    /// <exception cref="UsageException">There is none of that name.</exception>
    internal void Check(string name, string source)
    {
        if (MachinesOf(name, source).Count > 1)
            throw new UsageException($"{source}: Prepared = \"{name}\", which takes {MachinesOf(name, source).Count} machines\n  wanted:  a [Preparation] of one machine\n  next:    a test asks for all of them: [MachineTest(\"…\", Prepared = \"{name}\")]");
    }

    /// <summary>The parameters of its machines, which say what machines it is for.</summary>
    /// <exception cref="UsageException">There is none of that name.</exception>
    internal IReadOnlyList<ParameterInfo> MachinesOf(string name, string source) => _methods.Has(name)
        ? [.. _methods.MethodOf(name).GetParameters().Where(p => p.ParameterType == typeof(Machine))]
        : throw new UsageException($"{source}: Prepared = \"{name}\"\n  wanted:  a [Preparation] of {suite}: {(_methods.Names.Any() ? string.Join(", ", _methods.Names) : "there is none")}");

    /// <summary>Where one that is there is written.</summary>
    internal MethodInfo MethodOf(string name) => _methods.MethodOf(name);

    /// <summary>Changes whenever the code of one that is there may have.</summary>
    internal string DigestOf(string name) => _digests.GetOrAdd(name, _ => CodeDigest.Of(_methods.MethodOf(name)));

    internal Task RunAsync(string name, IReadOnlyList<Machine> machines, Lab lab)
    {
        int wanted = MachinesOf(name, machines[0].Name).Count;
        if (wanted != machines.Count)
            throw new UsageException($"preparation \"{name}\" is for {wanted} machines\n  got:     {string.Join(", ", machines.Select(m => m.Name))}");
        return _methods.RunAsync(name, _methods.MethodOf(name).GetParameters().Length > wanted ? [.. machines, lab] : [.. machines]);
    }

    private static bool Takes(ParameterInfo[] parameters)
    {
        Type[] types = [.. parameters.Select(p => p.ParameterType)];
        Type[] machines = types is [.., var last] && last == typeof(Lab) ? types[..^1] : types;
        return machines.Length > 0 && machines.All(type => type == typeof(Machine));
    }

    // docker-busybox
    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$", RegexOptions.NonBacktracking)]
    private static partial Regex Name();
}
