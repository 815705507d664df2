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

    private readonly MachineMethods<PreparationAttribute> _methods = new(types, found => found.Name, Name(), "a name of lowercase letters, digits and dashes, e.g. docker-busybox");

    /// <exception cref="UsageException">A preparation is written wrongly, or two have one name.</exception>
    internal static Preparations Of(Assembly suite) => s_read.GetOrAdd(suite, _ => new Lazy<Preparations>(() => new Preparations(suite.GetName().Name!, suite.GetTypes()))).Value;

    /// <exception cref="UsageException">There is none of that name.</exception>
    internal void Check(string name, string source)
    {
        if (!_methods.Has(name))
            throw new UsageException($"{source}: Prepared = \"{name}\"\n  wanted:  a [Preparation] of {suite}: {(_methods.Names.Any() ? string.Join(", ", _methods.Names) : "there is none")}");
    }

    internal Task RunAsync(string name, Machine machine)
    {
        Check(name, machine.Name);
        return _methods.RunAsync(name, machine);
    }

    // docker-busybox
    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$", RegexOptions.NonBacktracking)]
    private static partial Regex Name();
}
