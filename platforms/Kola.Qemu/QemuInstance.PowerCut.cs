using Kola.Machines;

namespace Kola.Qemu;

/// <content>The disk as a power cut leaves it.</content>
public sealed partial class QemuInstance
{
    /// <inheritdoc/>
    public IDiskRecording? Recording => _files.Recorded;

    /// <inheritdoc/>
    public Task PowerCutAsync(CutPoint point, CancellationToken cancel) => _power.WhileOnAsync("power cut", async () =>
    {
        try
        {
            RecordedDisk disk = _files.Recorded ?? throw NotRecorded.Of(Id);
            await EndRecordingAsync(cancel);
            DiskState.DurableEntries(disk.Writes, point);
            await PullPlugAsync();
            string boot = await Task.Run(() => disk.Rebuild(point, cancel), cancel);
            _arguments = _arguments with { Disks = [_arguments.Disks[0] with { File = boot }, .. _arguments.Disks.Skip(1)] };
            await PowerOnAsync(cancel);
            _channel.ConnectAnew(_emulator.Ports[0], _emulator.Ports[1]);
        }
        catch (Exception problem) when (_pullingPlug)
        {
            _exited.TrySetResult(NotBack("power cut", problem));
            throw;
        }
    }, cancel);

    // A process that is killed may leave half an entry. So the guest is stopped first and QEMU does what it was asked; that takes no longer than the writes.
    private async Task EndRecordingAsync(CancellationToken cancel)
    {
        if (_files.Recorded is not { } disk || _arguments.WritesLog is null)
            return;
        int before = disk.Count;
        await _emulator.HaltAsync(cancel);
        disk.End(before);
    }
}
