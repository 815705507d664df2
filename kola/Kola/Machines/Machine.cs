using System.Text;
using Kola.Machines;

namespace Kola;

/// <summary>
/// A booted machine, as a test holds it. It is bound to its test's deadline: no method outlives that, and none takes a token. All of them
/// throw <see cref="MachineException"/> when the image is wrong and <see cref="PlatformException"/> when the place is.
/// </summary>
public sealed partial class Machine
{
    private readonly MachineTerms _terms;
    private readonly IInstance _instance;
    private readonly CommandLog _log;
    private readonly AddressBook? _addresses;
    private readonly long _started;
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private IShell? _shell;
    private string? _hostKey;
    private int _boots;
    private long? _connectedAt;

    internal Machine(MachineSpec spec, IInstance instance, MachineTerms terms, AddressBook? addresses)
    {
        Spec = spec;
        _instance = instance;
        _terms = terms;
        _started = terms.Time.GetTimestamp();
        _addresses = addresses;
        Address = addresses?.First[spec.Name] ?? "";
        _log = new CommandLog(Path.Combine(terms.Directory, "ssh.log"), terms.Masking);
    }

    /// <summary>Its role: the parameter's name.</summary>
    public string Name => Spec.Name;

    /// <summary>What it was booted from.</summary>
    public MachineSpec Spec { get; }

    /// <summary>
    /// Its first address on the segments it shares with the other machines of its test, IPv4 where there is one; empty when the harness gave it none.
    /// </summary>
    public string Address { get; }

    /// <summary>As <see cref="Address"/>, on one of its segments.</summary>
    /// <param name="segment">Name of the segment.</param>
    public string AddressOn(string segment) => _addresses?.Addresses.GetValueOrDefault((Name, segment)) ?? "";

    /// <summary>Id of the present boot, as <c>/proc/sys/kernel/random/boot_id</c> gives it.</summary>
    public string BootId { get; private set; } = "";

    /// <summary>VERSION of its os-release.</summary>
    public string Version { get; private set; } = "";

    /// <summary>
    /// What the machine had said when its boot failed, of one with <see cref="MachineSpec.BootFails"/>: the last lines of its console, Ignition's own
    /// message among them, without escape sequences. Null of any other machine.
    /// </summary>
    public string? BootFailure { get; private set; }

    internal IInstance Instance => _instance;

    /// <summary>What the machine has cost since it was started.</summary>
    internal Cost Cost => new(_instance.ProcessorTime ?? TimeSpan.Zero, _terms.Time.GetElapsedTime(_started));

    /// <summary>The same when the first login had succeeded; zero before.</summary>
    internal Cost LoggedIn { get; private set; }

    /// <summary>Raised with each new connection, before anybody uses it.</summary>
    internal event Action<IShell>? Connected;

    /// <summary>Runs a command as the login user.</summary>
    /// <param name="command">A line of shell. <c>sudo</c> needs no password.</param>
    /// <param name="within">Default 2 minutes, times the platform's slowness; never beyond the test's deadline.</param>
    /// <exception cref="MachineException">Its exit code was not 0, it did not end in time, or the connection was lost under it.</exception>
    public async Task<CommandResult> RunAsync(string command, TimeSpan? within = null)
    {
        CommandResult result = await TryRunAsync(command, within);
        return result.ExitCode == 0 ? result : throw new MachineException(
            $"{Name}: `{Shown(command)}` ended with exit code {result.ExitCode}\n  wanted:  exit code 0{Tail("got", result.Text)}{Tail("error", result.Error)}\n  see:     {_terms.Shown}/ssh.log");
    }

    /// <summary>As <see cref="RunAsync"/>, but an exit code other than 0 is a result, not an error.</summary>
    public async Task<CommandResult> TryRunAsync(string command, TimeSpan? within = null)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        (int exitCode, TimeSpan elapsed) = await ExecuteAsync(command, null, output, error, within);
        string text = Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length);
        string errors = Encoding.UTF8.GetString(error.GetBuffer(), 0, (int)error.Length);
        _log.Add(_terms.Time.GetUtcNow(), command, exitCode, text, errors, elapsed);
        return new CommandResult { Command = command, ExitCode = exitCode, Text = text.TrimEnd(), Error = errors.TrimEnd(), Elapsed = elapsed };
    }

    /// <summary>Runs a whole line of shell as root.</summary>
    /// <inheritdoc cref="RunAsync" path="/param|/exception"/>
    public Task<CommandResult> SudoAsync(string command, TimeSpan? within = null) => RunAsync($"sudo sh -c {Quote(command)}", within);

    /// <summary>Writes a file as root, making its directory. The text is UTF-8.</summary>
    /// <param name="path">Absolute path in the machine.</param>
    /// <param name="text">The whole content.</param>
    /// <param name="mode">Octal permissions. Default 0644.</param>
    public Task WriteFileAsync(string path, string text, string mode = "0644") => UploadAsync(path, new MemoryStream(Encoding.UTF8.GetBytes(text)), mode);

    /// <summary>Writes a file as root from a stream, making its directory.</summary>
    /// <inheritdoc cref="WriteFileAsync" path="/param"/>
    public async Task UploadAsync(string path, Stream content, string mode = "0644")
    {
        string command = $"sudo install -D -m {mode} /dev/stdin {Quote(path)}";
        using var error = new MemoryStream();
        (int exitCode, TimeSpan elapsed) = await ExecuteAsync(command, content, Stream.Null, error, null);
        string errors = Encoding.UTF8.GetString(error.ToArray());
        _log.Add(_terms.Time.GetUtcNow(), command, exitCode, "", errors, elapsed);
        if (exitCode != 0)
            throw new MachineException($"{Name}: could not write {path}: exit code {exitCode}{Tail("error", errors)}");
    }

    /// <summary>The content of a file, read as root, as UTF-8 and as it is.</summary>
    public async Task<string> ReadFileAsync(string path)
    {
        using var content = new MemoryStream();
        await DownloadAsync(path, content);
        return Encoding.UTF8.GetString(content.ToArray());
    }

    /// <summary>Copies a file's bytes out, read as root.</summary>
    public async Task DownloadAsync(string path, Stream to)
    {
        string command = $"sudo cat {Quote(path)}";
        using var error = new MemoryStream();
        (int exitCode, TimeSpan elapsed) = await ExecuteAsync(command, null, to, error, null);
        string errors = Encoding.UTF8.GetString(error.ToArray());
        _log.Add(_terms.Time.GetUtcNow(), command, exitCode, "", errors, elapsed);
        if (exitCode != 0)
            throw new MachineException($"{Name}: could not read {path}: exit code {exitCode}{Tail("error", errors)}");
    }

    /// <summary>Opens a way from this host to a TCP port as the machine sees it, for clients that are not on it. It outlives restarts of the machine.</summary>
    /// <param name="port">TCP port there.</param>
    /// <param name="host">Name or address, as the machine knows it. Default its own loopback.</param>
    public PortForward Forward(int port, string host = "127.0.0.1") => new(ShellAsync, host, port, _terms.Deadline);

    /// <summary>Whether a login with a password is let in. Tries once and logs out again.</summary>
    /// <exception cref="MachineException">The machine did not answer, so nothing is known.</exception>
    public async Task<bool> LetsInAsync(string user, string password)
    {
        try
        {
            await using IShell shell = await BoundAsync(cancel => _instance.ConnectAsync(_terms.Identity.WithPassword(user, password), cancel));
            return true;
        }
        catch (LoginRefusedException)
        {
            return false;
        }
    }

    /// <summary>Quotes one word for a shell.</summary>
    public static string Quote(string word) => "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    /// <summary>What <c>ssh</c> needs to get in with the key of a file.</summary>
    internal string[] SshArguments(string keyFile)
    {
        string[] address = _instance.Address.Split(':');
        // The host key is this machine's own: there is nothing to remember and nothing to compare with.
        return ["-i", keyFile, "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-p", address[^1], $"{Spec.User}@{address[0]}"];
    }

    internal TimeSpan Scaled(TimeSpan limit) => limit * _terms.Slowness;

    private async Task<(int ExitCode, TimeSpan Elapsed)> ExecuteAsync(string command, Stream? input, Stream output, Stream error, TimeSpan? within)
    {
        TimeSpan limit = Scaled(within ?? TimeSpan.FromMinutes(2));
        IShell shell = await ShellAsync();
        long start = _terms.Time.GetTimestamp();
        int? exitCode = await BoundAsync(async cancel =>
        {
            using var late = new CancellationTokenSource(limit, _terms.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
            try
            {
                return await shell.ExecuteAsync(command, input, output, error, either.Token);
            }
            catch (OperationCanceledException) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                Ran(command, null, limit);
                _log.Add(_terms.Time.GetUtcNow(), command, null, "", $"did not end within {limit.TotalSeconds:0} s", limit);
                throw new MachineException($"{Name}: `{Shown(command)}` did not end within {limit.TotalSeconds:0} s\n  see:     {_terms.Shown}/ssh.log");
            }
        });
        TimeSpan elapsed = _terms.Time.GetElapsedTime(start);
        Ran(command, exitCode, elapsed);
        if (exitCode is { } code)
            return (code, elapsed);
        _log.Add(_terms.Time.GetUtcNow(), command, null, "", "the connection was lost", elapsed);
        await ThrowWhyLostAsync();
        throw new MachineException($"{Name}: the connection was lost {elapsed.TotalSeconds:0.0} s into `{Shown(command)}`\n  see:     {_terms.Shown}/console.txt");
    }

    private void Ran(string command, int? exitCode, TimeSpan elapsed) =>
        _terms.Emit(new CommandRan { At = _terms.Time.GetUtcNow(), Test = _terms.Test, Machine = Name, Command = Shown(command), ExitCode = exitCode, ElapsedSeconds = elapsed.TotalSeconds });

    // A connection that breaks is often the first sign of a panic or of a dead emulator, whose own words are the better message. They come by
    // other ways, as fast as this host is: its own clock is the one that counts.
    private async Task ThrowWhyLostAsync()
    {
        Waited<KolaException?> told = await Wait.UntilAsync(
            _ => Task.FromResult(_terms.WhyEnded()), why => why is not null, TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        if (told.Last is { } why)
            throw Again(why);
    }

    /// <summary>Runs a step under the test's deadline; when that ends it, the reason the test ended for is what is thrown.</summary>
    private async Task<T> BoundAsync<T>(Func<CancellationToken, Task<T>> step)
    {
        try
        {
            _terms.Deadline.ThrowIfCancellationRequested();
            return await step(_terms.Deadline);
        }
        catch (OperationCanceledException) when (_terms.Deadline.IsCancellationRequested && _terms.WhyEnded() is { } why)
        {
            throw Again(why);
        }
    }

    private static KolaException Again(KolaException why) => why is PlatformException place
        ? new PlatformException(place.Signal, why.Message, why) { Evidence = why.Evidence }
        : new MachineException(why.Message, why) { Evidence = why.Evidence };

    internal static string Shown(string command)
    {
        string line = command.ReplaceLineEndings(" ⏎ ");
        return line.Length <= 200 ? line : line[..200] + "…";
    }

    // The last 20 lines, indented: what CI shows without anybody opening a file.
    internal static string Tail(string title, string text)
    {
        if (text.Length == 0)
            return "";
        string[] lines = text.TrimEnd().Split('\n');
        string shown = string.Join("\n    ", lines.TakeLast(20));
        return $"\n  {title + ":",-9}" + (lines.Length == 1 ? shown : (lines.Length > 20 ? $"(last 20 of {lines.Length} lines)" : "") + "\n    " + shown);
    }
}
