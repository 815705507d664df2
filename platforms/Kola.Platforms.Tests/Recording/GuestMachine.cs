using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Recording;

/// <summary>
/// A provider's machine under QEMU, emulated: a disk of its own on top of the image, a console, and 169.254.169.254, which answers it alone. SSH is at port 22 of its address.
/// </summary>
/// <param name="host">Where it runs.</param>
/// <param name="shape">What it is made of.</param>
/// <param name="directory">Its own.</param>
internal sealed class GuestMachine(GuestHost host, GuestShape shape, string directory) : IAsyncDisposable
{
    private static readonly TimeSpan s_answer = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Guid _uuid = Guid.NewGuid();
    private MetadataDoor? _door;
    private ChildProcess? _qemu;
    private bool _deleted;

    public string Name => shape.Name;

    /// <summary>Where it is, on this host's loopback; null before it was first switched on.</summary>
    public string? Address { get; private set; } = shape.Address;

    /// <summary>Whether it runs.</summary>
    public bool IsOn => _qemu is { Exited.IsCompleted: false };

    /// <summary>What it asked its metadata server for.</summary>
    public IReadOnlyList<Received> Asked => _door?.Asked ?? [];

    /// <summary>All that was ever on its console.</summary>
    public byte[] Console
    {
        get
        {
            if (!File.Exists(ConsoleFile))
                return [];
            using var file = new FileStream(ConsoleFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] text = new byte[file.Length];
            file.ReadExactly(text);
            return text;
        }
    }

    private string ConsoleFile => Path.Combine(directory, "console.txt");

    private string Disk => Path.Combine(directory, "disk.qcow2");

    private string Variables => Path.Combine(directory, "variables.fd");

    private string Door => Path.Combine(directory, "door");

    private string Monitor => Path.Combine(directory, "monitor");

    /// <summary>Makes its disk, its variables, its door.</summary>
    public async Task FurnishAsync()
    {
        await GuestHost.RunAsync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", shape.Image, "-F", "raw", Disk, .. shape.DiskGiB is { } size ? [$"{size}G"] : Array.Empty<string>()]);
        if (shape.Uefi)
            File.Copy(Firmware().Variables, Variables);
        _door = await MetadataDoor.OpenAsync(Door, shape.Metadata);
    }

    /// <summary>Switches it on.</summary>
    public Task StartAsync() => InTurnAsync(async () =>
    {
        if (!IsOn && !_deleted)
            await PowerOnAsync();
    });

    /// <summary>Pulls its plug.</summary>
    public Task PullAsync() => InTurnAsync(PowerOffAsync);

    /// <summary>Presses its power button, and pulls its plug when it does not go.</summary>
    public Task StopAsync() => InTurnAsync(AskToGoAsync);

    /// <summary>Asks it to go, and switches it on again.</summary>
    public Task RestartAsync() => InTurnAsync(async () =>
    {
        await AskToGoAsync();
        if (!_deleted)
            await PowerOnAsync();
    });

    /// <summary>Presses its reset button.</summary>
    public Task ResetAsync() => InTurnAsync(() => SayAsync("system_reset"));

    /// <summary>Ends it for ever, at once.</summary>
    public async Task DeleteAsync()
    {
        _deleted = true;
        // Whoever waits for it to go need wait no more.
        _qemu?.Kill();
        await InTurnAsync(PowerOffAsync);
        File.Delete(Disk);
    }

    public async ValueTask DisposeAsync()
    {
        await DeleteAsync();
        if (_door is not null)
            await _door.DisposeAsync();
    }

    private async Task InTurnAsync(Func<Task> act)
    {
        await _turn.WaitAsync();
        try
        {
            await act();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task PowerOnAsync()
    {
        await PowerOffAsync();
        Address = shape.Address ?? GuestHost.Loopback();
        // The name server of QEMU's network is the one of resolv.conf, which is another file for this process alone.
        _qemu = await ChildProcess.StartAsync("unshare", ["--mount", "sh", "-c", "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"", host.Resolver, "qemu-system-x86_64", .. Arguments()], directory);
        long start = Stopwatch.GetTimestamp();
        // There is a monitor as soon as it runs, and none where it could not.
        while (!File.Exists(Monitor) && IsOn && Stopwatch.GetElapsedTime(start) < s_answer)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        if (!IsOn)
            throw new InvalidOperationException($"{Name}: QEMU ended: {string.Join('\n', _qemu.Words)}");
    }

    // What a guest has written is on its disk, flushed or not, as in a cloud: killed, QEMU would lose what it has not yet written down of it.
    private async Task PowerOffAsync()
    {
        if (IsOn && !_deleted)
        {
            try
            {
                await SayAsync("quit");
                await _qemu!.Exited.WaitAsync(s_answer);
            }
            catch (Exception fault) when (fault is SocketException or OperationCanceledException or TimeoutException)
            {
                // It is killed.
            }
        }

        if (_qemu is not null)
            await _qemu.DisposeAsync();
        File.Delete(Monitor);
    }

    private async Task AskToGoAsync()
    {
        if (IsOn)
        {
            await SayAsync("system_powerdown");
            await Task.WhenAny(_qemu!.Exited, Task.Delay(host.Patience, TimeProvider.System));
        }

        await PowerOffAsync();
    }

    private async Task SayAsync(string command)
    {
        using var limit = new CancellationTokenSource(s_answer);
        using var monitor = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await monitor.ConnectAsync(new UnixDomainSocketEndPoint(Monitor), limit.Token);
        await monitor.SendAsync(Encoding.ASCII.GetBytes($"{command}\n"), limit.Token);
        var seen = new StringBuilder();
        byte[] part = new byte[4096];
        // Left before it has said its second prompt, it does not obey.
        while (seen.ToString().Split("(qemu)").Length < 3 && await monitor.ReceiveAsync(part, limit.Token) is > 0 and var length)
            seen.Append(Encoding.ASCII.GetString(part, 0, length));
    }

    private static FirmwareFiles Firmware() => FirmwareFiles.Find(new QemuOptions { CacheDirectory = "", RuntimeDirectory = "" }, "amd64") ?? throw new InvalidOperationException("no UEFI firmware: scripts/setup");

    private IEnumerable<string> Arguments() =>
    [
        "-nodefaults", "-no-user-config", "-display", "none", "-uuid", _uuid.ToString(),
        "-machine", $"q35,graphics=off{(shape.Uefi ? ",pflash0=code,pflash1=variables" : "")}",
        "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max,la57=off",
        // Emulated, two processors take longer than one, and memory is this host's, whatever the size was called.
        "-m", "1024M", "-smp", "1", "-device", "virtio-rng-pci",
        "-chardev", $"file,id=console,path={ConsoleFile},append=on", "-serial", "chardev:console",
        "-monitor", $"unix:{Monitor},server=on,wait=off",
        "-drive", $"if=none,id=disk,format=qcow2,cache=unsafe,discard=unmap,file={Disk}",
        .. shape.Bus == DiskBus.Scsi ? ["-device", "virtio-scsi-pci,id=scsi", "-device", "scsi-hd,bus=scsi.0,drive=disk,bootindex=1"] : (string[])["-device", "virtio-blk-pci,drive=disk,bootindex=1"],
        .. shape.Disc is { } disc ? ["-drive", $"if=none,id=disc,media=cdrom,readonly=on,format=raw,file={disc}", "-device", "ide-cd,drive=disc"] : Array.Empty<string>(),
        // Only an address of the network can be given to a program, so the network is one that 169.254.169.254 is in.
        "-netdev", $"user,id=net,ipv6=off,net=169.0.0.0/8,hostfwd=tcp:{Address}:22-:22,guestfwd=tcp:169.254.169.254:80-cmd:socat - UNIX-CONNECT:{Door}",
        "-device", "virtio-net-pci,netdev=net,romfile=",
        .. shape.Uefi
            ? ["-blockdev", $"driver=file,node-name=code,read-only=on,filename={Firmware().Code}", "-blockdev", $"driver=file,node-name=variables,filename={Variables}"]
            : Array.Empty<string>(),
    ];

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} at {Address}, {(IsOn ? "on" : "off")}");
}
