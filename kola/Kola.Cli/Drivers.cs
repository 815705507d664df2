using System.Reflection;
using System.Runtime.Loader;
using Kola.Aws;
using Kola.Azure;
using Kola.Gcp;
using Kola.Labs;
using Kola.Libvirt;
using Kola.OpenStack;
using Kola.Platforms;
using Kola.Qemu;

namespace Kola.Cli;

/// <summary>The platforms there are: those that come with kola, and those somebody brings.</summary>
internal static class Drivers
{
    private const string Extension = ".dll";

    /// <summary>Those that come with kola.</summary>
    internal static IReadOnlyList<IPlatformDriver> All { get; } = [new QemuDriver(), new LibvirtDriver(), new AwsDriver(), new OpenStackDriver(), new AzureDriver(), new GcpDriver(), new LabDriver()];

    /// <summary>One of them by its name, or the one in a file.</summary>
    /// <exception cref="UsageException">There is none of that name, or none in that file.</exception>
    internal static IPlatformDriver Find(string name)
    {
        if (name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
            return Load(Path.GetFullPath(name));
        return All.FirstOrDefault(d => d.Name == name)
            ?? throw new UsageException($"--platform {name}: no such platform\n  wanted:  {string.Join(", ", All.Select(d => d.Name))}; or a file with one, NAME{Extension}\n  next:    kola platforms");
    }

    // What it needs lies beside it, but for kola's own library: a driver has to be of this one's type.
    private static IPlatformDriver Load(string file)
    {
        if (!File.Exists(file))
            throw Wrong(file, "no such file");
        try
        {
            var context = new Beside(file);
            Type[] found = [.. context.LoadFromAssemblyPath(file).GetExportedTypes().Where(t => t is { IsClass: true, IsAbstract: false } && t.IsAssignableTo(typeof(IPlatformDriver)) && t.GetConstructor([]) is not null)];
            return found is [var only] ? (IPlatformDriver)Activator.CreateInstance(only)! : throw Wrong(file, found.Length == 0 ? "none" : string.Join(", ", found.Select(t => t.FullName)));
        }
        catch (Exception fault) when (fault is BadImageFormatException or FileLoadException or FileNotFoundException or ReflectionTypeLoadException or TypeLoadException or TargetInvocationException)
        {
            throw Wrong(file, (fault.InnerException ?? fault).Message, fault);
        }
    }

    private static UsageException Wrong(string file, string got, Exception? cause = null) =>
        new($"--platform {file}\n  wanted:  an assembly with one public class that is a {nameof(IPlatformDriver)} and is made without arguments\n  got:     {got}", cause);

    private sealed class Beside(string file) : AssemblyLoadContext(Path.GetFileNameWithoutExtension(file))
    {
        private readonly AssemblyDependencyResolver _resolver = new(file);

        protected override Assembly? Load(AssemblyName name) =>
            Default.Assemblies.Any(a => a.GetName().Name == name.Name) || name.Name == typeof(IPlatformDriver).Assembly.GetName().Name ? null
            : _resolver.ResolveAssemblyToPath(name) is { } path ? LoadFromAssemblyPath(path) : null;

        protected override nint LoadUnmanagedDll(string name) =>
            _resolver.ResolveUnmanagedDllToPath(name) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
    }
}
