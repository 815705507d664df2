using Kola.Labs;
using NJsonSchema;

namespace Kola.Platforms.Tests.Labs;

public sealed class LabFileTests
{
    private const string Make = "provision: { run: [./p] }, deprovision: { run: [./d] }";
    private const string Machine = "name: a, address: 192.0.2.7, host-key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU'";

    private static readonly string s_root = FindRoot();
    private static readonly JsonSchema s_schema = JsonSchema.FromJsonAsync(File.ReadAllText(Path.Combine(s_root, "docs/lab.schema.json"))).GetAwaiter().GetResult();

    // What both the parser and the schema take.
    private static readonly string[] s_good =
    [
        $"version: 1\ncommands: {{ {Make} }}",
        $"version: 1\nname: rack3\nsecrets: [RACK_TOKEN]\nfeatures: [console, extra-disks, private-network, tpm, uefi, boot-loader, user-data, harness-files, harness-updates]\ncapacity: {{ machines: 4, memory-mib: 4096 }}\nslowness: 2.5\narchitectures: [amd64, arm64]\nlimits: {{ config-bytes: 65536, disks: 4, cards: 0 }}\nhost-address: 10.0.2.2\ncommands: {{ {Make}, console: {{ run: [c, '${{id}}'] }} }}",
        "version: 1\ncommands:\n  provision: { run: [sh, -c, 'x', 4, true], timeout: 500ms, retries: 0, backoff: 1.5h, exits: { quota: [10, 11], retry: [1], usage: [2], gone: [125] }, input: ignition }\n  deprovision: { run: [d] }\n  power: { run: [p], actions: [on, off] }\n  status: { run: [s], every: 1s }\n  list: { run: [l], timeout: 9m }\n  console: { file: '/var/log/${machine}-${id}' }",
        $"version: 1\nmachines: [{{ {Machine} }}]",
        $"version: 1\nfeatures: [console]\nwait: 1h\nlocks: /srv/locks\ncapacity: {{ machines: 1 }}\ncommands: {{ power: {{ run: [p], actions: [cycle] }}, restore: {{ run: [r] }}, console: {{ run: [c] }} }}\nmachines:\n- {{ {Machine}, port: 2222, user: root, key: ~/.ssh/id, console: {{ file: /c }}, restore: {{ run: [r] }}, status: {{ run: [s] }} }}\n- {{ name: b, address: '2001:db8::7', host-key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' }}",
    ];

    // What neither takes, with where the parser sees it and a word of what it says.
    private static readonly (string Text, string At, string Says)[] s_bad =
    [
        ("[]", "1:1", "the lab is a list"),
        ("{}", "1:1", "version is missing"),
        ("version: 1", "1:1", "has no machines and cannot make any"),
        ($"version: 2\ncommands: {{ {Make} }}", "1:10", "version is 2"),
        ($"version: 1\ncomands: {{ {Make} }}", "2:1", "nearest: commands"),
        ($"version: 1\nname: Rack 3\ncommands: {{ {Make} }}", "2:7", "name is \"Rack 3\""),
        ($"version: 1\nsecrets: RACK\ncommands: {{ {Make} }}", "2:10", "secrets is \"RACK\""),
        ($"version: 1\nsecrets: ['a b']\ncommands: {{ {Make} }}", "2:11", "names of variables"),
        ($"version: 1\nfeatures: [consol]\ncommands: {{ {Make} }}", "2:12", "nearest: console"),
        ($"version: 1\nfeatures: [link-faults]\ncommands: {{ {Make} }}", "2:12", "features is \"link-faults\""),
        ($"version: 1\nfeatures: [tpm, tpm]\ncommands: {{ {Make} }}", "2:17", "twice"),
        ($"version: 1\ncapacity: {{ machines: 0 }}\ncommands: {{ {Make} }}", "2:23", "machines is 0"),
        ($"version: 1\nslowness: 0.5\ncommands: {{ {Make} }}", "2:11", "slowness is 0.5"),
        ($"version: 1\narchitectures: [arm46]\ncommands: {{ {Make} }}", "2:17", "nearest: arm64"),
        ($"version: 1\nlimits: {{ disks: 65 }}\ncommands: {{ {Make} }}", "2:18", "disks is 65"),
        ($"version: 1\nhost-address: 'a b'\ncommands: {{ {Make} }}", "2:15", "a host name or an address"),
        ("version: 1\ncommands: { provision: { run: [p] } }", "2:11", "deprovision is missing"),
        ("version: 1\ncommands: { provision: ./p, deprovision: { run: [d] } }", "2:24", "provision is \"./p\""),
        ("version: 1\ncommands: { provision: { run: './p --fast' }, deprovision: { run: [d] } }", "2:31", "for a shell say [sh, -c"),
        ("version: 1\ncommands: { provision: { run: [] }, deprovision: { run: [d] } }", "2:31", "run is empty"),
        ("version: 1\ncommands: { provision: { run: [[p]] }, deprovision: { run: [d] } }", "2:32", "run holds a list"),
        ("version: 1\ncommands: { provision: { timeout: 5m }, deprovision: { run: [d] } }", "2:24", "run is missing"),
        ("version: 1\ncommands: { provision: { run: [p], timeout: 5 }, deprovision: { run: [d] } }", "2:45", "timeout is 5"),
        ("version: 1\ncommands: { provision: { run: [p], timeout: 0s }, deprovision: { run: [d] } }", "2:45", "500ms, 45s, 10m, 2h"),
        ("version: 1\ncommands: { provision: { run: [p], retries: -1 }, deprovision: { run: [d] } }", "2:45", "retries is -1"),
        ("version: 1\ncommands: { provision: { run: [p], exits: { quote: [1] } }, deprovision: { run: [d] } }", "2:45", "nearest: quota"),
        ("version: 1\ncommands: { provision: { run: [p], exits: { quota: [0] } }, deprovision: { run: [d] } }", "2:53", "1 to 125"),
        ("version: 1\ncommands: { provision: { run: [p], exits: { quota: 5 } }, deprovision: { run: [d] } }", "2:52", "quota is 5"),
        ("version: 1\ncommands: { provision: { run: [p], input: xml }, deprovision: { run: [d] } }", "2:43", "one of json, ignition, none"),
        ("version: 1\ncommands: { provision: { run: [p] }, deprovision: { run: [d], input: json } }", "2:63", "deprovision has no \"input\""),
        ($"version: 1\ncommands: {{ {Make}, power: {{ run: [p] }} }}", "2:76", "actions is missing"),
        ($"version: 1\ncommands: {{ {Make}, power: {{ run: [p], actions: [on] }} }}", "2:76", "power can only switch on"),
        ($"version: 1\ncommands: {{ {Make}, power: {{ run: [p], actions: [boot] }} }}", "2:98", "on, off, cycle, reset"),
        ($"version: 1\ncommands: {{ {Make}, console: {{ run: [c], file: /c }} }}", "2:80", "console has no \"run\""),
        ($"version: 1\ncommands: {{ {Make}, console: {{ file: '/c/${{name}}' }} }}", "2:86", "file holds ${name}"),
        ($"version: 1\ncommands: {{ {Make}, restore: {{ run: [r] }} }}", "2:69", "commands has no \"restore\""),
        ($"version: 1\ncommands: {{ {Make} }}\nmachines: [{{ {Machine} }}]", "2:13", "commands has no \"provision\""),
        ("version: 1\nmachines: []", "2:11", "machines is empty"),
        ("version: 1\nmachines: [192.0.2.7]", "2:12", "a machine is \"192.0.2.7\""),
        ("version: 1\nmachines: [{ name: a, address: 192.0.2.7 }]", "2:12", "host-key is missing"),
        ("version: 1\nmachines: [{ name: a, address: 192.0.2.7, host-key: 'ssh-ed25519 AAAA' }]", "2:53", "ssh-keyscan"),
        ($"version: 1\nmachines: [{{ {Machine}, port: 70000 }}]", "2:113", "port is 70000"),
        ($"version: 1\nlimits: {{ disks: 1 }}\nmachines: [{{ {Machine} }}]", "2:9", "limits of ready machines"),
    ];

    [TestCaseSource(nameof(s_good))]
    public void Parser_and_schema_take_what_is_right(string text)
    {
        Assert.That(() => LabFile.Parse(text, "lab.yaml"), Throws.Nothing);
        Assert.That(Faults(text), Is.Empty);
    }

    [Test]
    public void Parser_and_schema_refuse_what_is_wrong_and_the_parser_says_where()
    {
        using IDisposable all = Assert.EnterMultipleScope();
        foreach ((string text, string at, string says) in s_bad)
        {
            Assert.That(() => LabFile.Parse(text, "lab.yaml"), Throws.TypeOf<UsageException>().With.Message.StartsWith($"lab.yaml:{at}: ").And.Message.Contains(says).And.Message.Contains("\n  wanted:  "), text);
            Assert.That(Faults(text), Is.Not.Empty, text);
        }
    }

    // What a schema cannot say.
    [TestCase("", "1:1", "empty")]
    [TestCase("version: [", "2:1", "one YAML document")]
    [TestCase($"version: 1\nversion: 1\ncommands: {{ {Make} }}", "2:1", "version is said twice, first in line 1")]
    [TestCase($"version: 1\nfeatures: [console]\ncommands: {{ {Make} }}", "2:12", "nothing says where it comes from")]
    [TestCase($"version: 1\nfeatures: [harness-files]\ncommands: {{ {Make} }}", "2:12", "host-address: ADDRESS")]
    [TestCase($"version: 1\nfeatures: [extra-disks]\nmachines: [{{ {Machine} }}]", "2:12", "the machines are ready")]
    [TestCase($"version: 1\nfeatures: [console]\nmachines: [{{ {Machine}, console: {{ run: [c] }} }}, {{ name: b, address: b, host-key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' }}]", "2:12", "for each machine")]
    [TestCase($"version: 1\ncapacity: {{ machines: 2 }}\nmachines: [{{ {Machine} }}]", "2:23", "at most 1")]
    [TestCase($"version: 1\nmachines: [{{ {Machine} }}, {{ {Machine} }}]", "2:109", "a second machine is called a")]
    [TestCase($"version: 1\nmachines: [{{ {Machine} }}, {{ name: b, address: 192.0.2.7, host-key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' }}]", "2:109", "b is at the same address as a")]
    [TestCase("version: 1\ncommands: { provision: { run: [p], exits: { quota: [10], retry: [10] } }, deprovision: { run: [d] } }", "2:66", "exit code 10 has two meanings")]
    public void The_parser_minds_more_than_the_schema(string text, string at, string says) =>
        Assert.That(() => LabFile.Parse(text, "lab.yaml"), Throws.TypeOf<UsageException>().With.Message.StartsWith($"lab.yaml:{at}: ").And.Message.Contains(says));

    [Test]
    public void All_problems_are_told_at_once_in_the_order_of_the_file()
    {
        var wrong = Assert.Throws<UsageException>(() => LabFile.Parse("version: 3\nnope: 1\ncommands:\n  provision: { run: x }\n  power: { run: [p], actions: [fly] }\n", "lab.yaml"));
        Assert.That(
            wrong!.Message.Split('\n').Where(line => line.StartsWith("lab.yaml", StringComparison.Ordinal)).Select(line => line.Split(": ")[0]),
            Is.EqualTo((string[])["lab.yaml:1:10", "lab.yaml:2:1", "lab.yaml:4:3", "lab.yaml:4:21", "lab.yaml:5:32"]));
    }

    [Test]
    public void A_lab_is_read_as_it_is_written()
    {
        LabOptions lab = LabFile.Parse(s_good[2], "/srv/labs/rack.yaml");
        Assert.That((lab.Name, lab.Machines, lab.Provision!.Timeout, lab.Provision.Backoff, lab.Provision.Input), Is.EqualTo(("rack", 1, TimeSpan.FromMilliseconds(500), TimeSpan.FromHours(1.5), CommandInput.Ignition)));
        Assert.That(lab.Provision.Run, Is.EqualTo((string[])["sh", "-c", "x", "4", "true"]));
        Assert.That(lab.Provision.Exits.Select(e => (e.Key, e.Value)), Is.EquivalentTo(new[] { (10, ExitMeaning.Quota), (11, ExitMeaning.Quota), (1, ExitMeaning.Retry), (2, ExitMeaning.Usage), (125, ExitMeaning.Gone) }));
        Assert.That(LabFile.Parse(s_good[0], "/srv/labs/rack.yaml").Provision!.Run[0], Is.EqualTo("/srv/labs/p"));
        LabOptions ready = LabFile.Parse(s_good[4], "/srv/labs/rack.yaml");
        Assert.That(ready.Ready.Select(r => (r.Name, r.Port, r.User, r.Controls.Power!.Actions.Single(), r.Controls.ConsoleFile)), Is.EqualTo(new[] { ("a", 2222, "root", PowerAction.Cycle, "/c"), ("b", 22, "core", PowerAction.Cycle, null) }));
        Assert.That((ready.Limits.ConfigBytes, ready.Limits.Outlives, ready.Limits.TellsExits), Is.EqualTo(((int?)0, false, false)));
    }

    [Test]
    public void A_file_that_is_not_there_is_wrong_use() =>
        Assert.That(() => LabFile.Read("/no/such/lab.yaml"), Throws.TypeOf<UsageException>().With.Message.Contains("--lab-file /no/such/lab.yaml"));

    [Test]
    public void The_examples_of_the_documentation_are_right()
    {
        string[] examples = [.. File.ReadAllText(Path.Combine(s_root, "docs/platforms/lab.md")).Split("```yaml\n").Skip(1).Select(part => part.Split("```")[0])];
        Assert.That(examples, Has.Length.AtLeast(2));
        foreach (string example in examples.Append(File.ReadAllText(Path.Combine(s_root, "platforms/Samples/Lab/lab.yaml"))))
        {
            Assert.That(() => LabFile.Parse(example, "lab.yaml"), Throws.Nothing, example);
            Assert.That(Faults(example), Is.Empty, example);
        }
    }

    // rack3
    [TestCase("rack3", true)]
    [TestCase("Rack", false)]
    public void Names_have_their_shape(string name, bool right) => Assert.That(LabText.Name().IsMatch(name), Is.EqualTo(right));

    [TestCase("RACK_TOKEN", "shelf-1.lab.example", "_lab-1", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "1.5h", "${machine}")]
    public void Each_sample_matches_its_expression(string variable, string host, string user, string fingerprint, string duration, string placeholder)
    {
        Assert.That(LabText.Variable().IsMatch(variable), Is.True);
        Assert.That(LabText.Host().IsMatch(host), Is.True);
        Assert.That(LabText.User().IsMatch(user), Is.True);
        Assert.That(LabText.Fingerprint().IsMatch(fingerprint), Is.True);
        Assert.That(CommandText.Duration().IsMatch(duration), Is.True);
        Assert.That(CommandText.Placeholder().IsMatch(placeholder), Is.True);
    }

    // As a program of another make would see the file: YAML to JSON by YamlDotNet's own rules, then the schema.
    private static ICollection<NJsonSchema.Validation.ValidationError> Faults(string yaml)
    {
        object? tree = new YamlDotNet.Serialization.DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build().Deserialize(yaml);
        return s_schema.Validate(new YamlDotNet.Serialization.SerializerBuilder().JsonCompatible().Build().Serialize(tree));
    }

    private static string FindRoot()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Flatcar.Testing.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("these tests run within the repository");
        return directory;
    }
}
