using System.Globalization;
using System.Text;

namespace Kola.Labs;

/// <summary>
/// Brings a machine's console into one text for as long as the machine is used: what a command prints, which is started again with a mark when it
/// ends, or what is appended to a file of this host.
/// </summary>
internal sealed class LabConsole : IAsyncDisposable
{
    private const int Chunk = 64 * 1024;
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _over = new();
    private readonly TimeProvider _clock;
    private readonly FileStream _text;
    private readonly Task _running;
    private string? _followed;
    private int _disposed;

    private LabConsole(string file, TimeProvider clock, Func<LabConsole, Task> run)
    {
        _clock = clock;
        _text = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        _running = Task.Run(() => run(this));
    }

    /// <summary>Starts a machine's; null when it has none.</summary>
    /// <exception cref="PlatformException">There is no room for it.</exception>
    internal static LabConsole? Start(LabMachine machine, LabCalls calls, string file, TimeProvider clock)
    {
        try
        {
            if (machine.Controls.Console is { } command)
                return new LabConsole(file, clock, console => console.RunAsync(calls.ProgramOf(command, machine.Request(command.Name))));
            if (machine.Controls.ConsoleFile is { } path)
                return new LabConsole(file, clock, console => console.FollowAsync(path.Replace("${machine}", machine.Name, StringComparison.Ordinal).Replace("${id}", machine.Id, StringComparison.Ordinal), machine.Ready));
            return null;
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException(Signal.HostStorage, $"{file}: {full.Message}\n  wanted:  room for a machine's console", full);
        }
    }

    /// <summary>What stands where the command was started again.</summary>
    internal static string Mark(int code, IReadOnlyList<string> words) =>
        string.Create(CultureInfo.InvariantCulture, $"\n[kola: the lab's console command ended with exit code {code}{(words.Count > 0 ? $", {words[^1]}" : "")}; it is started again]\n");

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _over.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _text.DisposeAsync();
    }

    private async Task RunAsync(ProgramCall call)
    {
        TimeSpan pause = s_firstPause;
        while (!_over.IsCancellationRequested)
        {
            long start = _clock.GetTimestamp();
            await using LabProgram program = await LabProgram.StartAsync(call, new KeptOpen(_text));
            int code = await program.Exited.WaitAsync(_over.Token);
            await _text.WriteAsync(Encoding.UTF8.GetBytes(Mark(code, program.Words)), CancellationToken.None);
            pause = _clock.GetElapsedTime(start) > s_longestPause ? s_firstPause : pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
            await Task.Delay(pause, _clock, _over.Token);
        }
    }

    private async Task FollowAsync(string path, bool fromEnd)
    {
        FileStream? source = null;
        try
        {
            source = TryOpen(path);
            source?.Seek(0, fromEnd ? SeekOrigin.End : SeekOrigin.Begin);
            _followed = source is null ? null : NameOf(source);
            while (!_over.IsCancellationRequested)
            {
                source = await CopyAsync(source, path);
                await Task.Delay(s_poll, _clock, _over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            source = await CopyAsync(source, path);
        }
        finally
        {
            if (source is not null)
                await source.DisposeAsync();
        }
    }

    // What is open is read to its end, also when its name is gone; then what has the name is opened, if that is another file.
    private async Task<FileStream?> CopyAsync(FileStream? source, string path)
    {
        if (source is null)
        {
            source = TryOpen(path);
            if (source is null)
                return null;
            _followed = NameOf(source);
        }

        // One that has become shorter was begun anew.
        if (source.Length < source.Position)
            source.Seek(0, SeekOrigin.Begin);
        await source.CopyToAsync(_text, Chunk, CancellationToken.None);
        if (NameOf(source) == _followed)
            return source;
        await source.DisposeAsync();
        return null;
    }

    // What the kernel calls an open file: another name when it was renamed, and "(deleted)" behind it when it is gone.
    private static string? NameOf(FileStream file) =>
        new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}")).LinkTarget;

    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception none) when (none is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A stream that outlives who writes to it, and has each piece on disk at once.</summary>
    private sealed class KeptOpen(Stream inner) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);
    }
}
