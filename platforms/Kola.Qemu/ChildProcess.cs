using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;

namespace Kola.Qemu;

/// <summary>A long-running program that never outlives kola, not even a kola ended by <c>kill -9</c>.</summary>
/// <remarks>
/// <c>setpriv --pdeathsig KILL</c> has the kernel kill it with its parent, and the kernel's parent is the <i>thread</i> that forked:
/// a child started from a pool thread would die when the pool retires that thread. So all children are started by one thread that
/// lives as long as the process. <c>setsid</c> keeps the terminal's Ctrl-C for kola alone; it does not fork here, since a fresh
/// child leads no process group.
/// </remarks>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int KeptLines = 20;
    private static readonly TimeSpan s_killTime = TimeSpan.FromSeconds(5);
    private static readonly Lazy<BlockingCollection<Task>> s_forks = new(StartForking);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _words = new();
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _wait = Task.CompletedTask;

    private ChildProcess(string program, IEnumerable<string> arguments, string directory)
    {
        _process = new Process
        {
            StartInfo = new ProcessStartInfo("setsid", ["setpriv", "--pdeathsig", "KILL", "--", program, .. arguments])
            {
                WorkingDirectory = directory,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
    }

    /// <summary>Exit code, or 128 and the signal's number; -1 when it was killed and the kernel did not let go of it. Never faults.</summary>
    public Task<int> Exited => _exited.Task;

    /// <summary>Process id.</summary>
    public int Id { get; private set; }

    /// <summary>The last 20 lines it wrote, oldest first.</summary>
    public IReadOnlyList<string> Words => [.. _words];

    /// <summary>Starts it. A program that does not exist exits with 127 and says so in <see cref="Words"/>.</summary>
    /// <exception cref="PlatformException">The host cannot start processes, or lacks setsid.</exception>
    public static async Task<ChildProcess> StartAsync(string program, IEnumerable<string> arguments, string directory)
    {
        var child = new ChildProcess(program, arguments, directory);
        var start = new Task<bool>(child._process.Start);
        s_forks.Value.Add(start);
        try
        {
            await start;
        }
        catch (Win32Exception problem)
        {
            child._process.Dispose();
            throw new PlatformException(Signal.Host, $"qemu: `{program}` could not be started: {problem.Message}", problem);
        }

        child.Id = child._process.Id;
        child._process.StandardInput.Close();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        child._wait = child.WaitAsync();
        return child;
    }

    /// <summary>SIGKILL. Does nothing when it has ended.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It was never started or is reaped.
        }
    }

    /// <summary>How it ended, on one line: <c>killed by signal 9 (SIGKILL); last words: …</c>.</summary>
    public static string Describe(int exitCode, IReadOnlyList<string> words)
    {
        string signal = (exitCode - 128) switch
        {
            4 => " (SIGILL)",
            6 => " (SIGABRT)",
            7 => " (SIGBUS)",
            9 => " (SIGKILL)",
            11 => " (SIGSEGV)",
            15 => " (SIGTERM)",
            _ => "",
        };
        string how = exitCode > 128 ? $"killed by signal {exitCode - 128}{signal}" : $"exit code {exitCode}";
        return words.Count == 0 ? how : $"{how}; last words: {words[^1]}";
    }

    /// <summary>Kills it and waits, 5 seconds at most: a process in an uninterruptible wait of the kernel is left to it.</summary>
    public async ValueTask DisposeAsync()
    {
        Kill();
        if (await Task.WhenAny(_wait, Task.Delay(s_killTime, TimeProvider.System, CancellationToken.None)) == _wait)
            _process.Dispose();
        _exited.TrySetResult(-1);
    }

    private static BlockingCollection<Task> StartForking()
    {
        var forks = new BlockingCollection<Task>();
        new Thread(() =>
        {
            foreach (Task fork in forks.GetConsumingEnumerable())
                fork.RunSynchronously(TaskScheduler.Default);
        })
        { IsBackground = true, Name = "parent of children" }.Start();
        return forks;
    }

    private async Task WaitAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None);
        _exited.TrySetResult(_process.ExitCode);
    }

    private void Hear(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
            return;
        _words.Enqueue(line);
        while (_words.Count > KeptLines)
            _words.TryDequeue(out _);
    }
}
