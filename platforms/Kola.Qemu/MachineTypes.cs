using System.Text.RegularExpressions;
using CliWrap.Buffered;

namespace Kola.Qemu;

/// <summary>The machine types of a QEMU, of which kola drives those with a PCI bus it knows: <c>q35</c>, <c>pc</c>, <c>virt</c> and their versions.</summary>
internal static partial class MachineTypes
{
    /// <summary>What machines are when nobody says otherwise.</summary>
    public static string DefaultFor(string architecture) => architecture == "arm64" ? "virt" : "q35";

    /// <summary>Whether it is the older PC: no PCI Express, so cards are put in behind a bridge, and no system management mode.</summary>
    public static bool IsOldPc(string name) => name == "pc" || name.StartsWith("pc-i440fx-", StringComparison.Ordinal);

    /// <summary>Holds a name against what this QEMU has.</summary>
    /// <exception cref="UsageException">It has no such type, or kola does not drive it.</exception>
    public static async Task CheckAsync(QemuProgram program, string name, string architecture, CancellationToken cancel)
    {
        BufferedCommandResult help = await HostTool.RunAsync(program.Path, ["-machine", "help"], cancel);
        string[] driven = [.. Parse(help.StandardOutput).Where(known => IsDriven(known, architecture))];
        if (driven.Contains(name))
            return;
        throw new UsageException($"qemu: no machine type \"{name}\"\n  wanted:  one that {program.Path} -machine help lists and kola drives: {FamiliesOf(architecture)} or a version of it\n  got:     {name}\n  next:    --machine-type {string.Join(" or ", Nearest(name, driven))}");
    }

    /// <summary>The names in the answer to <c>-machine help</c>.</summary>
    internal static IEnumerable<string> Parse(string help) => Line().Matches(help).Select(line => line.Groups["name"].Value);

    /// <summary>At most three of the known names, those that begin most like it.</summary>
    internal static IReadOnlyList<string> Nearest(string name, IEnumerable<string> known) =>
        [.. known.OrderByDescending(k => k.Zip(name).TakeWhile(pair => pair.First == pair.Second).Count()).ThenBy(k => Math.Abs(k.Length - name.Length)).Take(3)];

    internal static bool IsDriven(string name, string architecture) => architecture == "arm64"
        ? name == "virt" || name.StartsWith("virt-", StringComparison.Ordinal)
        : IsOldPc(name) || name == "q35" || name.StartsWith("pc-q35-", StringComparison.Ordinal);

    private static string FamiliesOf(string architecture) => architecture == "arm64" ? "virt" : "q35, pc";

    // pc-q35-9.0           Standard PC (Q35 + ICH9, 2009)
    [GeneratedRegex(@"^(?<name>[a-z0-9][\w.-]*) {2,}\S", RegexOptions.Multiline)]
    private static partial Regex Line();
}
