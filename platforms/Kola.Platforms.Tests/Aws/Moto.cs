using System.Diagnostics;

namespace Kola.Platforms.Tests.Aws;

/// <summary>moto's EC2 server, started once by whoever needs it first.</summary>
internal static class Moto
{
    private const string Script = "scripts/moto";
    private static readonly Lazy<Task<Server>> s_plain = new(() => Server.StartAsync());
    private static readonly Lazy<Task<Server>> s_machines = new(() => Server.StartAsync("--machines"));

    /// <summary>Its endpoint, with instances that are nothing but entries.</summary>
    public static async Task<Uri> EndpointAsync()
    {
        NeedsOrSkips(["mmdebstrap", "setpriv"], null);
        return (await s_plain.Value).Endpoint;
    }

    /// <summary>Endpoint of another one, with instances that are machines under QEMU.</summary>
    public static async Task<Uri> MachinesAsync()
    {
        NeedsOrSkips(["mmdebstrap", "setpriv", "qemu-system-x86_64", "qemu-img"], Environment.IsPrivilegedProcess ? null : "root, since machines answer at port 22");
        return (await s_machines.Value).Endpoint;
    }

    /// <summary>Ends what was started.</summary>
    public static async Task StopAsync()
    {
        foreach (Lazy<Task<Server>> server in new[] { s_plain, s_machines })
        {
            if (server.IsValueCreated && server.Value.IsCompletedSuccessfully)
                await (await server.Value).StopAsync();
        }
    }

    private static void NeedsOrSkips(string[] programs, string? more)
    {
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        string[] missing = [.. programs.Where(p => !path.Split(':').Any(d => File.Exists(Path.Combine(d, p)))), .. more is null ? Array.Empty<string>() : [more]];
        if (missing.Length == 0)
            return;
        string reason = $"moto needs {string.Join(", ", missing)}: scripts/setup";
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(reason);
        Assert.Ignore(reason);
    }

    private static string Find()
    {
        DirectoryInfo? directory = new(TestContext.CurrentContext.TestDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, Script)))
            directory = directory.Parent;
        return Path.Combine(directory?.FullName ?? throw new FileNotFoundException(Script), Script);
    }

    private sealed class Server(Process process, Uri endpoint)
    {
        public Uri Endpoint => endpoint;

        // It ends with this process, however that ends.
        public static async Task<Server> StartAsync(params string[] options)
        {
            Process process = Process.Start(new ProcessStartInfo("setpriv", ["--pdeathsig", "KILL", Find(), .. options]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string? line = await process.StandardOutput.ReadLineAsync();
            return line is not null ? new Server(process, new Uri(line)) : throw new InvalidOperationException($"{Script} ended without a word: {await errors}");
        }

        public async Task StopAsync()
        {
            // In order, so that it removes its files.
            using Process kill = Process.Start("kill", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
            await kill.WaitForExitAsync();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }
}

/// <summary>Ends the servers of <see cref="Moto"/>.</summary>
[SetUpFixture]
public sealed class MotoEnd
{
    [OneTimeTearDown]
    public Task Stop() => Moto.StopAsync();
}
