using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Kola.Machines;

namespace Kola.Conformance;

/// <content>What is tried on one machine while it runs.</content>
public sealed partial class ConformanceKit
{
    private const string NotePath = "/etc/kola-conformance";
    private const string FlushedPath = "/var/kola-flushed";

    private async Task<string> StartsAsync(CancellationToken cancel)
    {
        if (_neighbours is not null)
            _network = await _platform.OpenNetworkAsync(_neighbours.Spec(Directory.CreateDirectory(Path.Combine(_request.Directory, "network")).FullName), cancel);
        _hub = await StartAsync("hub", cancel);
        return $"{_hub.Instance.Id} at {_hub.Instance.Address}";
    }

    private async Task<Subject> StartAsync(string role, CancellationToken cancel) =>
        new(await _platform.StartAsync(SpecOf(Machine(role), _neighbours, role), cancel), _identity, _request.Access.Clock);

    private async Task<string> AnswersAsync(CancellationToken cancel)
    {
        string boot = await _hub!.SeeBootAsync(cancel);
        return $"boot {boot}, at {_hub.Instance.Address}, {await _hub.RunAsync("cat /etc/os-release | grep ^PRETTY_NAME= ; uname -r", cancel)}".ReplaceLineEndings(", ");
    }

    private async Task<string> HasItsConfigAsync(CancellationToken cancel)
    {
        string note = await _hub!.RunAsync($"cat {NotePath}", cancel);
        return note == _nonce ? $"{NotePath} has what the config says" : throw new PromiseBrokenException($"{NotePath} is \"{note}\" instead of \"{_nonce}\"");
    }

    private async Task<string> HasItsShapeAsync(CancellationToken cancel)
    {
        MachineSpec asked = Machine("hub");
        string[] seen = (await _hub!.RunAsync("nproc --all; awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo", cancel)).Split('\n');
        int cpus = int.Parse(seen[0], CultureInfo.InvariantCulture), memory = int.Parse(seen[1], CultureInfo.InvariantCulture);
        // The kernel and the firmware keep a part for themselves; a cloud has sizes of its own and may give more.
        return cpus >= asked.Cpus && memory >= asked.MemoryMiB * 3 / 4 ? $"{cpus} CPU, {memory} MiB to use"
            : throw new PromiseBrokenException($"{cpus} CPU and {memory} MiB to use, where {asked.Cpus} and {asked.MemoryMiB} were asked for");
    }

    private async Task<string> ShowsItsConsoleAsync(CancellationToken cancel)
    {
        string file = _hub!.Instance.ConsoleFile ?? throw new PromiseBrokenException("the platform offers a console and names no file of it");
        string mark = $"kola-{_nonce[..12]}-{Guid.NewGuid():N}";
        // tty0 ttyS0: with several consoles, /dev/console is the one named last on the kernel's command line, and seldom the serial one.
        await _hub.RunAsync($"echo {mark} | sudo tee $(sed 's|[^ ]*|/dev/&|g' /sys/class/tty/console/active)", cancel);
        Waited<string> console = await Wait.UntilAsync(
            async token => File.Exists(file) ? await File.ReadAllTextAsync(file, token) : "", text => text.Contains(mark, StringComparison.Ordinal), s_limit * _platform.Slowness, TimeSpan.FromSeconds(5), _request.Access.Clock, cancel);
        if (!console.Held)
            throw new PromiseBrokenException($"what the guest wrote to /dev/console did not come, {console.Last.Length} characters did");
        int at = console.Last.IndexOf(mark, StringComparison.Ordinal);
        return at >= 20 ? $"{at} characters of boot, then what the guest wrote" : throw new PromiseBrokenException("nothing of the boot came before what the guest wrote");
    }

    private async Task<string> AnswersPastItsNetworkAsync(CancellationToken cancel)
    {
        IGuestChannel channel = _hub!.Instance.Channel ?? throw new PromiseBrokenException("the platform offers a way past the network and gives none");
        await channel.WhenUpAsync(cancel);
        string seen = await channel.AskAsync("cat /proc/sys/kernel/random/boot_id; id -u", cancel) is { ExitCode: 0, Text: var text } ? text.Trim() : "no answer";
        return seen == $"{_hub.BootId}\n0" ? "root answers, in the same boot" : throw new PromiseBrokenException($"it answers \"{seen}\" where boot {_hub.BootId} and user 0 were expected");
    }

    private async Task<string> ReachesTheHarnessAsync(CancellationToken cancel)
    {
        string host = _platform.HostAddress ?? throw new PromiseBrokenException("the platform offers the harness's files and gives no address of the harness");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task served = ServeAsync(listener, cancel);
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        string read = await _hub!.RunAsync(string.Create(CultureInfo.InvariantCulture, $"exec 3<>/dev/tcp/{host}/{port} && cat <&3"), cancel);
        await served;
        return read == _nonce ? $"{host}, from within" : throw new PromiseBrokenException($"{host} sent \"{read}\" instead of \"{_nonce}\"");

        async Task ServeAsync(TcpListener from, CancellationToken token)
        {
            using TcpClient client = await from.AcceptTcpClientAsync(token);
            await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(_nonce), token);
        }
    }

    private async Task<string> HasItsDisksAsync(CancellationToken cancel)
    {
        IReadOnlyList<ExtraDisk> disks = Machine("hub").Disks;
        foreach (ExtraDisk disk in disks)
        {
            string bytes = await _hub!.RunAsync($"sudo blockdev --getsize64 {PathOf(disk)}", cancel);
            if (bytes != ((long)disk.SizeMiB << 20).ToString(CultureInfo.InvariantCulture))
                throw new PromiseBrokenException($"{PathOf(disk)} has {bytes} bytes where {disk.SizeMiB} MiB were asked for");
            await _hub.RunAsync($"sudo dd of={PathOf(disk)} oflag=direct bs=4096 count=1 conv=sync,fsync status=none", cancel, disk.Serial + _nonce);
        }

        return string.Join(", ", disks.Select(PathOf));
    }

    private static string PathOf(ExtraDisk disk) => "/dev/disk/by-id/" + disk.Bus switch
    {
        DiskBus.Nvme => $"nvme-QEMU_NVMe_Ctrl_{disk.Serial}",
        DiskBus.Scsi => $"scsi-0QEMU_QEMU_HARDDISK_{disk.Serial}",
        _ => $"virtio-{disk.Serial}",
    };

    private async Task<string> IsResetAsync(CancellationToken cancel)
    {
        string before = _hub!.BootId;
        // A first boot's files, sshd's host keys among them, are in the guest's memory only: a reset without this leaves them empty.
        await _hub.RunAsync("sync", cancel);
        await _hub.Instance.ResetAsync(cancel);
        await _hub.DisconnectAsync();
        string after = await _hub.SeeBootAsync(cancel);
        if (TakesConfigs)
            await HasItsConfigAsync(cancel);
        return $"boot {before[..8]} became {after[..8]}";
    }

    private async Task<string> IsPowerCycledAsync(CancellationToken cancel)
    {
        string before = _hub!.BootId;
        await _hub.RunAsync($"sudo install -D -m 0644 /dev/stdin {FlushedPath}", cancel, _nonce);
        await _hub.RunAsync("sync", cancel);
        await _hub.Instance.PowerCycleAsync(cancel);
        await _hub.DisconnectAsync();
        string after = await _hub.SeeBootAsync(cancel);
        if (await _hub.RunAsync($"cat {FlushedPath}", cancel) != _nonce)
            throw new PromiseBrokenException($"{FlushedPath} was flushed and is not what it was");
        foreach (ExtraDisk disk in _outcomes["disks"] == PromiseOutcome.Kept ? Machine("hub").Disks : [])
        {
            string head = await _hub.RunAsync($"sudo head -c {disk.Serial.Length + _nonce.Length} {PathOf(disk)}", cancel);
            if (head != disk.Serial + _nonce)
                throw new PromiseBrokenException($"{PathOf(disk)} begins with \"{head.Replace('\0', '0')}\" where \"{disk.Serial}{_nonce}\" was written to it");
        }

        return $"boot {before[..8]} became {after[..8]}";
    }
}
