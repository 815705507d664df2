using System.CommandLine;
using System.Reflection;
using System.Runtime.Loader;

namespace Kola.Cli;

/// <summary>Which assembly the tests come from.</summary>
internal static class Suites
{
    internal static Option<string?> Option() => new("--suite")
    {
        Description = "Assembly with machine tests (a .dll). Default: the suites that come with kola.",
        HelpName = "FILE",
    };

    /// <exception cref="UsageException">No such file, or no assembly.</exception>
    internal static NUnitSuite Open(string? file)
    {
        if (file is null)
            return new NUnitSuite(typeof(Flatcar.Tests.SuiteMarker).Assembly);
        string path = Path.GetFullPath(file);
        try
        {
            var resolver = new AssemblyDependencyResolver(path);
            AssemblyLoadContext.Default.Resolving += (context, name) => resolver.ResolveAssemblyToPath(name) is { } found ? context.LoadFromAssemblyPath(found) : null;
            return new NUnitSuite(Assembly.LoadFrom(path));
        }
        catch (Exception fault) when (fault is IOException or BadImageFormatException or InvalidOperationException)
        {
            throw new UsageException($"--suite {file}: cannot be loaded: {fault.Message}\n  wanted:  an assembly with machine tests\n  next:    dotnet build", fault);
        }
    }
}
