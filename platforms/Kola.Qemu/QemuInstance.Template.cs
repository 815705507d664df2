using Kola.Machines;

namespace Kola.Qemu;

/// <content>Becoming a template, and going on from one.</content>
public sealed partial class QemuInstance
{
    /// <summary>
    /// Saves the machine into a directory and ends it. Its SSH server has been greeted by then and has said what it says to a client before
    /// it knows anything of it, so that a copy's client begins there.
    /// </summary>
    /// <returns>Its disks, as files of the directory.</returns>
    internal Task<IReadOnlyList<QemuDisk>> FreezeAsync(string directory, string? greeting, CancellationToken cancel) => _power.WhileOnAsync<IReadOnlyList<QemuDisk>>("freeze", async () =>
    {
        if (greeting is not null)
        {
            byte[] said = await SshOverture.PlayAsync(_emulator.Ports[2], greeting, s_loginTime * _host.Acceleration.Slowness, cancel);
            await File.WriteAllBytesAsync(Path.Combine(directory, TemplateFiles.Ssh), said, cancel);
        }

        await _emulator.SaveAsync(Path.Combine(directory, TemplateFiles.State), cancel);
        _pullingPlug = true;
        await _emulator.DisposeAsync();
        await _channel.DrainJournalAsync();
        await _channel.JournalCopy!.DisposeAsync();
        File.Copy(ConsoleFile, Path.Combine(directory, TemplateFiles.Console));
        return [.. _files.Disks.Select(d => d with { File = Path.GetFileName(d.File) })];
    }, cancel);

    /// <summary>One connection to a server that is started for it, over the machine's serial port. There is one such port: who was connected before is not any more.</summary>
    private async Task<IShell> ConnectPastNetworkAsync(SshIdentity identity, TimeSpan within, CancellationToken cancel)
    {
        if (!_channel.IsUp)
            throw new MachineException($"{Id}: there is no way in yet\n  wanted:  the guest program of this boot");
        _relay?.Dispose();
        if (await _channel.AskAsync(GuestProgram.ServeSsh, cancel) is not { ExitCode: 0 })
            throw new MachineException($"{Id}: no SSH server at its serial port\n  wanted:  kola-ssh.service");
        string greeting = await Ssh.GreetingAsync(cancel);
        try
        {
            byte[] said = await SshOverture.PlayAsync(_emulator.Ports[2], greeting, within, cancel);
            _relay = Watched(new SshRelay(_emulator.Ports[2], said, greeting));
        }
        catch (PlatformException silent)
        {
            // The machine may be on its way down.
            throw new MachineException(silent.Message, silent);
        }

        _relayed = true;
        return await Ssh.ConnectAsync(_relay, identity, within, cancel);
    }

    private SshRelay Watched(SshRelay relay)
    {
        if (_watchesPort == _emulator)
            return relay;
        _watchesPort = _emulator;
        // A server that has gone is not told by its port: QEMU's end of it stays open.
        _emulator.PortClosed += port =>
        {
            if (port == GuestProgram.SshPort)
                _relay?.Dispose();
        };
        return relay;
    }

    private void Resume(string template, string? greeting)
    {
        _channel.Resume(_emulator.Ports[0], _emulator.Ports[1], File.OpenRead(Path.Combine(template, TemplateFiles.Journal)));
        if (greeting is null)
            return;
        _relay = Watched(new SshRelay(_emulator.Ports[2], File.ReadAllBytes(Path.Combine(template, TemplateFiles.Ssh)), greeting));
    }
}
