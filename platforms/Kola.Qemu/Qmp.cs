using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kola.Qemu;

/// <summary>QEMU's control channel, one JSON object a line. Kola listens and QEMU connects, so nobody polls for a socket.</summary>
internal sealed class Qmp : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode?>> _calls = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _awaitedEvents = new();
    private readonly TaskCompletionSource<string> _diskFailed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _writing = new(1);
    private readonly string _path;
    private StreamWriter? _writer;
    private int _lastCall;

    private Qmp(string path) => _path = path;

    /// <summary>Reason of the last SHUTDOWN event: <c>guest-shutdown</c>, <c>host-signal</c>, <c>guest-panic</c>; null when there was none.</summary>
    public string? ShutdownReason { get; private set; }

    /// <summary>Ends, with the reason, when QEMU stopped the guest since the host could not read or write a disk: it is full.</summary>
    public Task<string> DiskFailed => _diskFailed.Task;

    /// <summary>Raised, with the port's name, when the guest has closed a serial port: the program at it has ended.</summary>
    public event Action<string>? PortClosed;

    /// <summary>Ends when QEMU has closed the channel. Never faults.</summary>
    public Task Closed { get; private set; } = Task.CompletedTask;

    /// <summary>Listens at a path of at most 107 bytes.</summary>
    public static Qmp Listen(string path)
    {
        var qmp = new Qmp(path);
        qmp._listener.Bind(new UnixDomainSocketEndPoint(path));
        qmp._listener.Listen(1);
        return qmp;
    }

    /// <summary>Waits for QEMU, reads its greeting and starts listening to events.</summary>
    public async Task AcceptAsync(CancellationToken cancel)
    {
        var stream = new NetworkStream(await _listener.AcceptAsync(cancel), ownsSocket: true);
        File.Delete(_path);
        var reader = new StreamReader(stream);
        _writer = new StreamWriter(stream) { AutoFlush = true, NewLine = "\n" };
        await reader.ReadLineAsync(cancel);
        Closed = ReadAsync(reader);
        await ExecuteAsync("qmp_capabilities", null, cancel);
    }

    /// <summary>Runs a command and returns its <c>return</c> member.</summary>
    /// <exception cref="PlatformException">QEMU refused it, or is gone.</exception>
    public async Task<JsonNode?> ExecuteAsync(string command, JsonObject? arguments, CancellationToken cancel)
    {
        int id = Interlocked.Increment(ref _lastCall);
        var call = new TaskCompletionSource<JsonNode?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _calls[id] = call;
        var request = new JsonObject { ["execute"] = command, ["id"] = id };
        if (arguments is not null)
            request["arguments"] = arguments;
        await _writing.WaitAsync(cancel);
        try
        {
            await _writer!.WriteLineAsync(request.ToJsonString().AsMemory(), cancel);
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException)
        {
            throw Gone();
        }
        finally
        {
            _writing.Release();
        }

        if (Closed.IsCompleted)
            throw Gone();
        return await call.Task.WaitAsync(cancel);
    }

    /// <summary>The next event of a name that arrives from now on. Cancelled when QEMU closes the channel.</summary>
    public Task NextAsync(string name) =>
        _awaitedEvents.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Closes the channel; QEMU goes on.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _writer?.BaseStream.Dispose();
        _writing.Dispose();
    }

    private async Task ReadAsync(StreamReader reader)
    {
        try
        {
            while (await reader.ReadLineAsync(CancellationToken.None) is { } line)
                Take(JsonNode.Parse(line)!.AsObject());
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException or JsonException)
        {
            // QEMU was killed in the middle of a line; for whoever waits that is the same as the end.
        }

        foreach (TaskCompletionSource<JsonNode?> call in _calls.Values)
            call.TrySetException(Gone());
        foreach (TaskCompletionSource awaited in _awaitedEvents.Values)
            awaited.TrySetCanceled();
    }

    // {"return": {}, "id": 3}
    // {"error": {"class": "GenericError", "desc": "…"}, "id": 4}
    // {"timestamp": {…}, "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}
    // {"timestamp": {…}, "event": "VSERPORT_CHANGE", "data": {"open": false, "id": "org.flatcar.kola.ssh"}}
    // {"timestamp": {…}, "event": "BLOCK_IO_ERROR", "data": {"node-name": "disk0", "action": "stop", "nospace": true, "reason": "No space left on device", …}}
    private void Take(JsonObject message)
    {
        if (message["event"]?.GetValue<string>() is { } name)
        {
            if (name == "SHUTDOWN")
                ShutdownReason = message["data"]?["reason"]?.GetValue<string>();
            if (name == "BLOCK_IO_ERROR" && message["data"]?["action"]?.GetValue<string>() == "stop")
                _diskFailed.TrySetResult(message["data"]?["reason"]?.GetValue<string>() ?? "no reason given");
            if (name == "VSERPORT_CHANGE" && message["data"]?["open"]?.GetValue<bool>() == false)
                PortClosed?.Invoke(message["data"]!["id"]!.GetValue<string>());
            if (_awaitedEvents.TryRemove(name, out TaskCompletionSource? awaited))
                awaited.TrySetResult();
        }
        else if (message["id"] is { } id && _calls.TryRemove(id.GetValue<int>(), out TaskCompletionSource<JsonNode?>? call))
        {
            if (message["error"]?["desc"]?.GetValue<string>() is { } refusal)
                call.TrySetException(new PlatformException(Signal.Emulator, $"QEMU refused: {refusal}"));
            else
                call.TrySetResult(message["return"]);
        }
    }

    private static PlatformException Gone() => new(Signal.Emulator, "QEMU closed its control channel");
}
