using System.Collections.Concurrent;
using System.Globalization;
using CliWrap.Buffered;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Recording;

/// <summary>
/// Where the machines of a provider run: real ones, under QEMU, each with an address of its own on this host's loopback. They find a name server that knows the provider's metadata server, and nobody else
/// does: the file it stands in is theirs alone.
/// </summary>
internal sealed class GuestHost : IAsyncDisposable
{
    private readonly ConcurrentBag<GuestMachine> _machines = [];
    private readonly ConcurrentDictionary<string, bool> _gone = new();
    private readonly ChildProcess _names;

    private GuestHost(string directory, ChildProcess names) => (Directory, _names) = (directory, names);

    /// <summary>How long a guest that was asked to go may take. Default 90 s; an emulated one takes half of it.</summary>
    public TimeSpan Patience { get; private init; }

    /// <summary>A directory that goes with it.</summary>
    public string Directory { get; }

    /// <summary>File of the machines' name server, as resolv.conf has it.</summary>
    public string Resolver => Path.Combine(Directory, "resolv.conf");

    /// <summary>All that were ever made.</summary>
    public IReadOnlyCollection<GuestMachine> Machines => _machines;

    /// <summary>Starts one, or skips the test where this host cannot.</summary>
    /// <param name="patience">See <see cref="Patience"/>.</param>
    public static async Task<GuestHost> OpenAsync(TimeSpan? patience = null)
    {
        NeedsOrSkips();
        string directory = System.IO.Directory.CreateTempSubdirectory("kola-guests-").FullName;
        string address = Loopback();
        await File.WriteAllTextAsync(Path.Combine(directory, "resolv.conf"), $"nameserver {address}\n");
        ChildProcess names = await ChildProcess.StartAsync(
            "dnsmasq", ["--no-daemon", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts", "--bind-interfaces", $"--listen-address={address}", "--local=/#/", "--address=/metadata.google.internal/169.254.169.254"], directory);
        return new GuestHost(directory, names) { Patience = patience ?? TimeSpan.FromSeconds(90) };
    }

    /// <summary>A machine that is off.</summary>
    public async Task<GuestMachine> MakeAsync(GuestShape shape)
    {
        string directory = System.IO.Directory.CreateDirectory(Path.Combine(Directory, shape.Name)).FullName;
        var machine = new GuestMachine(this, shape, directory);
        _machines.Add(machine);
        await machine.FurnishAsync();
        if (_gone.ContainsKey(shape.Name))
            await machine.DeleteAsync();
        return machine;
    }

    /// <summary>Ends one for ever, also one that is still being made.</summary>
    public Task DeleteAsync(string name)
    {
        _gone[name] = true;
        return Task.WhenAll(_machines.Where(m => m.Name == name).Select(m => m.DeleteAsync()));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (GuestMachine machine in _machines)
            await machine.DisposeAsync();
        await _names.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        BufferedCommandResult result = await HostTool.RunAsync(program, arguments, CancellationToken.None);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {result.StandardError.Trim()}");
    }

    /// <summary>An address of this host that nobody else is likely to use.</summary>
    public static string Loopback() =>
        string.Create(CultureInfo.InvariantCulture, $"127.{Random.Shared.Next(64, 255)}.{Random.Shared.Next(255)}.{Random.Shared.Next(1, 255)}");

    private static void NeedsOrSkips()
    {
        string path = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin";
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("machines behind a recorder answer at port 22, which takes root");
        string[] missing = [.. ((string[])["qemu-system-x86_64", "qemu-img", "dnsmasq", "socat", "unshare", "genisoimage"]).Where(p => !path.Split(':').Any(d => File.Exists(Path.Combine(d, p))))];
        if (missing.Length == 0)
            return;
        string reason = $"machines behind a recorder need {string.Join(", ", missing)}: scripts/setup";
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(reason);
        Assert.Ignore(reason);
    }
}
