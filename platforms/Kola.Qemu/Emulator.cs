using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kola.Machines;

namespace Kola.Qemu;

/// <summary>One QEMU process, from power on to power off, with its control channel and its TPM.</summary>
internal sealed partial class Emulator : IAsyncDisposable
{
    /// <summary>What QEMU calls the network behind the card in the spare slot.</summary>
    public const string SpareNetwork = "spare-net";

    private const string SpareCard = "spare-card";

    private static readonly TimeSpan s_startTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_resetTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_lastWordsTime = TimeSpan.FromSeconds(5);

    private readonly ChildProcess _process;
    private readonly Qmp _qmp;
    private readonly ChildProcess? _tpm;
    private readonly string? _stateFile;
    private readonly string _stateSocket;

    private readonly long _killsBefore = MemoryShortage.Kills();

    private Emulator(ChildProcess process, Qmp qmp, ChildProcess? tpm, string? stateFile, string stateSocket)
    {
        _stateFile = stateFile;
        _stateSocket = stateSocket;
        _process = process;
        _qmp = qmp;
        _tpm = tpm;
    }

    /// <summary>Process id of QEMU.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Port of 127.0.0.1 that leads to the guest's SSH.</summary>
    public int SshPort { get; private set; }

    /// <summary>The host's ends of its serial ports, in the arguments' order.</summary>
    public Stream[] Ports { get; private set; } = [];

    /// <summary>Raised, with the port's name, when the guest has closed a serial port. A reset closes none: the guest has no time to.</summary>
    public event Action<string>? PortClosed
    {
        add => _qmp.PortClosed += value;
        remove => _qmp.PortClosed -= value;
    }

    /// <summary>How it ended. Never faults.</summary>
    public Task<InstanceExit> Ended { get; private set; } = null!;

    /// <summary>Starts QEMU and lets the guest run.</summary>
    /// <param name="program">QEMU's program.</param>
    /// <param name="arguments">The machine.</param>
    /// <param name="tpmState">Directory of the TPM's state; null when the machine has none.</param>
    /// <param name="cancel">Ends the start; nothing is left then.</param>
    /// <exception cref="PlatformException">QEMU ended, or was not there within 30 seconds.</exception>
    public static async Task<Emulator> StartAsync(string program, QemuArguments arguments, string? tpmState, CancellationToken cancel)
    {
        ChildProcess? tpm = null;
        ChildProcess? process = null;
        Qmp qmp = Qmp.Listen(arguments.QmpSocket);
        using var ports = SerialPorts.Open(arguments.SerialPorts);
        try
        {
            if (tpmState is not null)
                tpm = await Swtpm.StartAsync(tpmState, arguments.TpmSocket!, cancel);
            process = await ChildProcess.StartAsync(program, arguments.ToList(), Path.GetDirectoryName(arguments.QmpSocket)!);
            var emulator = new Emulator(process, qmp, tpm, arguments.StateFile, Path.Combine(Path.GetDirectoryName(arguments.QmpSocket)!, "state"));
            await emulator.RunAsync(arguments.Id, ports, cancel);
            return emulator;
        }
        catch
        {
            await StopAsync(process, tpm);
            qmp.Dispose();
            File.Delete(arguments.QmpSocket);
            throw;
        }
    }

    /// <summary>The reset button. Returns when QEMU says the machine was reset.</summary>
    public async Task ResetAsync(CancellationToken cancel)
    {
        Task reset = _qmp.NextAsync("RESET");
        await _qmp.ExecuteAsync("system_reset", null, cancel);
        try
        {
            await reset.WaitAsync(s_resetTime, cancel);
        }
        catch (Exception problem) when (problem is TimeoutException || !cancel.IsCancellationRequested && problem is TaskCanceledException)
        {
            throw new PlatformException(Signal.Emulator, $"QEMU was told to reset the machine and did not within {s_resetTime.TotalSeconds:0} s", problem);
        }
    }

    /// <summary>Gives a card a carrier, or takes it away.</summary>
    /// <param name="network">What QEMU calls the network behind it.</param>
    /// <param name="up">Whether it has one.</param>
    /// <param name="cancel">Ends the wait for QEMU's answer.</param>
    public Task SetLinkAsync(string network, bool up, CancellationToken cancel) =>
        _qmp.ExecuteAsync("set_link", new JsonObject { ["name"] = network, ["up"] = up }, cancel);

    /// <summary>Puts a card into the spare slot.</summary>
    public async Task InsertCardAsync(QemuCard card, CancellationToken cancel)
    {
        JsonObject Path(string path) => new() { ["type"] = "unix", ["path"] = path };
        await _qmp.ExecuteAsync("netdev_add", new JsonObject { ["type"] = "dgram", ["id"] = SpareNetwork, ["local"] = Path(card.Socket), ["remote"] = Path(card.PortSocket) }, cancel);
        await _qmp.ExecuteAsync("device_add", new JsonObject { ["driver"] = "virtio-net-pci", ["id"] = SpareCard, ["bus"] = QemuArguments.SpareSlot, ["netdev"] = SpareNetwork, ["mac"] = card.Mac, ["romfile"] = "" }, cancel);
    }

    /// <summary>Asks the guest to let go of that card.</summary>
    /// <returns>Whether it did.</returns>
    public async Task<bool> RemoveCardAsync(TimeSpan within, CancellationToken cancel)
    {
        Task deleted = _qmp.NextAsync("DEVICE_DELETED");
        await _qmp.ExecuteAsync("device_del", new JsonObject { ["id"] = SpareCard }, cancel);
        try
        {
            await deleted.WaitAsync(within, cancel);
        }
        catch (TimeoutException)
        {
            return false;
        }

        await _qmp.ExecuteAsync("netdev_del", new JsonObject { ["id"] = SpareNetwork }, cancel);
        return true;
    }

    /// <summary>Stops the guest; what it had asked of its disks is done when this returns.</summary>
    public Task HaltAsync(CancellationToken cancel) => _qmp.ExecuteAsync("stop", null, cancel);

    /// <summary>Stops the guest and writes the state of its devices; its memory is in its file already. The guest must not run again.</summary>
    /// <exception cref="PlatformException">It could not be written.</exception>
    public async Task SaveAsync(string file, CancellationToken cancel)
    {
        await HaltAsync(cancel);
        await _qmp.SaveAsync(file, _stateSocket, cancel);
    }

    /// <summary>Pulls the plug. Bounded, never throws.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(_process, _tpm);
        await Ended;
        _qmp.Dispose();
        foreach (Stream port in Ports)
            await port.DisposeAsync();
    }

    /// <summary>Port of the forward in the answer of <c>info usernet</c>.</summary>
    internal static int ForwardedPort(string table) => int.Parse(Forward().Match(table).Groups["port"].Value, CultureInfo.InvariantCulture);

    private static async Task StopAsync(ChildProcess? process, ChildProcess? tpm)
    {
        if (process is not null)
            await process.DisposeAsync();
        if (tpm is not null)
            await tpm.DisposeAsync();
    }

    private async Task RunAsync(string id, SerialPorts ports, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_startTime);
        Task run = GreetAsync(ports, limit.Token);
        // A QEMU that ends closes its channel first: what it says at its end is worth more than that.
        if (await Task.WhenAny(run, _process.Exited) == run && run.IsFaulted)
            await Task.WhenAny(_process.Exited, Task.Delay(s_lastWordsTime, TimeProvider.System, cancel));
        if (!run.IsCompletedSuccessfully && _process.Exited.IsCompleted)
        {
            limit.Cancel();
            await run.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            int code = await _process.Exited;
            Signal signal = MemoryShortage.Ended(code, _process.Words, _killsBefore) ? Signal.HostMemory : Signal.Emulator;
            throw new PlatformException(signal, $"{id}: QEMU did not start\n  got:     {ChildProcess.Describe(code, _process.Words)}");
        }

        try
        {
            await run;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new PlatformException(Signal.Emulator, $"{id}: QEMU did not start\n  wanted:  its control channel within {s_startTime.TotalSeconds:0} s\n  got:     a process that runs and says nothing");
        }

        Ended = WaitAsync();
    }

    private async Task GreetAsync(SerialPorts ports, CancellationToken cancel)
    {
        await _qmp.AcceptAsync(cancel);
        Ports = await ports.AcceptAsync(cancel);
        var arguments = new JsonObject { ["command-line"] = "info usernet" };
        JsonNode? table = await _qmp.ExecuteAsync("human-monitor-command", arguments, cancel);
        SshPort = ForwardedPort(table!.GetValue<string>());
        if (_stateFile is not null)
            await _qmp.LoadAsync(_stateFile, _stateSocket, cancel);
        await _qmp.ExecuteAsync("cont", null, cancel);
    }

    private async Task<InstanceExit> WaitAsync()
    {
        // A QEMU that closed its channel and does not end is of no more use; one that stopped its guest for want of room even less.
        await Task.WhenAny(_process.Exited, _qmp.Closed, _qmp.DiskFailed);
        if (!_qmp.DiskFailed.IsCompleted)
            await Task.WhenAny(_process.Exited, Task.Delay(s_lastWordsTime, TimeProvider.System, CancellationToken.None));
        _process.Kill();
        int code = await _process.Exited;
        if (_qmp.DiskFailed.IsCompleted)
            return new InstanceExit(PlatformFault: true, $"the host could not write the machine's disk: {await _qmp.DiskFailed}") { Signal = Signal.HostStorage };
        await Task.WhenAny(_qmp.Closed, Task.Delay(s_lastWordsTime, TimeProvider.System, CancellationToken.None));
        string how = ChildProcess.Describe(code, _process.Words);
        return _qmp.ShutdownReason switch
        {
            "guest-shutdown" => new InstanceExit(PlatformFault: false, "the guest powered off"),
            "guest-panic" => new InstanceExit(PlatformFault: false, "the guest's kernel panicked"),
            { } reason => new InstanceExit(PlatformFault: true, $"QEMU was ended from outside ({reason}); {how}"),
            null when MemoryShortage.Ended(code, _process.Words, _killsBefore) =>
                new InstanceExit(PlatformFault: true, $"the host ran out of memory and QEMU ended: {how}") { Signal = Signal.HostMemory },
            null => new InstanceExit(PlatformFault: true, $"QEMU ended: {how}"),
        };
    }

    //   TCP[HOST_FORWARD]  11       127.0.0.1 32769       10.0.2.15    22     0     0
    [GeneratedRegex(@"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(?<port>\d+)")]
    private static partial Regex Forward();
}
