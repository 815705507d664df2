using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kola.Ignition;

namespace Kola.Planning;

/// <summary>Which templates the machines of tests are copies of, and which of those are there.</summary>
public sealed record TemplatePlan
{
    /// <summary>Every machine boots cold.</summary>
    public static TemplatePlan None { get; } = new() { KeyOf = (_, _) => null };

    /// <summary>
    /// Templates told apart by what a machine's spec says, none of them there: what can be known before a platform is asked for their real keys.
    /// </summary>
    public static TemplatePlan ByShape { get; } = new() { KeyOf = ShapeOf };

    /// <summary>Key of the template of one machine of a test; null when it boots cold. Only asked for tests whose machines may be copies.</summary>
    public required Func<TestCase, MachineSpec, string?> KeyOf { get; init; }

    /// <summary>Keys of the templates that are there. Default none.</summary>
    public IReadOnlySet<string> Present { get; init; } = new HashSet<string>();

    /// <summary>
    /// Whether a test's machines may be copies: it does not look at a first boot, and none has a TPM or an NVMe disk, whose state cannot be copied, or a firmware
    /// of its own, which is what the test is about, or a config that is no other test's.
    /// </summary>
    public static bool MayClone(TestCase test) => !test.Fresh && test.Machines.All(MayClone);

    /// <summary>As <see cref="MayClone(TestCase)"/>, of one machine.</summary>
    internal static bool MayClone(MachineSpec machine) => !machine.Tpm && machine.Disks.All(d => d.Bus != DiskBus.Nvme) && machine.Firmware == Firmware.Any && MachineConfig.CanBeShared(machine);

    /// <summary>Keys of the templates a test waits for, each once; none when it boots cold.</summary>
    public IReadOnlyList<string> KeysOf(TestCase test) =>
        MayClone(test) ? [.. test.Machines.Select(m => KeyOf(test, m)).OfType<string>().Distinct()] : [];

    /// <summary>The templates that are to be made for tests, each once, with a machine to make it of and a test that asks for it.</summary>
    public IEnumerable<(string Key, MachineSpec Machine, TestCase Test)> ToMake(IEnumerable<TestCase> tests) =>
        from test in tests.Where(MayClone)
        from machine in test.Machines
        let key = KeyOf(test, machine)
        where key is not null && !Present.Contains(key)
        group (machine, test) by key into makings
        select (makings.Key, makings.First().machine, makings.First().test);

    /// <summary>
    /// What a machine is among those it is prepared with, as a template's key has it: its role, and a digest of what all of them are. Their roles and order decide
    /// their addresses, and so what they know of one another.
    /// </summary>
    internal static string PlaceOf(TestCase test, MachineSpec machine)
    {
        string all = string.Join('\n', [.. test.Machines.Select(m => $"{m.Name}: {m.Hostname}, {Spec(test, m)}"), .. test.Segments.Select(s => s.ToString())]);
        return $"{machine.Name} of {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)))}";
    }

    private static string ShapeOf(TestCase test, MachineSpec machine) =>
        test.Prepared is { } together ? $"{together} as {PlaceOf(test, machine)}" : Spec(test, machine);

    private static string Spec(TestCase test, MachineSpec machine)
    {
        string disks = string.Join(',', machine.Disks.Select(d => $"{d.Serial}={d.SizeMiB} on {d.Bus}"));
        // A config's text is as good as its digest, and never goes anywhere: keys are only compared.
        return string.Create(CultureInfo.InvariantCulture, $"{machine.MemoryMiB} MiB, {machine.Cpus} CPUs on {machine.NumaNodes} nodes, {Neighbourhood.CardsOf(test, machine)} cards, {machine.DiskMiB}, [{disks}], {machine.User}, {machine.Updates}, {machine.Offline}, {machine.Prepared}, {machine.ConfigDirectory}, {machine.Config}");
    }
}
