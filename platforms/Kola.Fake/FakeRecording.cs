using Kola.Machines;

namespace Kola.Fake;

/// <summary>
/// A disk on which files are written whole and one behind the other, each in as many pieces of 4 KiB as it is long: a write a file, a flush for each
/// <c>sync</c>. A file a power cut has torn reads as it was before.
/// </summary>
internal sealed class FakeRecording(IReadOnlyDictionary<string, byte[]> start) : IDiskRecording
{
    private const int PieceBytes = 4096;
    private const int PieceSectors = PieceBytes / DiskWrite.SectorBytes;

    private readonly Lock _gate = new();
    private readonly List<(DiskWrite Write, string Path, byte[] Content)> _entries = [];
    private long _next;
    private bool _ended;

    public int Count
    {
        get
        {
            lock (_gate)
                return _entries.Count;
        }
    }

    public IReadOnlyList<DiskWrite> Writes
    {
        get
        {
            lock (_gate)
                return [.. _entries.Select(e => e.Write)];
        }
    }

    internal void Write(string path, byte[] content)
    {
        long sectors = Math.Max(1, (content.Length + PieceBytes - 1) / PieceBytes) * PieceSectors;
        Add(new DiskWrite(DiskWriteKind.Write, _next, sectors), path, content);
        _next += sectors;
    }

    internal void Flush() => Add(new DiskWrite(DiskWriteKind.Flush, 0, 0), "", []);

    internal void End()
    {
        lock (_gate)
            _ended = true;
    }

    /// <summary>The files there are after a cut.</summary>
    internal IReadOnlyDictionary<string, byte[]> FilesAt(CutPoint point)
    {
        IReadOnlyList<DiskWrite> writes = Writes;
        int durable = DiskState.DurableEntries(writes, point);
        var whole = DiskState.Survivors(writes, point).Where(s => s.Sectors == writes[s.Entry].Sectors).Select(s => s.Entry).ToHashSet();
        var files = new Dictionary<string, byte[]>(start);
        lock (_gate)
        {
            for (int entry = 0; entry < point.Entry; entry++)
            {
                (DiskWrite write, string path, byte[] content) = _entries[entry];
                if (write.Kind == DiskWriteKind.Write && (entry < durable || whole.Contains(entry)))
                    files[path] = content;
            }
        }

        return files;
    }

    private void Add(DiskWrite write, string path, byte[] content)
    {
        lock (_gate)
        {
            if (!_ended)
                _entries.Add((write, path, content));
        }
    }
}
