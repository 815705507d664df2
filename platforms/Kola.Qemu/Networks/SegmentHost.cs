using System.Globalization;

namespace Kola.Qemu;

/// <summary>The harness's host on a segment: its servers, and how they behave.</summary>
internal sealed class SegmentHost : IAsyncDisposable
{
    private static readonly TimeSpan s_startTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);

    private readonly NetworkNamespace _space;
    private readonly SegmentPlace _place;
    private readonly IReadOnlyList<(int Port, string Socket)> _harness;
    private readonly TimeServer _time;
    private readonly SemaphoreSlim _changing = new(1);
    private readonly Dictionary<string, (ServerCommand Command, ChildProcess Process)> _running = [];

    private SegmentHost(NetworkNamespace space, SegmentPlace place, IReadOnlyList<(int Port, string Socket)> harness, TimeProvider clock)
    {
        (_space, _place, _harness) = (space, place, harness);
        _time = new TimeServer(Path.Combine(place.Directory, string.Create(CultureInfo.InvariantCulture, $"t{place.Number}")), clock);
    }

    /// <summary>Programs of the host without which there are no servers; in user space besides what makes a card of the kernel's.</summary>
    private static IReadOnlyList<string> Programs { get; } = ["ip", "ss", "nft", "sysctl", "unshare", "nsenter", "dnsmasq", "tinyproxy", "socat"];

    /// <summary>Whether this user can have servers here.</summary>
    public static async Task<bool> IsPossibleAsync(CancellationToken cancel)
    {
        try
        {
            File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        bool[] found = await Task.WhenAll(Programs.Select(async name => await HostTool.TryRunAsync("which", [name], cancel) is { ExitCode: 0 }));
        return found.All(there => there);
    }

    /// <summary>Sets the host up and starts its servers. The device has to be there.</summary>
    /// <exception cref="PlatformException">A server does not start.</exception>
    public static async Task<SegmentHost> StartAsync(NetworkNamespace space, SegmentPlace place, IReadOnlyList<(int Port, string Socket)> harness, TimeProvider clock, CancellationToken cancel)
    {
        var host = new SegmentHost(space, place, harness, clock);
        try
        {
            await space.RunAsync(place.SetUp(), cancel);
            if (place.Spec.Servers.HasFlag(SegmentServers.Router))
                await space.RunAsync(place.RouteTo(place.Spec.Uplink!), cancel);
            if (place.Spec.Servers.HasFlag(SegmentServers.Proxy))
                await File.WriteAllTextAsync(place.ProxyFile, ServerCommand.ProxyText(place), cancel);
            await host.ConductAsync(new SegmentConduct(), cancel);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has the servers behave so from now on.</summary>
    /// <exception cref="PlatformException">A server does not start.</exception>
    public async Task ConductAsync(SegmentConduct conduct, CancellationToken cancel)
    {
        await _changing.WaitAsync(cancel);
        try
        {
            (_time.Offset, _time.Answers) = (conduct.TimeOffset, conduct.Time == ServerMood.Answers);
            ServerCommand[] wanted = [.. ServerCommand.Of(_place, conduct, _time.Path, _harness)];
            foreach ((string name, (ServerCommand command, ChildProcess process)) in _running.ToArray())
            {
                if (wanted.Any(w => w.Name == name && w.Arguments.SequenceEqual(command.Arguments)) && !process.Exited.IsCompleted)
                    continue;
                _running.Remove(name);
                await process.DisposeAsync();
                // What it gave away is forgotten with it: another one starts anew.
                if (name == "dhcp")
                    File.Delete(_place.LeaseFile);
            }

            foreach (ServerCommand command in wanted.Where(w => !_running.ContainsKey(w.Name)))
                _running[command.Name] = (command, await _space.StartAsync(command.Program, command.Arguments, _place.Directory));
            await Task.WhenAll(_running.Values.Select(server => ContinueAsync(server.Process, true, cancel)));
            await ListenAsync(cancel);
            foreach ((string name, ServerMood mood) in new[] { ("dhcp", conduct.Dhcp), ("dns-1", conduct.FirstDns), ("dns-2", conduct.SecondDns) })
            {
                if (mood == ServerMood.Silent && _running.TryGetValue(name, out var silent))
                    await ContinueAsync(silent.Process, false, cancel);
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Ends the servers.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_running.Values.Select(server => server.Process.DisposeAsync().AsTask()));
        await _time.DisposeAsync();
        _changing.Dispose();
    }

    // A process that is stopped says nothing, and what it is sent waits.
    private static async Task ContinueAsync(ChildProcess process, bool on, CancellationToken cancel) =>
        await HostTool.RunAsync("kill", [on ? "-CONT" : "-STOP", process.Id.ToString(CultureInfo.InvariantCulture)], cancel);

    private async Task ListenAsync(CancellationToken cancel)
    {
        long start = TimeProvider.System.GetTimestamp();
        string[] wanted = [.. _running.Values.SelectMany(s => s.Command.Listens)];
        while (true)
        {
            string[] missing = wanted.Length == 0 ? [] : Missing(wanted, await _space.RunAsync("ss --no-header --numeric --listening --tcp --udp", cancel));
            missing = [.. missing, .. _running.Values.Select(s => s.Command.Log).OfType<string>().Where(log => new FileInfo(log) is not { Exists: true, Length: > 0 })];
            if (missing.Length == 0)
                return;
            (ServerCommand command, ChildProcess process) = _running.Values.FirstOrDefault(s => s.Process.Exited.IsCompleted);
            if (process is not null)
                throw new PlatformException(Signal.Host, $"qemu: {command.Program} does not serve on segment {_place.Spec.Name}\n  got:     {ChildProcess.Describe(await process.Exited, process.Words)}\n  see:     {_place.LogOf(command.Name)}");
            if (TimeProvider.System.GetElapsedTime(start) > s_startTime)
                throw new PlatformException(Signal.Host, $"qemu: a server of segment {_place.Spec.Name} does not listen\n  wanted:  {string.Join(", ", missing)} within {s_startTime.TotalSeconds:0} s");
            await Task.Delay(s_poll, TimeProvider.System, cancel);
        }
    }

    // udp   UNCONN 0      0        198.18.1.254:53       0.0.0.0:*
    // udp   UNCONN 0      0      0.0.0.0%lan:67          0.0.0.0:*
    internal static string[] Missing(IReadOnlyList<string> wanted, string sockets)
    {
        string[][] lines = [.. sockets.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length >= 5)];
        // :67 is that port at any address.
        return [.. wanted.Where(w => w.Split(' ') is [var protocol, var socket] && !lines.Any(l => l[0] == protocol && (socket[0] == ':' ? l[4].EndsWith(socket, StringComparison.Ordinal) : l[4] == socket)))];
    }
}
