using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Kola;
using Kola.Machines;
using Kola.Platforms;

namespace Example.PlainQemu;

/// <summary>One QEMU, its disk, its console.</summary>
internal sealed class PlainInstance(InstanceSpec spec, string program, PlatformRequest request) : IInstance
{
    private readonly string _directory = Directory.CreateTempSubdirectory("plain-qemu-").FullName;
    private readonly TaskCompletionSource<InstanceExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _port = FreePort();
    private Process? _qemu;

    public string Id => spec.Id;

    public string? ConsoleFile => Path.Combine(spec.Directory, "console.txt");

    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}");

    public TimeSpan? ProcessorTime => null;

    public int? MemoryMiB => null;

    public IGuestChannel? Channel => null;

    public Task<InstanceExit> Exited => _exited.Task;

    private string Disk => Path.Combine(_directory, "disk.qcow2");

    private string Monitor => Path.Combine(_directory, "monitor");

    /// <summary>Makes the disk and starts QEMU.</summary>
    internal async Task StartAsync(CancellationToken cancel)
    {
        using (Process make = Process.Start("qemu-img", ["create", "-q", "-f", "qcow2", "-F", spec.Image.Format, "-b", spec.Image.File, Disk]))
            await make.WaitForExitAsync(cancel);
        await File.WriteAllTextAsync(Path.Combine(_directory, "config.ign"), spec.Ignition ?? "", cancel);
        await RunAsync(cancel);
    }

    public Task<IShell> ConnectAsync(SshIdentity identity, CancellationToken cancel) =>
        Ssh.ConnectAsync("127.0.0.1", _port, identity, TimeSpan.FromMinutes(2), cancel);

    public async Task ResetAsync(CancellationToken cancel)
    {
        if (_exited.Task.IsCompleted)
            throw new PlatformException(Signal.MachineLost, $"{Id}: {(await _exited.Task).Detail}\n  wanted:  a machine that runs");
        using var monitor = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await monitor.ConnectAsync(new UnixDomainSocketEndPoint(Monitor), cancel);
        await monitor.SendAsync("system_reset\n"u8.ToArray(), cancel);
        // QEMU has read it when it prompts again.
        using var answers = new StreamReader(new NetworkStream(monitor));
        char[] answer = new char[1];
        for (int prompts = 0; prompts < 2 && await answers.ReadAsync(answer, cancel) > 0;)
            prompts += answer[0] == ')' ? 1 : 0;
    }

    public async Task PowerCycleAsync(CancellationToken cancel)
    {
        await EndAsync();
        await RunAsync(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        if (Directory.Exists(_directory))
            Directory.Delete(_directory, recursive: true);
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        File.Delete(Monitor);
        Process qemu = _qemu = Process.Start(new ProcessStartInfo(program, Arguments()) { RedirectStandardInput = true, RedirectStandardError = true })!;
        Task<string> words = qemu.StandardError.ReadToEndAsync(CancellationToken.None);
        while (!File.Exists(Monitor) && !qemu.HasExited)
            await Task.Delay(TimeSpan.FromMilliseconds(20), request.Access.Clock, cancel);
        if (qemu.HasExited)
            throw new PlatformException(Signal.Emulator, $"{Id}: QEMU did not start\n  got:     {(await words).Trim()}");
        _ = WatchAsync(qemu);
    }

    private async Task WatchAsync(Process qemu)
    {
        await qemu.WaitForExitAsync(CancellationToken.None);
        // The end of one that a power cycle has replaced is not the machine's.
        if (ReferenceEquals(qemu, _qemu))
            _exited.TrySetResult(qemu.ExitCode == 0 ? new InstanceExit(false, "the guest powered off") : new InstanceExit(true, $"QEMU was killed or crashed, exit code {qemu.ExitCode}"));
    }

    private async Task EndAsync()
    {
        if (Interlocked.Exchange(ref _qemu, null) is not { } qemu)
            return;
        qemu.Kill();
        await qemu.WaitForExitAsync(CancellationToken.None);
    }

    private List<string> Arguments()
    {
        List<string> all =
        [
            "-nodefaults", "-display", "none", "-machine", "q35", "-accel", "tcg,thread=multi",
            // QEMU 7.2 emulates AVX, and not rightly.
            "-cpu", "max,la57=off,avx=off,avx2=off,f16c=off,fma=off,vaes=off,vpclmulqdq=off",
            "-m", $"{spec.Machine.MemoryMiB}M", "-smp", $"{spec.Machine.Cpus}", "-smbios", PlainLeftover.Marks(request.Tags, _directory),
            "-monitor", $"unix:{Monitor},server=on,wait=off", "-chardev", $"file,id=console,path={ConsoleFile},append=on", "-serial", "chardev:console",
            "-drive", $"if=virtio,file={Disk},format=qcow2", "-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng",
            "-netdev", $"user,id=net,hostfwd=tcp:{Address}-:22", "-device", "virtio-net-pci,netdev=net", "-fw_cfg", $"name=opt/org.flatcar-linux/config,file={_directory}/config.ign",
        ];
        if (spec.Image.Direct is { } direct)
            all.AddRange(["-kernel", direct.Kernel, "-initrd", direct.Initrd, "-append", direct.CommandLine]);
        return all;
    }

    // Somebody else may take it in the moment before QEMU does; it then says so.
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
