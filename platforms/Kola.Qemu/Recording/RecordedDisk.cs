using Kola.Machines;
using Microsoft.Win32.SafeHandles;

namespace Kola.Qemu;

/// <summary>
/// A boot disk whose writes are logged, and the disks it would be after a power cut. Each is made of two overlays over what the machine started from: what
/// had been flushed, which only grows as long as the cuts go forward, and what the cut has left of the rest, which the machine then writes to.
/// </summary>
internal sealed class RecordedDisk : IDiskRecording, IDisposable
{
    private readonly string _directory;
    private readonly bool _keep;
    private readonly (string File, string Format, long Bytes) _start;
    private readonly HeldFile _logFile;
    private readonly SafeFileHandle _logHandle;
    private readonly DiskLog _log;
    private readonly Lock _gate = new();
    private Qcow2Overlay? _flushed;
    private HeldFile? _flushedFile;
    private int _flushedEntries;
    private HeldFile? _cut;
    private bool _ended;

    private RecordedDisk(string directory, bool keep, (string, string, long) start, HeldFile logFile, SafeFileHandle logHandle)
    {
        _directory = directory;
        _keep = keep;
        _start = start;
        _logFile = logFile;
        _logHandle = logHandle;
        _log = new DiskLog(logHandle);
    }

    /// <summary>File QEMU is to log to.</summary>
    public string LogFile => _logFile.Path;

    /// <inheritdoc/>
    public int Count => Read(writes => writes.Count);

    /// <inheritdoc/>
    public IReadOnlyList<DiskWrite> Writes => Read<IReadOnlyList<DiskWrite>>(writes => [.. writes]);

    /// <summary>Makes the log, empty.</summary>
    /// <param name="directory">Where its files are made.</param>
    /// <param name="keep">They keep their names.</param>
    /// <param name="start">What the machine's own disk is an overlay of, and its size as the guest sees it.</param>
    public static RecordedDisk Create(string directory, bool keep, (string File, string Format, long Bytes) start)
    {
        string file = Path.Combine(directory, "disk-writes.log");
        File.WriteAllBytes(file, []);
        SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return new RecordedDisk(directory, keep, start, HeldFile.Take(file, keep), handle);
    }

    /// <summary>Ends the recording, once QEMU has stopped the guest and done what it was at.</summary>
    /// <param name="before">Entries there were before it was told to stop: a stop flushes all disks itself, and that flush is nobody's.</param>
    public void End(int before)
    {
        lock (_gate)
        {
            if (_ended)
                return;
            _log.ReadOn();
            _log.DropLastFlush(kept: before);
            _ended = true;
        }
    }

    /// <summary>Makes the disk a power cut leaves. The one it made before must not be in use any more.</summary>
    /// <returns>What to open it by.</returns>
    /// <exception cref="UsageException">The recording does not go as far.</exception>
    /// <exception cref="PlatformException">The host has no room for it.</exception>
    public string Rebuild(CutPoint point, CancellationToken cancel)
    {
        try
        {
            _cut?.Dispose();
            int durable = DiskState.DurableEntries(_log.Writes, point);
            string under = Flushed(durable, cancel);
            string file = Path.Combine(_directory, "disk-cut.qcow2");
            using var rest = Qcow2Overlay.Create(file, under, "qcow2", _start.Bytes);
            _cut = HeldFile.Take(file, _keep);
            foreach (DiskExtent extent in DiskState.Survivors(_log.Writes, point))
                Replay(rest, extent, cancel);
            rest.Flush();
            return _cut.Path;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // Half an overlay is none.
            ForgetFlushed();
            throw new PlatformException(Signal.HostStorage, $"the disk as the power cut {point} leaves it could not be made: {problem.Message}", problem);
        }
        catch (OperationCanceledException)
        {
            ForgetFlushed();
            throw;
        }
    }

    /// <summary>Lets go of all files.</summary>
    public void Dispose()
    {
        _cut?.Dispose();
        ForgetFlushed();
        _logHandle.Dispose();
        _logFile.Dispose();
    }

    private string Flushed(int entries, CancellationToken cancel)
    {
        if (_flushed is null || entries < _flushedEntries)
        {
            ForgetFlushed();
            string file = Path.Combine(_directory, "disk-flushed.qcow2");
            _flushed = Qcow2Overlay.Create(file, _start.File, _start.Format, _start.Bytes);
            _flushedFile = HeldFile.Take(file, _keep);
        }
        else if (entries == _flushedEntries)
        {
            return _flushedFile!.Path;
        }

        for (; _flushedEntries < entries; _flushedEntries++)
        {
            DiskWrite write = _log.Writes[_flushedEntries];
            Replay(_flushed, new DiskExtent(_flushedEntries, write.Sector, write.Sectors), cancel);
        }

        _flushed.Flush();
        return _flushedFile!.Path;
    }

    private void Replay(Qcow2Overlay disk, DiskExtent extent, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        DiskWrite write = _log.Writes[extent.Entry];
        if (write.Kind == DiskWriteKind.Write)
            disk.Write(_logHandle, _log.DataAt(extent.Entry) + (extent.Sector - write.Sector) * DiskWrite.SectorBytes, extent.Sector, extent.Sectors);
        else if (write.Kind == DiskWriteKind.Discard)
            disk.Zero(extent.Sector, extent.Sectors);
    }

    private void ForgetFlushed()
    {
        _flushed?.Dispose();
        _flushedFile?.Dispose();
        (_flushed, _flushedFile, _flushedEntries) = (null, null, 0);
    }

    private T Read<T>(Func<IReadOnlyList<DiskWrite>, T> ask)
    {
        lock (_gate)
        {
            if (!_ended)
                _log.ReadOn();
            return ask(_log.Writes);
        }
    }
}
