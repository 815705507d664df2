using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using Kola.Tests.Reporting;

namespace Kola.Tests.Parsers;

/// <summary>
/// Programs nobody here wrote that read what kola writes: npm's packages as locked beside this file, Debian's python3-junitparser, Perl's
/// TAP::Parser. Where one is missing, the test that wants it is skipped and says what to install; under <c>CI=true</c> it fails.
/// </summary>
internal static class ForeignReaders
{
    private static readonly string s_sources = Path.Combine(GoldenFile.Root, "kola", "Kola.Tests", "Parsers");

    private static readonly Lazy<Task<string>> s_modules = new(InstallAsync);

    /// <summary>What <c>read.cjs</c> prints.</summary>
    internal static async Task<JsonElement> NodeAsync(params string[] arguments) =>
        Parse(await RunAsync(await NodeProgramAsync(), [Path.Combine(s_sources, "read.cjs"), .. arguments], Environment.CurrentDirectory));

    /// <summary>What <c>read_junit.py</c> prints.</summary>
    internal static async Task<JsonElement> JUnitParserAsync(string file)
    {
        // Debian's own interpreter: another one that comes first in PATH has no packages of Debian's.
        const string Python = "/usr/bin/python3";
        Need(File.Exists(Python) && await SucceedsAsync(Python, "-c", "import junitparser"), "python3-junitparser is missing", "apt-get install python3-junitparser");
        return Parse(await RunAsync(Python, [Path.Combine(s_sources, "read_junit.py"), file], Environment.CurrentDirectory));
    }

    /// <summary>What Perl's TAP::Parser says of each test, <c>ok NAME</c>, <c>not ok NAME</c>, <c>skip NAME</c> or <c>todo NAME</c>, then each complaint after <c>error: </c>.</summary>
    internal static async Task<string[]> PerlAsync(string file)
    {
        Need(await SucceedsAsync("perl", "-MTAP::Parser", "-e", "1"), "perl is missing", "apt-get install perl");
        const string Script = """
            my $p = TAP::Parser->new({ source => $ARGV[0] });
            while (my $r = $p->next) {
                next unless $r->is_test;
                (my $name = $r->description) =~ s/^- //;
                print $r->has_skip ? "skip" : $r->has_todo ? "todo" : $r->is_actual_ok ? "ok" : "not ok", " $name\n";
            }
            print "error: $_\n" for $p->parse_errors;
            """;
        return (await RunAsync("perl", ["-MTAP::Parser", "-e", Script, file], Environment.CurrentDirectory)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Lets Allure's generator make its reports of all results below a directory.</summary>
    /// <param name="directory">Takes the reports.</param>
    /// <param name="results">Directories or files that are read.</param>
    /// <returns>The directory with <c>allure2/data</c>, where every result it understood has a file, and <c>csv</c>.</returns>
    internal static async Task<string> AllureAsync(string directory, string results)
    {
        string output = Path.Combine(directory, "allure-report");
        string config = Path.Combine(directory, "allurerc.mjs");
        await File.WriteAllTextAsync(config, $$"""export default { name: "kola", output: {{JsonSerializer.Serialize(output)}}, plugins: { csv: { options: {} }, allure2: { options: {} } } };""");
        string cli = Path.Combine(await s_modules.Value, "allure", "cli.js");
        await RunAsync(await NodeProgramAsync(), [cli, "generate", "--config", config, results], directory);
        return output;
    }

    private static async Task<string> NodeProgramAsync()
    {
        string bundled = Path.Combine(await s_modules.Value, $"node-linux-{(RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "x64")}", "bin", "node");
        return File.Exists(bundled) ? bundled : "node";
    }

    // Once for each lock file and machine: made aside and renamed, so that nobody ever meets half of it.
    private static async Task<string> InstallAsync()
    {
        Need(await SucceedsAsync("npm", "--version"), "npm is missing", "apt-get install npm");
        string digest = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(s_sources, "package-lock.json"))))[..16];
        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given ? given : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        string installed = Path.Combine(cache, "kola", "npm", digest);
        if (!Directory.Exists(installed))
        {
            string aside = Directory.CreateDirectory($"{installed}.{Environment.ProcessId}").FullName;
            try
            {
                foreach (string name in (string[])["package.json", "package-lock.json"])
                    File.Copy(Path.Combine(s_sources, name), Path.Combine(aside, name), overwrite: true);
                await RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], aside);
                if (!Directory.Exists(installed))
                    Directory.Move(aside, installed);
            }
            finally
            {
                if (Directory.Exists(aside))
                    Directory.Delete(aside, recursive: true);
            }
        }

        return Path.Combine(installed, "node_modules");
    }

    private static async Task<bool> SucceedsAsync(string program, params string[] arguments)
    {
        try
        {
            return (await CliWrap.Cli.Wrap(program).WithArguments(arguments).WithValidation(CommandResultValidation.None).ExecuteAsync()).ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static void Need(bool isThere, string reason, string remedy)
    {
        if (isThere)
            return;
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail($"{reason}\n  next:    {remedy}");
        Assert.Ignore($"{reason}: {remedy}");
    }

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments, string directory)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        BufferedCommandResult result = await CliWrap.Cli.Wrap(program).WithArguments(arguments).WithWorkingDirectory(directory)
            .WithEnvironmentVariables(e => e.Set("NODE_PATH", s_modules.IsValueCreated && s_modules.Value.IsCompletedSuccessfully ? s_modules.Value.Result : null))
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(Encoding.UTF8, patience.Token);
        Assert.That(result.ExitCode, Is.Zero, $"{program}: {result.StandardError}{result.StandardOutput}");
        return result.StandardOutput;
    }

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
