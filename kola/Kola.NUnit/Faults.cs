using System.Collections.Concurrent;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Kola;

/// <summary>The faults of one assembly, by id.</summary>
internal sealed partial class Faults
{
    private static readonly ConcurrentDictionary<Assembly, Lazy<Faults>> s_read = new();

    private readonly MachineMethods<FaultAttribute> _methods;

    /// <param name="types">Where they are looked for.</param>
    internal Faults(IEnumerable<Type> types)
    {
        _methods = new MachineMethods<FaultAttribute>(types, found => found.Id, Id(), "lowercase letters, digits and \"-\" in parts joined by dots, e.g. dns.unreachable");
        All = [.. _methods.Attributes.Select(Read)];
    }

    /// <summary>In the order of their ids.</summary>
    internal IReadOnlyList<Fault> All { get; }

    /// <exception cref="UsageException">A fault is written wrongly, or two have one id.</exception>
    internal static Faults Of(Assembly suite) => s_read.GetOrAdd(suite, _ => new Lazy<Faults>(() => new Faults(suite.GetTypes()))).Value;

    internal Task InjectAsync(string id, Machine machine) => _methods.RunAsync(id, machine);

    private Fault Read(FaultAttribute found)
    {
        string source = $"{_methods.SourceOf(found.Id)}: [Fault(\"{found.Id}\")]";
        if (string.IsNullOrWhiteSpace(found.What))
            throw new UsageException($"{source}\n  wanted:  what is wrong with the image then, e.g. no name server answers");
        if (Array.Find(found.Near, near => !TestPattern.IsSound(near)) is { } pattern)
            throw new UsageException($"{source}: Near = \"{pattern}\"\n  wanted:  an id of a test, or a glob over ids such as cl.*");
        return new Fault { Id = found.Id, What = found.What, Reboots = found.Reboots, Near = found.Near };
    }

    // dns.unreachable
    [GeneratedRegex(@"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+$", RegexOptions.NonBacktracking)]
    private static partial Regex Id();
}
