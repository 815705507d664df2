using System.Security.Cryptography;
using System.Text;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Labs;

/// <summary>The image ready machines run: what they say of themselves.</summary>
internal static class ReadyImage
{
    private const string Command =
        "f=/etc/os-release; test -r $f || f=/usr/lib/os-release; sed 's/^/os:/' $f; echo \"arch=$(uname -m)\"; " +
        "for f in /usr/share/flatcar/update.conf /etc/flatcar/update.conf; do test -r $f && sed -n 's/^GROUP=/group=/p' $f; done; " +
        "for p in update_engine_client locksmithctl coreos-cloudinit; do command -v $p >/dev/null && echo \"has=$p\"; done; test -d /etc/selinux && echo has=selinux; true";

    private static readonly TimeSpan s_login = TimeSpan.FromSeconds(20);

    private static readonly (string Program, Feature Feature)[] s_features =
    [
        ("update_engine_client", Feature.UpdateEngine), ("locksmithctl", Feature.Locksmith), ("coreos-cloudinit", Feature.CloudInit), ("selinux", Feature.Selinux),
    ];

    /// <summary>Asks all machines at once. Those that do not answer are told, and left to the run to find out.</summary>
    /// <exception cref="UsageException">They do not run the same system, or a key cannot be read.</exception>
    /// <exception cref="PlatformException">None answers.</exception>
    internal static async Task<Image> FindAsync(LabOptions lab, PlatformAccess access, CancellationToken cancel)
    {
        (ReadyMachine Machine, Image? Image, string? Why)[] asked = await Task.WhenAll(lab.Ready.Select(m => AskAsync(lab, m, access, cancel)));
        foreach ((ReadyMachine machine, _, string? why) in asked.Where(a => a.Image is null))
            access.Progress.Report($"{machine.Name} does not answer: {why}");
        var systems = asked.Where(a => a.Image is not null).GroupBy(a => a.Image!.Digest).ToArray();
        if (systems.Length == 0)
            throw new PlatformException(Signal.NoContact, $"no machine of the lab {lab.Name} answers\n  wanted:  an SSH login on one of {lab.Ready.Count}\n  got:     {string.Join("\n           ", asked.Select(a => $"{a.Machine.Name}: {a.Why}"))}");
        if (systems.Length > 1)
            throw new UsageException($"the machines of the lab {lab.Name} do not run the same system\n  wanted:  one: it is the image under test\n  got:     {string.Join("\n           ", systems.Select(s => $"{s.First().Image!.Version ?? "no version"} ({s.First().Image!.Architecture}) on {string.Join(", ", s.Select(a => a.Machine.Name))}"))}\n  next:    a lab file for each");
        return systems[0].First().Image!;
    }

    /// <summary>Reads what <see cref="Command"/> prints.</summary>
    internal static Image Parse(string name, string text)
    {
        // os:ID=flatcar
        // os:VERSION=4459.2.1
        // os:VARIANT_ID=reference
        // arch=x86_64
        // group=stable
        // has=update_engine_client
        string[] lines = text.Split('\n', StringSplitOptions.TrimEntries);
        string? system = One("os:VERSION=") ?? One("os:VERSION_ID=");
        string release = string.Join('\n', lines.Where(l => l.StartsWith("os:", StringComparison.Ordinal) || l.StartsWith("arch=", StringComparison.Ordinal)));
        return new Image
        {
            File = "none",
            Format = "none",
            Digest = "machine:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(release))),
            Name = name,
            Version = system,
            Channel = One("group="),
            Architecture = One("arch=") switch
            {
                "aarch64" => "arm64",
                _ => "amd64",
            },
            Variant = One("os:VARIANT_ID="),
            Lacks = [.. s_features.Where(f => !lines.Contains($"has={f.Program}")).Select(f => f.Feature)],
        };

        string? One(string key) => lines.LastOrDefault(l => l.StartsWith(key, StringComparison.Ordinal)) is { } line && line[key.Length..].Trim('"', '\'') is { Length: > 0 } value ? value : null;
    }

    private static async Task<(ReadyMachine Machine, Image? Image, string? Why)> AskAsync(LabOptions lab, ReadyMachine machine, PlatformAccess access, CancellationToken cancel)
    {
        var reached = new LabMachine { Name = machine.Name, Id = machine.Name, Address = machine.Address, Port = machine.Port, Controls = machine.Controls, Tags = Nobody, Login = ReadyPool.LoginOf(machine, access), HostKey = machine.HostKey };
        try
        {
            await using IShell shell = await reached.ConnectAsync(reached.Login, s_login * lab.Slowness, cancel);
            using var output = new MemoryStream();
            int? code = await shell.ExecuteAsync(Command, null, output, Stream.Null, cancel);
            return code == 0 ? (machine, Parse(lab.Name, Encoding.UTF8.GetString(output.ToArray())), null) : (machine, null, "it cannot say what system it runs");
        }
        catch (KolaException fault) when (fault is MachineException or PlatformException)
        {
            return (machine, null, fault.Message);
        }
    }

    private static ResourceTags Nobody { get; } = new() { Run = "none", Owner = "none", Expires = DateTimeOffset.MaxValue };
}
