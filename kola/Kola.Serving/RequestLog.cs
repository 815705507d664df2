using System.Collections.Immutable;

namespace Kola.Serving;

/// <summary>What was asked for. Thread-safe.</summary>
internal sealed class RequestLog : IDisposable
{
    private readonly Lock _lock = new();
    private readonly StreamWriter? _file;
    private readonly Masking _masking;
    private readonly TimeProvider _time;
    private ImmutableList<ServedRequest> _requests = [];

    private RequestLog(StreamWriter? file, Masking masking, TimeProvider time) => (_file, _masking, _time) = (file, masking, time);

    internal IReadOnlyList<ServedRequest> Requests => Volatile.Read(ref _requests);

    /// <exception cref="PlatformException">The file cannot be written.</exception>
    internal static RequestLog Open(string? file, Masking masking, TimeProvider time)
    {
        try
        {
            return new RequestLog(file is null ? null : new StreamWriter(file, append: true) { AutoFlush = true }, masking, time);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException(Signal.HostStorage, $"{file} cannot be written: {fault.Message}", fault);
        }
    }

    /// <summary>Notes a request that began at <paramref name="start"/>, a time stamp of the same clock.</summary>
    internal void Add(long start, string protocol, string path, int status, long bytes, string remote, string? agent)
    {
        TimeSpan elapsed = _time.GetElapsedTime(start);
        var request = new ServedRequest(_time.GetUtcNow() - elapsed, protocol, path, status, bytes, remote, agent, elapsed.TotalSeconds);
        lock (_lock)
        {
            Volatile.Write(ref _requests, _requests.Add(request));
            try
            {
                // What a client wrote stays one line.
                _file?.WriteLine(_masking.Mask(request.ToString().ReplaceLineEndings(" ")));
            }
            catch (Exception lost) when (lost is IOException or ObjectDisposedException)
            {
                // A full disk is told by what the run keeps; a machine must not go without its file for want of a log line.
            }
        }
    }

    public void Dispose() => _file?.Dispose();
}
