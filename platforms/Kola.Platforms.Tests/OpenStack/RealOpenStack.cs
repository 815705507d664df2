using System.Diagnostics;

namespace Kola.Platforms.Tests.OpenStack;

/// <summary>An OpenStack of Debian's packages, started once by whoever needs it first: <c>scripts/openstack</c>.</summary>
internal static class RealOpenStack
{
    private const string Script = "scripts/openstack";
    private static readonly Lazy<Task<(Process Process, string Clouds)>> s_server = new(StartAsync);

    /// <summary>The clouds.yaml of it; its cloud is "kola".</summary>
    public static async Task<string> CloudsAsync()
    {
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        string[] missing = [.. ((string[])["mmdebstrap", "unshare", "setpriv", "ip", "qemu-img"]).Where(p => !path.Split(':').Any(d => File.Exists(Path.Combine(d, p)))), .. Environment.IsPrivilegedProcess ? Array.Empty<string>() : ["root, since it makes networks"]];
        if (missing.Length > 0)
        {
            string reason = $"{Script} needs {string.Join(", ", missing)}: scripts/setup";
            if (Environment.GetEnvironmentVariable("CI") == "true")
                Assert.Fail(reason);
            Assert.Ignore(reason);
        }

        return (await s_server.Value).Clouds;
    }

    /// <summary>Ends what was started.</summary>
    public static async Task StopAsync()
    {
        if (!s_server.IsValueCreated || !s_server.Value.IsCompletedSuccessfully)
            return;
        Process process = (await s_server.Value).Process;
        // In order, so that it removes its files.
        using Process kill = Process.Start("kill", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await kill.WaitForExitAsync();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    // It ends with this process, however that ends.
    private static async Task<(Process Process, string Clouds)> StartAsync()
    {
        string logs = Path.Combine(TestContext.CurrentContext.WorkDirectory, "openstack");
        Process process = Process.Start(new ProcessStartInfo("setpriv", ["--pdeathsig", "KILL", Path.Combine(Top(), Script), logs]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.ErrorDataReceived += (_, line) => TestContext.Progress.WriteLine(line.Data);
        process.BeginErrorReadLine();
        string? said = await process.StandardOutput.ReadLineAsync();
        return said is not null ? (process, said) : throw new InvalidOperationException($"{Script} ended without a word: its logs are in {logs}/log");
    }

    private static string Top()
    {
        DirectoryInfo? directory = new(TestContext.CurrentContext.TestDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, Script)))
            directory = directory.Parent;
        return directory?.FullName ?? throw new FileNotFoundException(Script);
    }
}

/// <summary>Ends the server of <see cref="RealOpenStack"/>.</summary>
[SetUpFixture]
public sealed class RealOpenStackEnd
{
    [OneTimeTearDown]
    public Task Stop() => RealOpenStack.StopAsync();
}
