using System.Text;
using System.Text.Json;
using Kola.Cli;

namespace Kola.Tests.Cli;

/// <summary><c>kola config check | render | diff</c> on files.</summary>
[NonParallelizable] // Console is the process's
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ConfigCommandTests
{
    private const string Good = "variant: flatcar\nversion: 1.0.0\nstorage:\n  files:\n    - path: /etc/motd\n      mode: 0644\n      contents: {inline: hello}\n";

    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("kola-config-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task A_good_config_is_exit_0_in_one_line()
    {
        string file = Write("web.bu", Good);
        Assert.That(await RunAsync("check", file), Is.EqualTo((0, $"{file}: Butane for Ignition 3.3.0: good\n", "")));
    }

    [Test]
    public async Task Every_problem_is_shown_with_its_line_and_a_caret()
    {
        string file = Write("web.bu", "variant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n    - path: etc/motd\n      mode: 400\n      contnts: {}\n");
        (int code, string output, _) = await RunAsync("check", file);
        Assert.That(code, Is.EqualTo(2));
        Assert.That(output, Is.EqualTo($"""
            {file}:5:13: error at $.storage.files.0.path: path not absolute
                    - path: etc/motd
                            ^
            {file}:6:13: warning at $.storage.files.0.mode: unreasonable mode would be reasonable if specified in octal; remember to add a leading zero
                      mode: 400
                            ^
              wanted:  mode: 0400
            {file}:7:7: error at $.storage.files.0.contnts: Unused key contnts
                      contnts: {"{}"}
                      ^
              wanted:  did you mean contents?
            {file}: Butane: 2 errors, 1 warning

            """));
    }

    [Test]
    public async Task Several_files_are_all_told_whatever_they_are()
    {
        string good = Write("a.bu", Good), old = Write("b.ign", """{"ignition": {"version": "2.3.0"}}"""), missing = Path.Combine(_directory, "missing.bu"), binary = Path.Combine(_directory, "c.bin");
        File.WriteAllBytes(binary, [0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe]);
        (int code, string output, _) = await RunAsync("check", good, old, missing, _directory, binary, Write("empty.bu", ""), Write("d.yaml", "#cloud-config\nhostnme: a\n"));
        Assert.That(code, Is.EqualTo(2));
        Assert.That(output, Does.Contain($"{good}: Butane for Ignition 3.3.0: good\n").And.Contain($"{old}: Ignition 2.3.0: good\n")
            .And.Contain($"{missing}: error at $: no such file\n").And.Contain($"{_directory}: error at $: a directory\n").And.Contain($"{binary}: error at $: no text: byte 4 is no UTF-8\n")
            .And.Contain("empty.bu: error at $: the config is empty\n").And.Contain("d.yaml:2:1: warning at $.hostnme: unrecognized key \"hostnme\"\n    hostnme: a\n    ^\n  wanted:  did you mean hostname?\n"));
    }

    [TestCase("variant: flatcar\nversion: 1.0.0\nstorage:\n\tfiles: []\n", ":4:1: error at $: Error unmarshaling yaml: While scanning", TestName = "A tab")]
    [TestCase("variant: flatcar\r\nversion: 1.0.0\r\nstorage: 5\r\n", ":3:10: error at $.storage: cannot unmarshal !!int `5` into Storage\n    storage: 5\n             ^\n", TestName = "CRLF")]
    [TestCase("\uFEFFvariant: flatcar\nversion: 9.0.0\n", ":2:10: error at $.version: No translator exists", TestName = "A byte order mark")]
    [TestCase("variant: flatcar\nversion: 1.0.0\nversion: 1.0.0\n", ":3:1: error at $.version: mapping key \"version\" already defined at line 2", TestName = "A key twice")]
    [TestCase("variantt: flatcar\nversion: 1.0.0\n", "YAML without variant; variantt is near it", TestName = "A typing error in variant")]
    [TestCase("storage:\n  files: []\n", "a Container Linux Config", TestName = "A Container Linux Config")]
    [TestCase("hello\n", "no config of any language", TestName = "Words")]
    [TestCase("{\"ignition\": {\"version\": \"3.3.0\"},}", ":1:35: error at $: not JSON", TestName = "Broken JSON")]
    public async Task Bad_files_are_told_with_their_place(string text, string told)
    {
        (int code, string output, _) = await RunAsync("check", Write("bad", text));
        Assert.That((code, output), Is.EqualTo((2, output)));
        Assert.That(output, Does.Contain(told));
    }

    [Test]
    public async Task Aliases_of_aliases_and_deep_nesting_end_soon()
    {
        var bomb = new StringBuilder("variant: flatcar\nversion: 1.0.0\na0: &a0 [x, x]\n");
        for (int i = 1; i < 60; i++)
            bomb.AppendLine($"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]");
        await EndsAsync(2, "document contains excessive aliasing", "check", Write("bomb.bu", bomb.ToString()));
        await EndsAsync(2, "lists and maps within each other", "check", Write("deep.bu", "variant: flatcar\nversion: 1.0.0\nstorage: " + new string('[', 100_000)));
        await EndsAsync(2, "", "check", Write("deep.ign", new string('[', 100_000)));
    }

    [Test]
    public async Task What_the_image_takes_is_asked_of()
    {
        string file = Write("new.bu", "variant: flatcar\nversion: 1.1.0\n");
        await EndsAsync(0, "", "check", "--accepts", "3.4.0", file);
        (int code, string output, _) = await RunAsync("check", "--accepts", "3.3.0", file);
        Assert.That((code, output), Is.EqualTo((2, $"{file}: error at $.version: Ignition 3.4.0, and the image takes 3.3.0 at most\n  wanted:  version: 1.0.0\n{file}: Butane for Ignition 3.4.0: 1 error, no warnings\n")));
        await EndsAsync(2, "wanted:  a spec: 3.3.0", "check", "--accepts", "three", file);
    }

    [Test]
    public async Task A_form_for_editors()
    {
        (int code, string output, _) = await RunAsync("check", "--json", Write("web.bu", "variant: flatcar\nversion: 1.0.0\npaswd: {}\n"));
        JsonElement problem = JsonDocument.Parse(output).RootElement[0].GetProperty("problems")[0];
        Assert.That((code, problem.GetProperty("line").GetInt32(), problem.GetProperty("column").GetInt32(), problem.GetProperty("severity").GetString(), problem.GetProperty("wanted").GetString()), Is.EqualTo((2, 3, 1, "error", "did you mean passwd?")));
    }

    [Test]
    public async Task Local_files_are_looked_for_beside_the_config_or_where_one_says()
    {
        string file = Write("web.bu", "variant: flatcar\nversion: 1.0.0\nstorage: {files: [{path: /a, contents: {local: b}}]}\n");
        await EndsAsync(2, "web.bu:3:48: error at $.storage.files.0.contents.local: open b: no such file or directory", "render", file);
        Write("b", "B");
        await EndsAsync(0, "\"source\": \"data:,B\"", "render", file);
        string elsewhere = Directory.CreateDirectory(Path.Combine(_directory, "elsewhere")).FullName;
        File.WriteAllText(Path.Combine(elsewhere, "b"), "C");
        await EndsAsync(0, "\"source\": \"data:,C\"", "render", "--files-dir", elsewhere, file);
    }

    [Test]
    public async Task Older_configs_are_left_as_they_are_unless_one_asks()
    {
        const string two = """{"ignition": {"version": "2.2.0"}, "networkd": {"units": [{"name": "a.network", "contents": "b"}]}}""";
        string file = Write("old.ign", two), output = Path.Combine(_directory, "out.ign");
        Assert.That(await RunAsync("render", file), Is.EqualTo((0, two, "")));
        Assert.That(await RunAsync("render", "--translate", "-o", output, file), Is.EqualTo((0, "", "")));
        Assert.That(File.ReadAllText(output), Does.Contain("\"version\": \"3.1.0\"").And.Contain("/etc/systemd/network/a.network"));
        Assert.That(await RunAsync("diff", file, output), Is.EqualTo((0, "both ask for the same\n", "")));
    }

    [Test]
    public async Task What_differs_in_meaning_is_exit_1()
    {
        string a = Write("a.bu", Good), b = Write("b.bu", Good.Replace("hello", "bye", StringComparison.Ordinal));
        string same = Write("a.ign", """{"ignition": {"version": "3.3.0"}, "storage": {"files": [{"path": "/etc/motd", "mode": 420, "contents": {"compression": "", "source": "data:;base64,aGVsbG8="}}]}}""");
        await EndsAsync(0, "", "diff", a, same);
        (int code, string output, _) = await RunAsync("diff", a, b);
        Assert.That((code, output), Is.EqualTo((1, output)));
        Assert.That(output, Does.Contain("/etc/motd"));
        await EndsAsync(1, "\"kind\": \"changed\"", "diff", "--json", a, b);
        await EndsAsync(2, "", "diff", a, Write("d.yaml", "#cloud-config\n"));
    }

    [Test]
    public async Task A_reference_is_checked_but_not_rendered()
    {
        string file = Write("ref.bu", "variant: flatcar\nversion: 1.0.0\nstorage: {files: [{path: /a, contents: {source: \"${files.http}/b\"}}, {path: /c, contents: {source: \"http://${hub.address}/d\"}}]}\n");
        await EndsAsync(0, "", "check", file);
        await EndsAsync(2, "${files.http} is known to a run only", "render", file);
    }

    private string Write(string name, string text)
    {
        string file = Path.Combine(_directory, name);
        File.WriteAllText(file, text);
        return file;
    }

    private static async Task EndsAsync(int with, string told, params string[] arguments)
    {
        (int code, string output, string error) = await RunAsync(arguments);
        Assert.That((code, output + error), Is.EqualTo((with, output + error)));
        Assert.That(output + error, Does.Contain(told));
    }

    private static Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        Typed.RunAsync(new Surroundings { CacheDirectory = "/nonexistent" }, ["config", .. arguments]);
}
