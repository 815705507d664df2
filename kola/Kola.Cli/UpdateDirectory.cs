using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Kola.Serving;
using Kola.Updates.Omaha;

namespace Kola.Cli;

/// <summary>A directory of updates that is served.</summary>
internal sealed partial class UpdateDirectory(string directory)
{
    internal required IPAddress Address { get; init; }

    /// <summary>0 for a free one.</summary>
    internal int Port { get; init; }

    /// <summary>0 for a free one.</summary>
    internal int SecurePort { get; init; }

    /// <summary>Of the one payload; null to look it up.</summary>
    internal string? Version { get; init; }

    /// <summary>Most machines a minute; null for no limit.</summary>
    internal int? Rate { get; init; }

    /// <summary>Who gets packages; null for everybody.</summary>
    internal (string User, string Password)? Login { get; init; }

    /// <summary>File each request is appended to; null for none.</summary>
    internal string? Log { get; init; }

    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Serves until it is cancelled, which is no error.</summary>
    /// <param name="output">Takes what a machine's update.conf needs, then a line for each request.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="UsageException">The directory is wrong, or the address or a port cannot be had.</exception>
    internal async Task ServeAsync(TextWriter output, CancellationToken cancel)
    {
        StreamWriter? log = OpenLog();
        var gate = new Lock();
        using var feed = new UpdateFeed(Time, Tell) { MostAMinute = Rate, Login = Login, KeepsRequests = false };
        string group = Fill(feed.Offers);
        string host = Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName() : Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Address}]" : Address.ToString();
        await using OmahaServer server = await StartAsync(host, cancel);
        server.OpenAt("", feed);
        lock (gate)
        {
            output.WriteLine("# for /etc/flatcar/update.conf");
            output.WriteLine($"SERVER={server.Serving.Http(host, "")}");
            output.WriteLine($"GROUP={group}");
            output.WriteLine($"# or, for who trusts the authority below: SERVER={server.Serving.Https(host, "")}");
            output.WriteLine(server.Authority.TrimEnd());
            output.Flush();
        }

        var ended = new TaskCompletionSource();
        await using CancellationTokenRegistration _ = cancel.Register(ended.SetResult);
        await ended.Task;

        void Tell(UpdateExchange exchange)
        {
            string line = FormattableString.Invariant($"{Time.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {exchange}");
            lock (gate)
            {
                output.WriteLine(line);
                output.Flush();
                Append(line);
            }
        }

        // Machines are updated whether or not there is room to write that down.
        void Append(string line)
        {
            try
            {
                log?.WriteLine(line);
            }
            catch (IOException full)
            {
                output.WriteLine($"# {Log} is not written to any more: {full.Message}");
                log = null;
            }
        }
    }

    /// <returns>A group that is offered something.</returns>
    private string Fill(OfferList offers)
    {
        if (!Directory.Exists(directory))
            throw new UsageException($"{directory}: no such directory\n  wanted:  a directory with a payload, or with an {OfferFile.Name}");
        string file = Path.Combine(directory, OfferFile.Name);
        if (!File.Exists(file))
        {
            offers.Set(OnlyOffer());
            return "stable";
        }

        if (Version is { } given)
            throw new UsageException($"--version {given}: {file} says which version each payload has\n  wanted:  one of the two");
        OfferFile read = OfferFile.Parse(File.ReadAllText(file), file);
        foreach ((string group, UpdateOffer offer) in read.Groups)
            offers.SetGroup(group, offer);
        foreach ((string machine, UpdateOffer? offer) in read.Machines)
            offers.SetMachine(machine, offer);
        return read.Groups.Keys.First();
    }

    // Extensions are for the postinst, which knows them by these names.
    private UpdateOffer OnlyOffer()
    {
        ILookup<bool, string> files = Directory.GetFiles(directory, "*.gz").Order(StringComparer.Ordinal).ToLookup(file => Extension().IsMatch(Path.GetFileName(file)));
        string[] payloads = [.. files[false]];
        if (payloads is not [var payload])
            throw new UsageException($"{directory}: {(payloads.Length == 0 ? "no payload" : $"{payloads.Length} payloads")}\n  wanted:  one file *.gz, or an {OfferFile.Name} that says who is offered which\n  got:     {(payloads.Length == 0 ? "none" : string.Join(", ", payloads.Select(Path.GetFileName)))}");
        return UpdateOffer.Of(Version ?? VersionOfRelease() ?? UpdateOptions.VersionIn(payload) ?? throw new UsageException($"{payload}: which version is it?\n  wanted:  --version V, a file name with a version in it, or FLATCAR_VERSION in {Path.Combine(directory, "version.txt")}"), payload) with { Packages = [.. files[true]] };
    }

    // FLATCAR_VERSION=4459.2.0
    private string? VersionOfRelease()
    {
        const string key = "FLATCAR_VERSION=";
        string file = Path.Combine(directory, "version.txt");
        return File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?[key.Length..].Trim() : null;
    }

    private async Task<OmahaServer> StartAsync(string host, CancellationToken cancel)
    {
        try
        {
            return await OmahaServer.StartAsync(new OmahaServerOptions { Address = Address, HttpPort = Port, HttpsPort = SecurePort, Hosts = [Address.ToString(), host], Time = Time }, cancel);
        }
        catch (PlatformException wrong)
        {
            throw new UsageException($"cannot listen at {Address}, ports {Port} and {SecurePort}: {wrong.InnerException!.Message}\n  wanted:  an address of this host and ports nobody has\n  next:    kola omaha serve {directory} --port 0 --https-port 0", wrong);
        }
    }

    private StreamWriter? OpenLog()
    {
        try
        {
            return Log is null ? null : new StreamWriter(Log, append: true) { AutoFlush = true };
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--log {Log}: {fault.Message}\n  wanted:  a file that can be written", fault);
        }
    }

    // oem-qemu.gz, flatcar-podman.gz; not flatcar-4460.0.0.gz, which is a release
    [GeneratedRegex("^(?:oem|flatcar)-[a-z]")]
    private static partial Regex Extension();
}
