using System.Globalization;
using System.Reflection;
using NUnit.Framework;
using NUnit.Framework.Interfaces;

namespace Kola;

/// <summary>Reads a test case off a method's signature and attributes.</summary>
internal static class TestCaseReader
{
    /// <summary>Where a built test carries its <see cref="TestCase"/>.</summary>
    internal const string Property = "_kola"; // the underscore keeps it out of the traits that test explorers show

    /// <exception cref="UsageException">The signature or an attribute is not what a machine test can have.</exception>
    internal static TestCase Read(MachineTestAttribute attribute, IMethodInfo method)
    {
        MethodInfo info = method.MethodInfo;
        string source = $"{info.DeclaringType!.FullName}.{info.Name}";
        MachineSpec[] machines = attribute.Prepared is { } prepared ? Machines(prepared, info, source) : Machines(info, source);
        SegmentSpec[] segments = SegmentReader.Of(info, machines, source);
        return new TestCase
        {
            Id = attribute.Id,
            Sentence = info.Name.Replace('_', ' '),
            Source = source,
            Machines = machines,
            Segments = segments,
            Prepared = attribute.Prepared,
            Formerly = attribute.Formerly,
            Minutes = attribute.Minutes is >= 1 and <= 240 ? attribute.Minutes : throw Wrong(source, $"Minutes = {attribute.Minutes}", "1 to 240"),
            Fresh = attribute.Fresh,
            Needs = [.. attribute.Needs.Concat(SegmentReader.Needs(machines, segments)).Distinct()],
            Platforms = attribute.Platforms,
            Architectures = attribute.Architectures,
            Since = attribute.Since,
            Until = attribute.Until,
            Tags = [.. info.GetCustomAttributes<CategoryAttribute>().Concat(info.DeclaringType.GetCustomAttributes<CategoryAttribute>()).Select(c => c.Name)],
            Tolerates = [.. info.GetCustomAttributes<ToleratesAttribute>().Select(t => Toleration(t, source))],
        };
    }

    private static MachineSpec[] Machines(MethodInfo method, string source)
    {
        ParameterInfo[] parameters = method.GetParameters();
        int machines = parameters.Length > 0 && parameters[^1].ParameterType == typeof(Lab) ? parameters.Length - 1 : parameters.Length;
        if (machines == 0)
            throw Wrong(source, "no parameter of type Machine", "one parameter for each machine");
        ParameterInfo? odd = parameters.Take(machines).FirstOrDefault(p => p.ParameterType != typeof(Machine));
        if (odd is not null)
            throw Wrong(source, $"parameter {odd.Name} of type {odd.ParameterType.Name}", "parameters of type Machine, then at most one Lab");
        return [.. parameters.Take(machines).Select(p => Spec(p, method, source))];
    }

    // Its machines are the preparation's, whose parameters say what they are.
    private static MachineSpec[] Machines(string prepared, MethodInfo method, string source)
    {
        var preparations = Preparations.Of(method.DeclaringType!.Assembly);
        IReadOnlyList<ParameterInfo> wanted = preparations.MachinesOf(prepared, source);
        MethodInfo preparation = preparations.MethodOf(prepared);
        MachineSpec[] own = Machines(method, source);
        string[] roles = [.. wanted.Select(p => p.Name!)];
        if (!roles.SequenceEqual(method.GetParameters().Where(p => p.ParameterType == typeof(Machine)).Select(p => p.Name)))
            throw Wrong(source, $"Prepared = \"{prepared}\" and the machines {string.Join(", ", own.Select(m => m.Name))}", $"the machines of the preparation, in its order: {string.Join(", ", roles)}");
        if (method.GetParameters().FirstOrDefault(p => p.GetCustomAttribute<SpecAttribute>() is not null) is { } said)
            throw Wrong(source, $"[Spec] on {said.Name} of a test with Prepared = \"{prepared}\"", "what is said of its machines, on the preparation's parameters");
        return [.. wanted.Select(p => Spec(p, preparation, source))];
    }

    private static MachineSpec Spec(ParameterInfo parameter, MethodInfo method, string source)
    {
        SpecAttribute spec = parameter.GetCustomAttribute<SpecAttribute>() ?? new SpecAttribute();
        if (spec.Prepared is not null)
            Preparations.Of(method.DeclaringType!.Assembly).Check(spec.Prepared, $"{source}: {parameter.Name}");
        string? file = spec.Config is null ? null : ConfigFile(spec.Config, method, source);
        return new MachineSpec
        {
            Name = parameter.Name!.ToLowerInvariant(),
            Config = file is null ? null : File.ReadAllText(file),
            ConfigFile = spec.Config,
            ConfigDirectory = Path.GetDirectoryName(file),
            // The suite's, beside its assembly: one server of files serves the whole run.
            FilesDirectory = file is null ? null : Path.Combine(Path.GetDirectoryName(method.DeclaringType!.Assembly.Location)!, "served"),
            MemoryMiB = spec.MemoryMiB >= 256 ? spec.MemoryMiB : throw Wrong(source, $"{parameter.Name}: MemoryMiB = {spec.MemoryMiB}", "at least 256"),
            Cpus = spec.Cpus is >= 1 and <= 64 ? spec.Cpus : throw Wrong(source, $"{parameter.Name}: Cpus = {spec.Cpus}", "1 to 64"),
            NumaNodes = spec.NumaNodes is >= 1 and <= 8 && spec.Cpus % spec.NumaNodes == 0 && spec.MemoryMiB % spec.NumaNodes == 0
                ? spec.NumaNodes
                : throw Wrong(source, $"{parameter.Name}: NumaNodes = {spec.NumaNodes} with Cpus = {spec.Cpus} and MemoryMiB = {spec.MemoryMiB}", "1 to 8 nodes that divide CPUs and memory evenly"),
            DiskMiB = spec.DiskMiB == 0 ? null : spec.DiskMiB,
            Disks = [.. spec.Disks.Select(d => Disk(d, source))],
            Firmware = spec.Firmware,
            Tpm = spec.Tpm,
            User = spec.User,
            Updates = spec.Updates,
            OwnMachineId = spec.OwnMachineId,
            Prepared = spec.Prepared,
            BootFails = spec.BootFails,
            RecordsWrites = spec.RecordsWrites,
            ConfigWarnings = spec.ConfigWarnings,
            Links = spec.Segments?.Select(text => SegmentReader.Link(text, source)).ToArray(),
            Offline = spec.Offline,
            Hostname = spec.Hostname,
        };
    }

    // Flatcar.Tests.Ignition.OnceTests + "once.ign" → Ignition/once.ign beside the assembly, where the build put it.
    private static string ConfigFile(string name, MethodInfo method, string source)
    {
        Assembly assembly = method.DeclaringType!.Assembly;
        string root = assembly.GetName().Name!;
        string space = method.DeclaringType.Namespace ?? "";
        string folder = space.StartsWith(root + ".", StringComparison.Ordinal) ? space[(root.Length + 1)..].Replace('.', '/') : "";
        string file = Path.Combine(Path.GetDirectoryName(assembly.Location)!, folder, name);
        return File.Exists(file) ? file : throw Wrong(source, $"Config = \"{name}\", which is not at {file}", "a file beside the test's source, copied to the output");
    }

    // 520:data
    // 520:fast:nvme
    private static ExtraDisk Disk(string text, string source)
    {
        string[] parts = text.Split(':');
        DiskBus? bus = parts.ElementAtOrDefault(2) switch
        {
            null or "virtio" => DiskBus.Virtio,
            "nvme" => DiskBus.Nvme,
            "scsi" => DiskBus.Scsi,
            _ => null,
        };
        return bus is { } known && parts is [var size, { Length: >= 1 and <= 20 } serial, ..] && parts.Length <= 3 && int.TryParse(size, CultureInfo.InvariantCulture, out int mib) && mib > 0
            ? new ExtraDisk(mib, serial, known)
            : throw Wrong(source, $"disk \"{text}\"", "SIZE_MIB:SERIAL or SIZE_MIB:SERIAL:BUS with a serial of 1 to 20 characters and a bus of virtio, nvme or scsi, e.g. \"520:data\", \"520:fast:nvme\"");
    }

    private static Toleration Toleration(ToleratesAttribute attribute, string source) => string.IsNullOrWhiteSpace(attribute.Because)
        ? throw Wrong(source, $"[Tolerates(\"{attribute.Check}\")] without a reason", "because: why the check may fire here")
        : new Toleration(attribute.Check, attribute.Because);

    private static UsageException Wrong(string source, string got, string wanted) =>
        new($"{source}: {got}\n  wanted:  {wanted}");
}
