using Kola.Cli;

namespace Kola.Tests.Cli;

/// <summary>What a person gets who types something wrong: a clear error and exit code 2, with nothing started.</summary>
[NonParallelizable] // Console is the process's
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CommandLineTests
{
    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("kola-cli-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [TestCase("", "Required command was not provided")]
    [TestCase("rum", "'rum'")]
    [TestCase("run --no-such-flag", "--no-such-flag")]
    [TestCase("run --jobs many", "--jobs many\n  wanted:  auto")]
    [TestCase("plan --jobs 0", "at least 1")]
    [TestCase("run --seed red", "red")]
    [TestCase("bench plan --count 0", "--count 0")]
    [TestCase("bench boots", "boots")]
    [TestCase("bench plan --json /no/such/directory/bench.json", "--json /no/such/directory/bench.json")]
    [TestCase("bench boot --image /no/such.img", "/no/such.img")]
    [TestCase("run --platform moon", "moon")]
    [TestCase("run --accel warp", "warp")]
    [TestCase("run --firmware coreboot", "--firmware coreboot\n  wanted:  any, direct, bios, uefi or secure-boot")]
    [TestCase("run --firmware secure-boot --image /no/such.img", "/no/such.img")]
    [TestCase("run --platform moon", "no such platform\n  wanted:  qemu")]
    [TestCase("run --platform /no/such.dll", "/no/such.dll\n  wanted:  an assembly with one public class")]
    [TestCase("run --platform-option accel", "--platform-option accel\n  wanted:  NAME=VALUE")]
    [TestCase("run --platform-option speed=5", "qemu has no such option\n  wanted:  accel, qemu")]
    [TestCase("run --platform-option accel=warp", "--platform-option accel=warp\n  wanted:  auto, kvm, tcg")]
    [TestCase("run --network user --network bridge", "--network: given 2 times\n  wanted:  once")]
    [TestCase("run --max-machines 0", "--max-machines 0\n  wanted:  at least 1")]
    [TestCase("run --memory 10", "--memory 10\n  wanted:  at least 256 MiB")]
    [TestCase("run --expires soon", "--expires soon\n  wanted:  a number and a unit")]
    [TestCase("platforms moon", "no such platform")]
    [TestCase("platforms check", "'check'")]
    [TestCase("platforms check qemu --json /no/such/directory/matrix.json", "--json /no/such/directory/matrix.json")]
    [TestCase("platforms check qemu --image /no/such.img", "/no/such.img")]
    [TestCase("gc --platform moon", "no such platform")]
    [TestCase("run cl.basci", "nearest: cl.basic")]
    [TestCase("run --tag nope", "no test has the tag \"nope\"")]
    [TestCase("run --timeout soon", "45s, 90m, 2h")]
    [TestCase("run --parity lots", "a share in percent, 0 to 100: 5%")]
    [TestCase("run --parity 101%", "--parity 101%")]
    [TestCase("run --parity -1", "-1")]
    [TestCase("run --parity %", "--parity %")]
    [TestCase("run --retries 11", "--retries 11\n  wanted:  0 to 10")]
    [TestCase("run --retries -1", "-1")]
    [TestCase("run --retries 1 --keep", "--keep and --retries")]
    [TestCase("run --stress 1", "--stress 1\n  wanted:  2 to 10000")]
    [TestCase("run --stress 5 --retries 1", "--stress and --retries")]
    [TestCase("run --stress 5 --keep", "--stress and --keep")]
    [TestCase("run --stress 5 --fail-fast", "--stress and --fail-fast")]
    [TestCase("mutate --fault dns.unreachble", "no fault is called \"dns.unreachble\"\n  wanted:  an id, or a glob over ids such as dns.*\n  nearest: dns.unreachable")]
    [TestCase("mutate cl.basci", "nearest: cl.basic")]
    [TestCase("mutate --at-least most", "--at-least most\n  wanted:  a share in percent, 0 to 100: 80%")]
    [TestCase("mutate --timeout soon", "45s, 90m, 2h")]
    [TestCase("mutate --baseline /no/such/run", "/no/such/run")]
    [TestCase("mutate --image /no/such.img", "/no/such.img")]
    [TestCase("run --suite /no/such.dll", "--suite /no/such.dll")]
    [TestCase("run cl.basic --jobs 0 --image /no/such.img", "0")]
    [TestCase("run cl.basic --image /no/such.img", "/no/such.img")]
    [TestCase("plan --jobs auto --image /no/such.img", "/no/such.img")]
    [TestCase("plan --jobs 3 --seed 4 --image /no/such.img", "/no/such.img")]
    [TestCase("run cl.basic --policy /no/such.yaml", "--policy /no/such.yaml")]
    [TestCase("plan --policy /no/such.yaml", "--policy /no/such.yaml")]
    [TestCase("run --shard 4/3", "--shard 4/3\n  wanted:  which part of how many")]
    [TestCase("plan --shard all", "--shard all")]
    [TestCase("run cl.basic --database Host=db;Port=x --image /no/such.img", "--database cannot be read")]
    [TestCase("gate", "'results' missing")]
    [TestCase("spawn --config /no/such.ign", "/no/such.ign")]
    [TestCase("spawn --ram 3", "at least 256")]
    [TestCase("cache prune --limit ten", "--limit ten\n  wanted:  a size, as 500M, 10G")]
    [TestCase("cache prune --limit -1G", "--limit -1G")]
    [TestCase("cache prune --limit 10GG", "--limit 10GG")]
    [TestCase("cache prune --older-than 30", "--older-than 30\n  wanted:  a number and a unit")]
    [TestCase("cache tidy", "'tidy'")]
    [TestCase("check-console", "no file was given")]
    [TestCase("check-console /no/such.txt", "/no/such.txt")]
    [TestCase("report /no/such/run", "/no/such/run")]
    [TestCase("diff", "wanted:  two runs, or --base")]
    [TestCase("diff one", "wanted:  two runs, or --base")]
    [TestCase("diff one two three", "wanted:  two runs, or --base")]
    [TestCase("diff --base one", "wanted:  two runs, or --base")]
    [TestCase("diff one --base two --new three", "wanted:  two runs, or --base")]
    [TestCase("diff /no/such/run /no/other", "/no/such/run")]
    [TestCase("diff --base /no/such/run /no/such/run --new /no/other", "/no/such/run")]
    [TestCase("diff one two --json --markdown", "wanted:  one of the two")]
    public async Task A_wrong_command_line_is_told_what_is_wrong(string line, string message)
    {
        (int code, _, string error) = await RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(error, Does.Contain(message));
        Assert.That(error, Does.Not.Contain("   at "), "a stack trace is no message");
    }

    [Test]
    public async Task A_config_that_is_no_json_is_refused_before_anything_boots()
    {
        string config = Path.Combine(_directory, "bad.ign");
        await File.WriteAllTextAsync(config, "{ not json");
        (int code, _, string error) = await RunAsync("spawn", "--config", config);
        Assert.That((code, error), Is.EqualTo((2, error)));
        Assert.That(error, Does.Contain($"{config}:1:"));
    }

    [TestCase("")]
    [TestCase("this is no disk image, whatever its name says")]
    public async Task A_corrupt_image_is_refused(string content)
    {
        string image = Path.Combine(_directory, "bad.img");
        await File.WriteAllTextAsync(image, content);
        (int code, _, string error) = await RunAsync("run", "cl.basic", "--image", image);
        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(error, Does.Contain(image));
    }

    [TestCase("--help")]
    [TestCase("run --help")]
    [TestCase("bench --help")]
    [TestCase("plan --help")]
    [TestCase("list --help")]
    [TestCase("spawn --help")]
    [TestCase("report --help")]
    [TestCase("diff --help")]
    [TestCase("check-console --help")]
    [TestCase("image build --help")]
    [TestCase("cache prune --help")]
    [TestCase("platforms")]
    [TestCase("platforms qemu")]
    [TestCase("platforms check --help")]
    [TestCase("gc --dry-run")]
    [TestCase("version")]
    [TestCase("list")]
    [TestCase("list --json cl.basic")]
    [TestCase("check-console --list")]
    public async Task What_boots_nothing_works_anywhere(string line)
    {
        (int code, string output, string error) = await RunAsync(line.Split(' '));
        Assert.That(code, Is.Zero, error);
        Assert.That(output, Is.Not.Empty);
    }

    [Test]
    public async Task A_console_with_a_panic_is_told_with_its_line_and_exit_code_1()
    {
        string console = Path.Combine(_directory, "console.txt");
        await File.WriteAllTextAsync(console, "fine\n[    1.0] Kernel panic - not syncing: Attempted to kill init!\n");
        (int code, string output, _) = await RunAsync("check-console", console);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output, Does.StartWith($"{console}:2: ").And.Contain("kernel-panic"));
    }

    [Test]
    public async Task A_clean_console_is_exit_code_0()
    {
        string console = Path.Combine(_directory, "console.txt");
        await File.WriteAllTextAsync(console, "fine\nlogin:\n");
        Assert.That((await RunAsync("check-console", console)).Code, Is.Zero);
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        Typed.RunAsync(new Surroundings { CacheDirectory = Path.Combine(_directory, "cache") }, arguments);
}
