using Kola.Policies;
using Kola.Tests.Reporting;
using NJsonSchema;

namespace Kola.Tests.Policies;

public sealed class PolicyFileTests
{
    private const string Rest = "because: b, owner: o, tracker: 'https://a.example/1', until: 2027-01-31";

    private static readonly JsonSchema s_schema = JsonSchema.FromJsonAsync(File.ReadAllText(Path.Combine(GoldenFile.Root, "docs/policy.schema.json"))).GetAwaiter().GetResult();

    // What both the parser and the schema take.
    private static readonly string[] s_good =
    [
        "version: 1",
        "version: 1\ngate: {}\ntests: []",
        "version: 1\ngate: { failed: 1, broken: 2, not-run: 3, flaky: 4, known: 5, passed: 6, platforms: [qemu, aws] }",
        $"version: 1\ntests: [{{ known: [cl.basic], {Rest} }}]",
        $"version: 1\ntests: [{{ skip: ['cl.*', 'a?b'], platforms: [qemu], arches: [amd64, arm64], channels: [alpha], versions: '>=4400.0.0 <4500', {Rest} }}]",
        $"version: 1\ntests: [{{ enforce: [cl.basic], versions: '=4459.2.1', {Rest} }}]",
        "version: 1\ntests:\n- known: [a]\n  because: |\n    Two\n    lines.\n  owner: \"5\"\n  tracker: http://localhost:8080/x?y#z\n  until: '2027-01-31'",
    ];

    // What neither takes, with where the parser sees it and a word of what it says.
    private static readonly (string Text, string At, string Says)[] s_bad =
    [
        ("[]", "1:1", "the policy is a list"),
        ("{}", "1:1", "version is missing"),
        ("version: 2", "1:10", "version is 2"),
        ("version: '1'", "1:10", "version is \"1\""),
        ("version: 1\ntest: []", "2:1", "nearest: tests"),
        ("version: 1\ngate: []", "2:7", "gate is a list"),
        ("version: 1\ngate:", "2:6", "gate is nothing"),
        ("version: 1\ngate: { flakey: 2 }", "2:9", "nearest: flaky"),
        ("version: 1\ngate: { flaky: -1 }", "2:16", "flaky is -1"),
        ("version: 1\ngate: { flaky: two }", "2:16", "flaky is \"two\""),
        ("version: 1\ngate: { flaky: '2' }", "2:16", "flaky is \"2\""),
        ("version: 1\ngate: { flaky: 1.5 }", "2:16", "a whole number of at least 0"),
        ("version: 1\ngate: { passed: 0 }", "2:17", "a whole number of at least 1"),
        ("version: 1\ngate: { platforms: qemu }", "2:20", "platforms is \"qemu\""),
        ("version: 1\ngate: { platforms: [] }", "2:20", "platforms is empty"),
        ("version: 1\ngate: { platforms: [qemu, qemu] }", "2:27", "twice"),
        ("version: 1\ngate: { platforms: [QEMU] }", "2:21", "platforms holds \"QEMU\""),
        ("version: 1\ntests: {}", "2:8", "tests is a map"),
        ("version: 1\ntests: [x]", "2:9", "an entry is \"x\""),
        ($"version: 1\ntests: [{{ {Rest} }}]", "2:9", "an entry does nothing"),
        ($"version: 1\ntests: [{{ skip: [a], known: [b], {Rest} }}]", "2:29", "skip and known at once"),
        ($"version: 1\ntests: [{{ known: [], {Rest} }}]", "2:18", "known is empty"),
        ($"version: 1\ntests: [{{ known: [''], {Rest} }}]", "2:19", "known holds \"\""),
        ($"version: 1\ntests: [{{ known: [CL.Basic], {Rest} }}]", "2:19", "an id, or a glob"),
        ($"version: 1\ntests: [{{ known: [a b], {Rest} }}]", "2:19", "known holds \"a b\""),
        ($"version: 1\ntests: [{{ known: [5], {Rest} }}]", "2:19", "known holds 5"),
        ($"version: 1\ntests: [{{ known: [a, a], {Rest} }}]", "2:22", "twice"),
        ($"version: 1\ntests: [{{ known: cl.basic, {Rest} }}]", "2:18", "known is \"cl.basic\""),
        ($"version: 1\ntests: [{{ known: [a], arches: [arm], {Rest} }}]", "2:32", "nearest: arm64"),
        ($"version: 1\ntests: [{{ known: [a], channels: [alfa], {Rest} }}]", "2:34", "nearest: alpha"),
        ($"version: 1\ntests: [{{ known: [a], versions: '4400', {Rest} }}]", "2:33", "\"4400\" is no comparison"),
        ($"version: 1\ntests: [{{ known: [a], versions: '>= 4400', {Rest} }}]", "2:33", "\">=\" is no comparison"),
        ($"version: 1\ntests: [{{ known: [a], versions: '', {Rest} }}]", "2:33", "no comparison"),
        ($"version: 1\ntests: [{{ known: [a], versions: 4400, {Rest} }}]", "2:33", "versions is 4400"),
        ("version: 1\ntests: [{ known: [a], owner: o, tracker: 'https://a.example', until: 2027-01-31 }]", "2:9", "because is missing"),
        ("version: 1\ntests: [{ known: [a], because: ' ', owner: o, tracker: 'https://a.example', until: 2027-01-31 }]", "2:32", "because is \" \""),
        ("version: 1\ntests: [{ known: [a], because: b, owner: 5, tracker: 'https://a.example', until: 2027-01-31 }]", "2:42", "put it in quotes"),
        ("version: 1\ntests: [{ known: [a], because: b, tracker: 'https://a.example', until: 2027-01-31 }]", "2:9", "owner is missing"),
        ("version: 1\ntests: [{ known: [a], because: b, owner: o, tracker: flatcar#1, until: 2027-01-31 }]", "2:54", "an absolute http or https address"),
        ("version: 1\ntests: [{ known: [a], because: b, owner: o, tracker: 'ftp://a.example', until: 2027-01-31 }]", "2:54", "tracker is \"ftp://a.example\""),
        ("version: 1\ntests: [{ known: [a], because: b, owner: o, tracker: 'https://a.example', until: 31.1.2027 }]", "2:82", "a day there is"),
        ("version: 1\ntests: [{ known: [a], because: b, owner: o, tracker: 'https://a.example', until: 2027-02-31 }]", "2:82", "until is \"2027-02-31\""),
        ("version: 1\ntests: [{ known: [a], because: b, owner: o, tracker: 'https://a.example' }]", "2:9", "until is missing"),
    ];

    [Test]
    public void An_entry_is_read_as_it_is_written()
    {
        Policy policy = PolicyFile.Parse($"version: 1\ngate: {{ flaky: 2, platforms: [qemu] }}\ntests:\n- skip: ['cl.*']\n  platforms: [qemu]\n  arches: [arm64]\n  channels: [alpha]\n  versions: '>=4400 <4500'\n  because: It is slow.\n  owner: me\n  tracker: https://a.example/1\n  until: 2027-01-31\n", "p.yaml");
        PolicyEntry entry = policy.Entries.Single();
        Assert.That((policy.Gate.Flaky, policy.Gate.Passed, policy.Gate.Known), Is.EqualTo(((int?)2, 1, (int?)null)));
        Assert.That((entry.Action, entry.Tests[0], entry.Platforms[0], entry.Architectures[0], entry.Channels[0], entry.Versions), Is.EqualTo((PolicyAction.Skip, "cl.*", "qemu", "arm64", "alpha", ">=4400 <4500")));
        Assert.That((entry.Because, entry.Owner, entry.Tracker, entry.Until, entry.Line), Is.EqualTo(("It is slow.", "me", "https://a.example/1", new DateOnly(2027, 1, 31), 4)));
        Assert.That(policy.Digest, Does.Match("^sha256:[0-9a-f]{64}$"));
    }

    [TestCaseSource(nameof(s_good))]
    public void Parser_and_schema_take_what_is_right(string text)
    {
        Assert.That(() => PolicyFile.Parse(text, "p.yaml"), Throws.Nothing);
        Assert.That(Faults(text), Is.Empty);
    }

    [Test]
    public void Parser_and_schema_refuse_what_is_wrong_and_the_parser_says_where()
    {
        foreach ((string text, string at, string says) in s_bad)
        {
            using IDisposable all = Assert.EnterMultipleScope();
            Assert.That(() => PolicyFile.Parse(text, "p.yaml"), Throws.TypeOf<UsageException>().With.Message.StartsWith($"p.yaml:{at}: ").And.Message.Contains(says).And.Message.Contains("\n  wanted:  "), text);
            Assert.That(Faults(text), Is.Not.Empty, text);
        }
    }

    // What a schema cannot say.
    [TestCase("", "1:1", "empty")]
    [TestCase("version: 1\nversion: 1", "2:1", "version is said twice, first in line 1")]
    [TestCase("version: [", "2:1", "one YAML document")]
    [TestCase("version: 1\n---\nversion: 1", "2:1", "a second document")]
    [TestCase("version: &a 1\ngate: *a", "2:7", "an alias")]
    [TestCase("version: 1\ntests: [{ known: [a], versions: '>=4500 <4400', because: b, owner: o, tracker: 'https://a.example', until: 2027-01-31 }]", "2:33", "no version is in it")]
    [TestCase("version: 1\ntests: [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "2:24", "more than 16")]
    public void The_parser_minds_more_than_the_schema(string text, string at, string says) =>
        Assert.That(() => PolicyFile.Parse(text, "p.yaml"), Throws.TypeOf<UsageException>().With.Message.StartsWith($"p.yaml:{at}: ").And.Message.Contains(says));

    [Test]
    public void All_problems_are_told_at_once_in_the_order_of_the_file()
    {
        string text = "version: 3\ngate: { flaky: many }\ntests:\n- known: [A]\n  owner: o\n  until: soon\n- { nope: 1 }\n";
        var wrong = Assert.Throws<UsageException>(() => PolicyFile.Parse(text, "p.yaml"));
        Assert.That(
            wrong!.Message.Split('\n').Where(line => line.StartsWith("p.yaml", StringComparison.Ordinal)).Select(line => line.Split(": ")[0]),
            Is.EqualTo((string[])["p.yaml:1:10", "p.yaml:2:16", "p.yaml:4:3", "p.yaml:4:3", "p.yaml:4:11", "p.yaml:6:10", "p.yaml:7:3", "p.yaml:7:3", "p.yaml:7:3", "p.yaml:7:3", "p.yaml:7:3", "p.yaml:7:5"]));
    }

    [Test]
    public void A_file_that_is_not_there_is_wrong_use() =>
        Assert.That(() => PolicyFile.Read("/no/such/policy.yaml"), Throws.TypeOf<UsageException>().With.Message.Contains("/no/such/policy.yaml"));

    [Test]
    public void The_example_is_right_and_names_tests_there_are()
    {
        string file = Path.Combine(GoldenFile.Root, "docs/kola-policy.example.yaml");
        Policy policy = PolicyFile.Read(file);
        Assert.That(Faults(File.ReadAllText(file)), Is.Empty);
        Assert.That(policy.Entries.Select(entry => entry.Action), Is.EquivalentTo(Enum.GetValues<PolicyAction>()));
        Kola.Discovery.Catalog catalog = new NUnitSuite(typeof(Flatcar.Tests.SuiteMarker).Assembly).Explore();
        Assert.That(policy.Entries.First(entry => entry.Action == PolicyAction.Enforce).Tests.Where(pattern => !catalog.Cases.Any(test => TestPattern.Matches(pattern, test.Id, test.Formerly))), Is.Empty);
    }

    // As a program of another make would see the file: YAML to JSON by YamlDotNet's own rules, then the schema.
    private static ICollection<NJsonSchema.Validation.ValidationError> Faults(string yaml)
    {
        object? tree = new YamlDotNet.Serialization.DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build().Deserialize(yaml);
        return s_schema.Validate(new YamlDotNet.Serialization.SerializerBuilder().JsonCompatible().Build().Serialize(tree));
    }
}
