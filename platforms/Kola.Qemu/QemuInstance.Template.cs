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
    internal async Task<IReadOnlyList<QemuDisk>> FreezeAsync(string directory, string? greeting, CancellationToken cancel)
    {
        await _power.WaitAsync(cancel);
        try
        {
            await MustRunAsync("freeze");
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
        }
        finally
        {
            _power.Release();
        }
    }

    private void Resume(string template, string? greeting)
    {
        _channel.Resume(_emulator.Ports[0], _emulator.Ports[1], File.OpenRead(Path.Combine(template, TemplateFiles.Journal)));
        if (greeting is null)
            return;
        // A server that has gone is not told by its port: QEMU's end of it stays open.
        _emulator.PortClosed += port =>
        {
            if (port == GuestProgram.SshPort)
                _relay?.Dispose();
        };
        _relay = new SshRelay(_emulator.Ports[2], File.ReadAllBytes(Path.Combine(template, TemplateFiles.Ssh)), greeting);
    }
}
