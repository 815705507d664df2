using System.Net.NetworkInformation;
using Kola.Fake;
using Kola.Machines;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>A platform as the contract sees it: how to have one, and how to misuse it.</summary>
public abstract class Backend
{
    public abstract string Name { get; }

    /// <summary>Why it cannot be tried here, with a remedy; null when it can.</summary>
    public virtual string? WhyNot => null;

    /// <summary>Whether it records what disks are written.</summary>
    public virtual bool Records => true;

    /// <summary>A platform whose runtime files are under a directory.</summary>
    internal abstract Task<IPlatform> CreateAsync(Scratch scratch);

    /// <summary>A small machine that says "kola boot" on its console at every boot.</summary>
    internal abstract Image Image(Scratch scratch, bool powersOff);

    /// <summary>Ends the emulator as a crash would.</summary>
    internal abstract void Kill(IInstance machine);

    /// <summary>What a machine occupies on the host, told while it runs; what of it is left is asked after its end.</summary>
    internal abstract Func<IEnumerable<string>> Occupied(IInstance machine, Scratch scratch);

    /// <summary>A platform that cannot start machines.</summary>
    internal abstract Task<IPlatform> CreateBrokenAsync(Scratch scratch);

    public override string ToString() => Name;
}

/// <summary>The platform without machines.</summary>
internal sealed class FakeBackend : Backend
{
    public override string Name => "fake";

    internal override Task<IPlatform> CreateAsync(Scratch scratch)
    {
        var guest = new FakeGuest { Console = [new("kola boot")] };
        var off = guest with { End = new FakeEnd(TimeSpan.FromMilliseconds(1), new InstanceExit(false, "the guest powered off")) };
        return Task.FromResult<IPlatform>(new FakePlatform(new FakeOptions { Guest = guest, GuestFor = s => s.Image.Name == "off" ? off : null }, TimeProvider.System));
    }

    internal override Task<IPlatform> CreateBrokenAsync(Scratch scratch) =>
        Task.FromResult<IPlatform>(new FakePlatform(new FakeOptions { Guest = new FakeGuest { StartFailure = "no room" } }, TimeProvider.System));

    internal override Image Image(Scratch scratch, bool powersOff) =>
        new() { File = "none", Format = "raw", Digest = "sha256:0", Name = powersOff ? "off" : "on" };

    internal override void Kill(IInstance machine) => ((FakeInstance)machine).End(new InstanceExit(PlatformFault: true, "killed"));

    internal override Func<IEnumerable<string>> Occupied(IInstance machine, Scratch scratch) =>
        () => ((FakeInstance)machine).IsOver ? [] : ["the machine"];
}

/// <summary>QEMU with a guest of one sector, or with a kernel of a hundred bytes for arm64.</summary>
internal sealed class QemuBackend(string architecture = "amd64") : Backend
{
    private readonly bool _arm = architecture == "arm64";

    public override string Name => _arm ? "qemu arm64" : "qemu";

    public override string? WhyNot => HostTool.TryRunAsync(Program, ["--version"], CancellationToken.None).GetAwaiter().GetResult() is null
        ? $"this host has no QEMU for {architecture}: apt-get install {(_arm ? "qemu-system-arm" : "qemu-system-x86")} qemu-utils" : null;

    private string Program => _arm ? "qemu-system-aarch64" : "qemu-system-x86_64";

    internal static QemuOptions Options(Scratch scratch) => new()
    {
        Acceleration = AccelerationMode.Tcg,
        CacheDirectory = scratch.File("cache"),
        RuntimeDirectory = scratch.File("run"),
    };

    internal override async Task<IPlatform> CreateAsync(Scratch scratch) =>
        await QemuPlatform.CreateAsync(Options(scratch), Image(scratch, powersOff: false), TimeProvider.System, CancellationToken.None);

    internal override async Task<IPlatform> CreateBrokenAsync(Scratch scratch)
    {
        // Passes for a QEMU until it is asked to run something.
        string binary = scratch.File("qemu-broken");
        await File.WriteAllTextAsync(binary, $"#!/bin/sh\ntest \"$1\" = --version && exec {Program} --version\necho 'qemu: no room' >&2; exit 1\n");
        File.SetUnixFileMode(binary, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return await QemuPlatform.CreateAsync(Options(scratch) with { Binary = binary }, Image(scratch, false), TimeProvider.System, CancellationToken.None);
    }

    internal override Image Image(Scratch scratch, bool powersOff)
    {
        string file = scratch.File(powersOff ? "off.img" : "on.img");
        return _arm ? TinyArmGuest.Write(file, powersOff) : TinyGuest.Write(file, powersOff);
    }

    internal override void Kill(IInstance machine) => System.Diagnostics.Process.GetProcessById(((QemuInstance)machine).ProcessId).Kill();

    internal override Func<IEnumerable<string>> Occupied(IInstance machine, Scratch scratch)
    {
        int process = ((QemuInstance)machine).ProcessId;
        int port = int.Parse(machine.Address.Split(':')[1]);
        return () => Left(process, port, scratch);
    }

    private static IEnumerable<string> Left(int process, int port, Scratch scratch)
    {
        if (Directory.Exists($"/proc/{process}"))
            yield return $"process {process}";
        if (IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(l => l.Port == port))
            yield return $"port {port}";
        foreach (string platform in Directory.EnumerateDirectories(scratch.File("run")))
        {
            foreach (string entry in Directory.EnumerateFileSystemEntries(platform))
                yield return entry;
        }
    }
}
