using System.Globalization;
using Kola.Libvirt.Bindings;
using Kola.Machines;
using Kola.Segments;

namespace Kola.Libvirt;

/// <content>Switching it on and off, and what is done to its hardware.</content>
public sealed partial class LibvirtInstance
{
    /// <inheritdoc/>
    public Task ResetAsync(CancellationToken cancel) => _power.WhileOnAsync("reset", () => LibvirtHost.DoAsync(Id, "a reset", _domain.Reset), cancel);

    /// <inheritdoc/>
    public Task PowerCycleAsync(CancellationToken cancel) => _power.WhileOnAsync("power cycle", async () =>
    {
        try
        {
            _before = ProcessorTime ?? _before;
            await PullPlugAsync();
            await PowerOnAgainAsync(cancel);
        }
        catch (Exception problem) when (_pullingPlug)
        {
            _exited.TrySetResult(new InstanceExit(PlatformFault: true, $"it did not come back from a power cycle: {problem.Message.Split('\n')[^1].Trim()}") { Signal = Signal.MachineLost });
            throw;
        }
    }, cancel);

    // Paused until kola hears all it says, so that no byte and no event is missed.
    private async Task PowerOnAsync(CancellationToken cancel)
    {
        _ends = new MachineEnds();
        _off = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await LibvirtHost.DoAsync(Id, "starting it", () => EmulatorStart.Run(() => _domain.Create(StartMode.Paused | StartMode.AutoDestroy)));
        cancel.ThrowIfCancellationRequested();
        await LibvirtHost.DoAsync(Id, "opening its console", () =>
        {
            _console.Attach(_domain.OpenConsole(_host.Connection));
            LibvirtStream[] ports = [.. Ports.Select(p => _domain.OpenChannel(_host.Connection, p))];
            _channel.Connect(ports[0], ports[1]);
            _ssh = ports[2];
            if (_description.First is { Network: null })
                Address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ForwardedPort(_domain.Monitor("info usernet"))}");
        });
        // A cable that was pulled stays out while the machine is off.
        foreach (CableLink link in _links.Append(_management).OfType<CableLink>().Where(l => !l.Plugged))
            await SetLinkAsync(link.Network, false);
        cancel.ThrowIfCancellationRequested();
        _pullingPlug = false;
        await LibvirtHost.DoAsync(Id, "letting it run", _domain.Resume);
        _ran = true;
    }

    /// <summary>On the same port, so that addresses people noted stay right; on another one if somebody took it meanwhile.</summary>
    private async Task PowerOnAgainAsync(CancellationToken cancel)
    {
        if (_description.First is not { Network: null } card)
        {
            await PowerOnAsync(cancel);
            return;
        }

        try
        {
            await DescribeAsync(card with { Port = PortOf(Address) });
            await PowerOnAsync(cancel);
        }
        catch (PlatformException taken) when (taken.Message.Contains("host forwarding rule", StringComparison.Ordinal))
        {
            await DescribeAsync(card with { Port = 0 });
            await PowerOnAsync(cancel);
        }
    }

    private Task DescribeAsync(FirstCard card)
    {
        _description = _description with { First = card };
        string xml = _description.ToXml();
        return LibvirtHost.DoAsync(Id, "describing it to libvirt", () => _host.Connection.DefineDomain(xml).Dispose());
    }

    private async Task PullPlugAsync()
    {
        _pullingPlug = true;
        _relay?.Dispose();
        await LibvirtHost.DoAsync(Id, "switching it off", _domain.Destroy);
        // Told by an event; a daemon that forgets to is not waited for.
        await Task.WhenAny(_off.Task, Task.Delay(s_loginTime, TimeProvider.System));
        await _console.DetachAsync();
        if (_ssh is not null)
            await _ssh.DisposeAsync();
    }

    private void Take(DomainEvent told)
    {
        // A server that has gone with its boot is not told by its port: that stays open.
        if (told.Kind == DomainEventKind.Rebooted)
            _relay?.Dispose();
        if (_ends.Read(told) is not { } exit)
            return;
        _off.TrySetResult();
        if (!_pullingPlug)
            _ = EndAsync(exit);
    }

    private void Lose(CloseReason reason)
    {
        _off.TrySetResult();
        if (!_pullingPlug)
            _ = EndAsync(MachineEnds.Read(reason));
    }

    // The last words on the console are part of how it ended.
    private async Task EndAsync(InstanceExit exit)
    {
        await Task.WhenAny(_console.Ended, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System));
        _exited.TrySetResult(exit);
    }

    private Task CarryAsync(string network, bool up, CancellationToken cancel) =>
        _power.WhileOnAsync(up ? "plugging a cable in" : "pulling a cable", () => SetLinkAsync(network, up), cancel);

    private Task SetLinkAsync(string network, bool up) => LibvirtHost.DoAsync(Id, up ? "plugging a cable in" : "pulling a cable", () => _domain.Monitor($"set_link {network} {(up ? "on" : "off")}"));
}
