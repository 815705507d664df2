using System.Collections.Concurrent;
using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using CliWrap;

namespace Kola.Labs;

/// <summary>One running program of a lab, with all it starts. None of it outlives kola, not even a kola ended by <c>kill -9</c>, but for what has left its session.</summary>
/// <remarks>
/// The program runs in a session of its own under a shell of four lines, and the kernel tells that shell when kola is gone
/// (<c>setpriv --pdeathsig</c>): it then kills the group, itself included. The kernel's parent is the <i>thread</i> that forked, so that all
/// are started by one thread that lives as long as the process. Ctrl-C on a terminal reaches kola alone.
/// </remarks>
internal sealed partial class LabProgram : IAsyncDisposable
{
    private const int KeptLines = 20;
    private const int MostOutput = 1 << 20;
    private const int SigKill = 9;
    private const int SigTerm = 15;

    // $$ is the session's leader; POSIX has no other way to name a group to kill. A child of a shell in the background has no standard input but what it is given.
    private const string Guard =
        """
        exec 3<&0
        trap 'kill -s KILL -- -$$' USR1
        trap : TERM INT HUP
        "$@" <&3 3<&- & child=$!
        exec 3<&- </dev/null
        while :; do wait "$child"; code=$?; kill -0 "$child" 2>/dev/null || exit "$code"; done
        """;

    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(1);
    private static readonly Lazy<BlockingCollection<Task>> s_forks = new(StartForking);

    private readonly ConcurrentQueue<string> _words = new();
    private readonly StringBuilder _output = new();
    private readonly CancellationTokenSource _leave = new();
    private CommandTask<CliWrap.CommandResult>? _running;
    private Task<int> _exit = Task.FromResult(-1);

    private LabProgram()
    {
    }

    /// <summary>Exit code; -1 when it was ended. Never faults.</summary>
    internal Task<int> Exited => _exit;

    /// <summary>What it wrote to its standard output, a mebibyte at most.</summary>
    internal string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>The last 20 lines of its standard error, oldest first.</summary>
    internal IReadOnlyList<string> Words => [.. _words];

    /// <summary>Whether the program is there, as opposed to what it has started.</summary>
    internal bool IsThere => _running is { } running && Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{running.ProcessId}"));

    /// <summary>Starts it.</summary>
    /// <param name="call">The program, its directory, its environment, its input.</param>
    /// <param name="output">Takes standard output as it comes; null keeps it as <see cref="Output"/>.</param>
    /// <exception cref="PlatformException">The host cannot start processes, or lacks setsid.</exception>
    internal static async Task<LabProgram> StartAsync(ProgramCall call, Stream? output)
    {
        var program = new LabProgram();
        Command command = Cli.Wrap("setsid")
            .WithArguments(["setpriv", "--pdeathsig", "USR1", "--", "sh", "-c", Guard, "kola-lab", .. call.Run])
            .WithWorkingDirectory(call.Directory)
            .WithEnvironmentVariables(call.Environment)
            .WithValidation(CommandResultValidation.None)
            .WithStandardInputPipe(PipeSource.FromString(call.Input, Encoding.UTF8))
            .WithStandardOutputPipe(output is null ? PipeTarget.ToDelegate(program.Take) : PipeTarget.ToStream(output))
            .WithStandardErrorPipe(PipeTarget.ToDelegate(program.Hear));
        var start = new Task(() => program._running = command.ExecuteAsync(program._leave.Token));
        s_forks.Value.Add(start);
        try
        {
            await start;
        }
        catch (Exception problem) when (problem is Win32Exception or IOException)
        {
            throw new PlatformException(Signal.Host, $"`{call.Run[0]}` could not be started: {problem.Message}\n  wanted:  setsid and setpriv (apt-get install util-linux), and room for a process", problem);
        }

        program._exit = program.WaitAsync();
        return program;
    }

    /// <summary>Ends it with its whole group: asks, and a second later does not ask. Returns when it is gone. Does nothing when it has ended.</summary>
    internal async Task EndAsync()
    {
        if (_exit.IsCompleted)
            return;
        int group = -_running!.ProcessId;
        _ = Kill(group, SigTerm);
        if (await Task.WhenAny(_exit, Pause(s_grace)) == _exit)
            return;
        _ = Kill(group, SigKill);
        // Who has left the group may still hold its output.
        if (await Task.WhenAny(_exit, Pause(s_grace)) != _exit)
            await _leave.CancelAsync();
        await _exit;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _leave.Dispose();
    }

    private static Task Pause(TimeSpan time) => Task.Delay(time, TimeProvider.System, CancellationToken.None);

    private async Task<int> WaitAsync()
    {
        try
        {
            return (await _running!).ExitCode;
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException)
        {
            return -1;
        }
    }

    private void Take(string line)
    {
        lock (_output)
        {
            if (_output.Length + line.Length < MostOutput)
                _output.Append(line).Append('\n');
        }
    }

    private void Hear(string line)
    {
        if (string.IsNullOrWhiteSpace(line))
            return;
        _words.Enqueue(line);
        while (_words.Count > KeptLines)
            _words.TryDequeue(out _);
    }

    private static BlockingCollection<Task> StartForking()
    {
        var forks = new BlockingCollection<Task>();
        new Thread(() =>
        {
            foreach (Task fork in forks.GetConsumingEnumerable())
                fork.RunSynchronously(TaskScheduler.Default);
        })
        { IsBackground = true, Name = "parent of the lab's commands" }.Start();
        return forks;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}

/// <summary>A program as it is called.</summary>
internal sealed record ProgramCall
{
    /// <summary>The program and its arguments.</summary>
    internal required IReadOnlyList<string> Run { get; init; }

    /// <summary>Where it runs.</summary>
    internal required string Directory { get; init; }

    /// <summary>What it has in its environment beside kola's own.</summary>
    internal required IReadOnlyDictionary<string, string?> Environment { get; init; }

    /// <summary>What it reads.</summary>
    internal string Input { get; init; } = "";

    /// <summary>As a person would type it, for messages.</summary>
    internal string Line => string.Join(' ', Run.Select(w => w.Length > 0 && w.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,@%+".Contains(c, StringComparison.Ordinal)) ? w : $"'{w.Replace("'", @"'\''", StringComparison.Ordinal)}'"));
}
