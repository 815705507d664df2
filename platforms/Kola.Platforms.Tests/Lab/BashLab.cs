using System.Diagnostics;
using Kola.Labs;
using Kola.Machines;

namespace Kola.Platforms.Tests.Labs;

/// <summary>A lab of QEMU and bash under a directory; its scripts are an example, platforms/Samples/Lab.</summary>
internal sealed class BashLab(Scratch scratch)
{
    internal static string Scripts => Path.Combine(AppContext.BaseDirectory, "Lab", "bash");

    /// <summary>Where it keeps its machines.</summary>
    internal string State { get; } = scratch.New("bash-lab");

    /// <summary>Why it cannot be used here; null when it can.</summary>
    internal static string? WhyNot { get; } =
        new[] { "qemu-system-x86_64", "qemu-img", "socat", "pgrep" }.Where(p => !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, p)))).ToArray() is { Length: > 0 } missing
            ? $"this host has no {string.Join(", ", missing)}: apt-get install qemu-system-x86 qemu-utils socat procps" : null;

    /// <summary>Its file.</summary>
    internal string Write(string more = "")
    {
        string file = scratch.File("bash.yaml");
        File.WriteAllText(file, $$"""
            version: 1
            name: bash-{{Path.GetFileName(scratch.Path).ToLowerInvariant()}}
            features: [console, extra-disks, private-network, harness-files, harness-updates]
            capacity: { machines: 4, memory-mib: 16384 }
            slowness: 10
            host-address: 10.0.2.2
            commands:
              provision: { run: [{{Scripts}}/provision, {{State}}], timeout: 1m, backoff: 100ms }
              deprovision: { run: [{{Scripts}}/deprovision, {{State}}], backoff: 100ms }
              power: { run: [{{Scripts}}/power, {{State}}], actions: [on, off, reset], exits: { gone: [4], retry: [75] } }
              status: { run: [{{Scripts}}/status, {{State}}], every: 500ms }
              console: { run: [{{Scripts}}/console, {{State}}] }
              list: { run: [{{Scripts}}/list, {{State}}] }
            {{more}}
            """);
        return file;
    }

    /// <summary>What of its machines is left.</summary>
    internal IEnumerable<string> Left(Scratch of) =>
        Directory.EnumerateFileSystemEntries(State).Where(e => Path.GetFileName(e) != "broken")
            .Concat(Directory.Exists(of.File("cache/labs")) ? Directory.EnumerateFileSystemEntries(of.File("cache/labs"), "machine.json", SearchOption.AllDirectories) : [])
            .Concat(Processes());

    private IEnumerable<string> Processes() =>
        Process.GetProcesses().Where(p => CommandLine(p.Id).Contains(State, StringComparison.Ordinal)).Select(p => $"{p.Id} {CommandLine(p.Id)}");

    internal static string CommandLine(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}

/// <summary>The contract of power, on machines a lab's commands make.</summary>
internal sealed class LabBackend : Backend
{
    public override string Name => "lab";

    public override string? WhyNot => BashLab.WhyNot;

    public override bool Records => false;

    internal override async Task<IPlatform> CreateAsync(Scratch scratch)
    {
        PlatformRequest request = Conformance.Request(scratch, Image(scratch, false), scratch.New("cache"), (LabDriver.FileOption, new BashLab(scratch).Write()));
        return await new LabDriver().OpenAsync(request, CancellationToken.None);
    }

    internal override async Task<IPlatform> CreateBrokenAsync(Scratch scratch)
    {
        IPlatform platform = await CreateAsync(scratch);
        await File.WriteAllTextAsync(Path.Combine(new BashLab(scratch).State, "broken"), "it is full");
        return platform;
    }

    internal override Image Image(Scratch scratch, bool powersOff) => TinyGuest.Write(scratch.File(powersOff ? "off.img" : "on.img"), powersOff);

    internal override void Kill(IInstance machine)
    {
        int qemu = Process.GetProcesses().Select(p => p.Id).Single(id => BashLab.CommandLine(id) is { } line && line.StartsWith("qemu-system-x86_64 -name guest=test-machine-", StringComparison.Ordinal));
        Process.GetProcessById(qemu).Kill();
    }

    internal override Func<IEnumerable<string>> Occupied(IInstance machine, Scratch scratch)
    {
        var lab = new BashLab(scratch);
        return () => lab.Left(scratch);
    }
}
