using System.Globalization;
using System.Text.RegularExpressions;

namespace Kola.Labs;

/// <summary>Makes a lab of a YAML tree.</summary>
internal sealed partial class LabText(YamlProblems problems, string file)
{
    private static readonly string[] s_top = ["version", "name", "secrets", "features", "capacity", "slowness", "architectures", "limits", "host-address", "wait", "locks", "commands", "machines"];
    private static readonly string[] s_architectures = ["amd64", "arm64"];

    // The rest is what the harness does with machines of its own host.
    internal static IReadOnlyDictionary<string, Feature> KnownFeatures { get; } = new[]
        {
            Feature.Console, Feature.ExtraDisks, Feature.PrivateNetwork, Feature.Tpm, Feature.Uefi, Feature.BootLoader, Feature.UserData, Feature.HarnessFiles, Feature.OmahaServer,
        }
        .ToDictionary(Word);

    private readonly CommandText _commands = new(problems, file);

    /// <summary>As in a lab file and in JSON: <c>extra-disks</c>.</summary>
    internal static string Word(Feature feature) => System.Text.Json.JsonSerializer.Serialize(feature).Trim('"');

    internal LabOptions Read(YamlValue root)
    {
        Dictionary<string, YamlValue> top = problems.Map(root, "the lab", s_top);
        if (problems.Asked(top, "version", root, "version: 1") is { } version && version is not { Plain: true, Scalar: "1" })
            problems.Wrong(version, $"version is {version.Kind}", "1, the only one there is");
        ReadyMachine[] ready = top.TryGetValue("machines", out YamlValue? machines) ? Machines(machines) : [];
        LabCommandSet commands = top.TryGetValue("commands", out YamlValue? said) ? _commands.Read(said, ready: machines is not null) : new LabCommandSet();
        if (root.Members?.Count == top.Count && machines is null && said is null)
            problems.Wrong(root, "the lab has no machines and cannot make any", "commands: { provision: …, deprovision: … }, or machines: […]");
        Dictionary<string, YamlValue> capacity = top.TryGetValue("capacity", out YamlValue? room) ? problems.Map(room, "capacity", ["machines", "memory-mib"]) : [];
        Dictionary<string, YamlValue> limits = top.TryGetValue("limits", out YamlValue? bounds) ? problems.Map(bounds, "limits", ["config-bytes", "disks", "cards"]) : [];
        if (bounds is not null && machines is not null)
            problems.Wrong(bounds, "limits of ready machines", "none: they take no config, no disks and no cards");
        int count = problems.Number(capacity, "machines", 1, 10_000) ?? Math.Max(1, ready.Length);
        if (ready.Length > 0 && count > ready.Length)
            problems.Wrong(capacity["machines"], string.Create(CultureInfo.InvariantCulture, $"machines is {count}"), string.Create(CultureInfo.InvariantCulture, $"at most {ready.Length}: so many are there"));
        string? host = top.TryGetValue("host-address", out YamlValue? address) ? Matching(address, "host-address", Host(), "a host name or an address, as machines would use it") : null;
        HashSet<Feature> features = top.TryGetValue("features", out YamlValue? list) ? Features(list, commands.Controls, ready, host) : [];
        return new LabOptions
        {
            File = file,
            Name = top.TryGetValue("name", out YamlValue? name) ? Matching(name, "name", Name(), "lowercase letters, digits and \"-\"") ?? "" : Platforms.ResourceTags.Clean(Path.GetFileNameWithoutExtension(file)),
            Secrets = top.TryGetValue("secrets", out YamlValue? secrets) ? [.. problems.List(secrets, "secrets", "[RACK_TOKEN]").Select(s => Matching(s, "secrets", Variable(), "names of variables: RACK_TOKEN")).OfType<string>()] : [],
            Features = features,
            Machines = count,
            MemoryMiB = problems.Number(capacity, "memory-mib", 256, int.MaxValue) ?? count * 65536,
            Slowness = top.TryGetValue("slowness", out YamlValue? slowness) ? Slowness(slowness) : 1,
            Architectures = top.TryGetValue("architectures", out YamlValue? architectures) ? [.. problems.Words(architectures, "architectures", s_architectures).Select(w => w.Word)] : ["amd64"],
            ConfigBytes = problems.Number(limits, "config-bytes", 1024, int.MaxValue),
            Disks = problems.Number(limits, "disks", 0, 64) ?? (features.Contains(Feature.ExtraDisks) ? 8 : 0),
            Cards = problems.Number(limits, "cards", 0, 64) ?? (features.Contains(Feature.PrivateNetwork) ? 1 : 0),
            HostAddress = host,
            Wait = top.TryGetValue("wait", out YamlValue? wait) ? _commands.Time(wait, "wait") ?? default : TimeSpan.FromMinutes(30),
            Locks = top.TryGetValue("locks", out YamlValue? locks) && problems.Text(locks, "locks", "a directory") is { } directory ? _commands.PathOf(directory) : null,
            Provision = commands.Provision,
            Deprovision = commands.Deprovision,
            List = commands.List,
            Controls = commands.Controls,
            Ready = [.. ready.Select(r => r with { Controls = r.Controls.Or(commands.Controls) })],
        };
    }

    private HashSet<Feature> Features(YamlValue list, LabControls controls, ReadyMachine[] ready, string? host)
    {
        var features = new HashSet<Feature>();
        foreach ((string word, YamlValue at) in problems.Words(list, "features", [.. KnownFeatures.Keys]))
        {
            Feature feature = KnownFeatures[word];
            if (feature == Feature.Console && (ready.Length > 0 ? ready.Any(r => !HasConsole(r.Controls.Or(controls))) : !HasConsole(controls)))
                problems.Wrong(at, "features holds console, and nothing says where it comes from", "commands: { console: { run: […] } } or { file: PATH }, for each machine");
            else if (ready.Length > 0 && feature is Feature.ExtraDisks or Feature.UserData or Feature.PrivateNetwork)
                problems.Wrong(at, $"features holds {word}, and the machines are ready", "what a machine has without a config for the test");
            else if (feature is Feature.HarnessFiles or Feature.OmahaServer && host is null)
                problems.Wrong(at, $"features holds {word}, and machines do not reach this host", "host-address: ADDRESS, under which they reach its loopback");
            else
                features.Add(feature);
        }

        return features;
    }

    private static bool HasConsole(LabControls controls) => controls.Console is not null || controls.ConsoleFile is not null;

    private ReadyMachine[] Machines(YamlValue value)
    {
        const string Example = "{ name: shelf-1, address: 192.0.2.7, key: ~/.ssh/lab, host-key: 'SHA256:…' }";
        List<ReadyMachine> all = [];
        foreach (YamlValue item in problems.List(value, "machines", Example))
        {
            ReadyMachine machine = Machine(item, Example);
            if (machine.Name.Length > 0 && all.Any(m => m.Name == machine.Name))
                problems.Wrong(item, $"a second machine is called {machine.Name}", "a name of its own");
            else if (machine.Address.Length > 0 && all.FirstOrDefault(m => (m.Address, m.Port) == (machine.Address, machine.Port)) is { } same)
                problems.Wrong(item, $"{machine.Name} is at the same address as {same.Name}", "each machine once");
            all.Add(machine);
        }

        return [.. all];
    }

    private ReadyMachine Machine(YamlValue item, string example)
    {
        Dictionary<string, YamlValue> members = problems.Map(item, "a machine", ["name", "address", "port", "user", "key", "host-key", "power", "status", "console", "restore"]);
        return new ReadyMachine
        {
            Name = problems.Asked(members, "name", item, example) is { } name ? Matching(name, "name", Name(), "lowercase letters, digits and \"-\"") ?? "" : "",
            Address = problems.Asked(members, "address", item, example) is { } address ? Matching(address, "address", Host(), "a host name or an address") ?? "" : "",
            Port = problems.Number(members, "port", 1, 65535) ?? 22,
            User = members.TryGetValue("user", out YamlValue? user) ? Matching(user, "user", User(), "a user's name") ?? "" : "core",
            Key = members.TryGetValue("key", out YamlValue? key) && problems.Text(key, "key", "the path of a private key; leave it out to use the agent") is { } path ? _commands.PathOf(path) : null,
            HostKey = problems.Asked(members, "host-key", item, "host-key: 'SHA256:…', as ssh-keyscan ADDRESS | ssh-keygen -lf - shows it") is { } pin ? Matching(pin, "host-key", Fingerprint(), "'SHA256:' and 43 characters, as ssh-keyscan ADDRESS | ssh-keygen -lf - shows it") ?? "" : "",
            Controls = _commands.Controls(members, ready: true),
        };
    }

    private double Slowness(YamlValue value)
    {
        if (value.Plain && double.TryParse(value.Scalar, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double read) && read is >= 1 and <= 100)
            return read;
        problems.Wrong(value, $"slowness is {(value.Text is null && value.Scalar is { Length: > 0 } text ? text : value.Kind)}", "how many times slower than with hardware virtualization, 1 to 100");
        return 1;
    }

    private string? Matching(YamlValue value, string key, Regex shape, string wanted)
    {
        if (value.Text is { } text && shape.IsMatch(text))
            return text;
        problems.Wrong(value, $"{key} is {value.Kind}", value.Text is null && value.Plain && value.Scalar is { Length: > 0 } ? "a text; put it in quotes" : wanted);
        return null;
    }

    // rack3        shelf-1
    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,62}$")]
    internal static partial Regex Name();

    // RACK_TOKEN
    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    internal static partial Regex Variable();

    // shelf-1.lab.example        192.0.2.7        2001:db8::7
    [GeneratedRegex("^[A-Za-z0-9:][A-Za-z0-9.:-]*$")]
    internal static partial Regex Host();

    // core        _lab-1
    [GeneratedRegex("^[a-z_][a-z0-9_.-]*$")]
    internal static partial Regex User();

    // SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU
    [GeneratedRegex("^SHA256:[A-Za-z0-9+/]{43}$")]
    internal static partial Regex Fingerprint();
}
