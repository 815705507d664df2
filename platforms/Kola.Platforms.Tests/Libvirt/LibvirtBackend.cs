using System.Diagnostics;
using Kola.Libvirt;
using Kola.Machines;

namespace Kola.Platforms.Tests.Libvirt;

/// <summary>libvirt's QEMU driver with a guest of one sector, on a libvirtd of the tests' own.</summary>
internal sealed class LibvirtBackend : Backend
{
    public override string Name => "libvirt";

    public override string? WhyNot => LibvirtServer.WhyNot;

    public override bool Records => false;

    internal override async Task<IPlatform> CreateAsync(Scratch scratch)
    {
        LibvirtServer.Need();
        return await LibvirtPlatform.OpenAsync(LibvirtServer.Shared.Options(scratch), LibvirtServer.Shared.Request(scratch, Image(scratch, powersOff: false)), CancellationToken.None);
    }

    internal override async Task<IPlatform> CreateBrokenAsync(Scratch scratch)
    {
        // Passes for a QEMU until it is asked to run a machine.
        string binary = scratch.File("qemu-broken");
        await File.WriteAllTextAsync(binary, "#!/bin/sh\ncase \"$*\" in *guest=kola-*) echo 'qemu: no room' >&2; exit 1;; esac\nexec qemu-system-x86_64 \"$@\"\n");
        File.SetUnixFileMode(binary, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return await LibvirtPlatform.OpenAsync(LibvirtServer.Shared.Options(scratch) with { Emulator = binary }, LibvirtServer.Shared.Request(scratch, Image(scratch, powersOff: false)), CancellationToken.None);
    }

    // Two images of the same bytes but one need two digests, or the pool takes them for one.
    internal override Image Image(Scratch scratch, bool powersOff) =>
        TinyGuest.Write(scratch.File(powersOff ? "off.img" : "on.img"), powersOff) with { Digest = "sha256:" + new string(powersOff ? '1' : '2', 64) };

    internal override void Kill(IInstance machine) => Process.GetProcessById(EmulatorOf(machine)!.Value).Kill();

    internal override Func<IEnumerable<string>> Occupied(IInstance machine, Scratch scratch)
    {
        int emulator = EmulatorOf(machine)!.Value;
        return () => Left(emulator, scratch);
    }

    private static IEnumerable<string> Left(int emulator, Scratch scratch)
    {
        if (Directory.Exists($"/proc/{emulator}"))
            yield return $"process {emulator}";
        foreach (ILeftover left in LibvirtServer.Shared.LeftAsync(scratch).GetAwaiter().GetResult())
            yield return $"{left.Kind} {left.Name}";
    }

    // -name guest=kola-1a2b3c4d-1-test-machine,debug-threads=on
    private static int? EmulatorOf(IInstance machine) => Directory.EnumerateDirectories("/proc").Select(d => int.TryParse(Path.GetFileName(d), out int id) ? id : 0).Where(id => id > 0)
        .Where(id => CommandLine(id).Contains($"guest={((LibvirtInstance)machine).DomainName},", StringComparison.Ordinal)).Cast<int?>().FirstOrDefault();

    private static string CommandLine(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
