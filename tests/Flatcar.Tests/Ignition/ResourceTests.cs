using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>Contents that a config names and Ignition fetches at the first boot.</summary>
[Category("ignition")]
public sealed class ResourceTests
{
    private const string Directory = "/var/resource/";

    // The peer has a second machine serve, and asks for one file over http and one over tftp.
    [MachineTest("coreos.ignition.resource.local", Fresh = true)]
    public async Task Files_are_fetched_from_the_network([Spec(Config = "resource-local.ign")] Machine machine, Lab lab)
    {
        await lab.StepAsync("Fetched", () => HoldsAsync(machine, ("data", "kola-data\n"), ("http", "kola-http\n"), ("https", "kola-https\n"), ("tftp", "kola-tftp\n")));
        await lab.StepAsync("Verified", () => HoldsAsync(machine, ("http-verified", "kola-http\n"), ("tftp-verified", "kola-tftp\n")));
        await lab.StepAsync("Compressed", () => HoldsAsync(machine, ("http-compressed", "kola-http\n"), ("https-compressed", "kola-https\n"), ("tftp-compressed", "kola-tftp\n")));
        await lab.StepAsync("Appended", () => HoldsAsync(machine, ("appended", "kola-http\nkola-tftp\nkola-data\nkola-https\n")));
        await lab.StepAsync("Headers", () => HoldsAsync(machine, ("header", "kola-http\n")));
        await lab.StepAsync("Redirected", () => HoldsAsync(machine, ("redirected", "kola-https\n")));
        await lab.StepAsync("WaitedFor", () => HoldsAsync(machine, ("slow", "kola-http\n")));
        await lab.StepAsync("TriedAgain", async () =>
        {
            await HoldsAsync(machine, ("retried", "kola-http\n"));
            // The server fails three times, by 503 and by 500.
            Assert.That(await AttemptsAsync(machine, "/flaky/3/kola-http"), Is.EqualTo(4));
            Assert.That(await AttemptsAsync(machine, "/slow/4/kola-http"), Is.EqualTo(1), "what is slow is waited for, not asked for again");
        });
        await lab.StepAsync("NothingElse", async () =>
            Assert.That((await machine.RunAsync($"ls {Directory} | wc -l")).Text, Is.EqualTo("14")));
    }

    [MachineTest("coreos.ignition.resource.remote", Needs = [Feature.Internet], Fresh = true)]
    public Task Files_are_fetched_from_the_internet([Spec(Config = "resource-remote.ign")] Machine machine) =>
        HoldsAsync(machine, ("http", "kola-anonymous"), ("https", "kola-anonymous"), ("s3-anon", "kola-anonymous"));

    [MachineTest("coreos.ignition.resource.s3", Needs = [Feature.Internet], Platforms = ["aws"], Fresh = true)]
    public async Task Files_and_configs_are_fetched_by_the_instances_role([Spec(Config = "resource-s3.ign")] Machine machine)
    {
        await HoldsAsync(machine, ("s3-auth", "kola-authenticated"), ("s3-config", "kola-config"));
        // Else the two prove nothing. The peer takes any failure for a refusal.
        foreach ((string name, string status) in new[] { ("authenticated", "403"), ("authenticated-var-v3.ign", "403"), ("anonymous", "200") })
        {
            CommandResult asked = await machine.RunAsync($"curl --silent --show-error --output /dev/null --write-out '%{{http_code}}' https://kola-fixtures.s3.eu-central-1.amazonaws.com/resources/{name}");
            Assert.That(asked.Text, Is.EqualTo(status), $"{name}, asked for by nobody in particular");
        }
    }

    [MachineTest("coreos.ignition.resource.s3.versioned", Since = "1995.0.0", Needs = [Feature.Internet], Fresh = true)]
    public Task Versions_of_an_object_are_told_apart([Spec(Config = "resource-s3-versioned.ign")] Machine machine) =>
        HoldsAsync(machine, ("original", "original"), ("latest", "updated"));

    private static async Task HoldsAsync(Machine machine, params (string Name, string Content)[] files)
    {
        CommandResult found = await machine.RunAsync($"cd {Directory}; for name in {string.Join(' ', files.Select(f => f.Name))}; do printf '%s|' $name; cat $name; printf '|'; done");
        Assert.That(found.Text, Is.EqualTo(string.Concat(files.Select(f => $"{f.Name}|{f.Content}|"))));
    }

    // GET http://10.0.2.2:40923/flaky/3/kola-http: attempt #4
    private static async Task<int> AttemptsAsync(Machine machine, string path) =>
        (await machine.JournalAsync("--boot --identifier=ignition")).Count(line => line.Contains(path + ": attempt #", StringComparison.Ordinal));
}
