using Kola.Machines;

namespace Kola;

/// <summary>Every write a machine's boot disk saw, from its start to the first power cut. What is recorded then is what all further cuts are taken from.</summary>
public sealed class DiskRecording
{
    /// <summary>The mark that stands when a test gets the machine: what its boot wrote is flushed, so that it can be logged in to after any cut behind it.</summary>
    public const string Ready = "ready";

    private readonly IDiskRecording _recording;
    private readonly Dictionary<string, int> _marks = [];
    private readonly Lock _gate = new();

    internal DiskRecording(IDiskRecording recording) => _recording = recording;

    /// <summary>Entries so far. May be polled while the machine runs.</summary>
    public int Count => _recording.Count;

    /// <summary>The entries so far, without data.</summary>
    public IReadOnlyList<DiskWrite> Writes => _recording.Writes;

    /// <summary>The marks so far, by name: entries there were when each was set.</summary>
    public IReadOnlyDictionary<string, int> Marks
    {
        get
        {
            lock (_gate)
                return new Dictionary<string, int>(_marks);
        }
    }

    /// <summary>Remembers how many entries there are now, under a name; an earlier mark of that name is moved.</summary>
    /// <returns>The entries there are now.</returns>
    public int Mark(string name) => MarkAt(name, Count);

    /// <summary>Gives a name to an entry that has been looked up in <see cref="Writes"/>.</summary>
    /// <param name="name">The mark; an earlier one of that name is moved.</param>
    /// <param name="count">Entries there were then.</param>
    public int MarkAt(string name, int count)
    {
        lock (_gate)
            _marks[name] = count;
        return count;
    }

    /// <summary>
    /// Cut points of a sweep, in the order of the recording, which is also the order in which the disks are rebuilt fastest. They are spread evenly over
    /// the stretches between two flushes, since many writes within one stretch leave the same few outcomes, and lie anywhere in their stretch. Most lose
    /// by chance; every fourth loses all, every fourth nothing.
    /// </summary>
    /// <param name="most">Most points. Fewer when there are fewer writes.</param>
    /// <param name="from">Name of a mark. Default <see cref="Ready"/>.</param>
    /// <param name="to">Name of a mark. Default: the end of the recording.</param>
    /// <param name="seed">The same seed gives the same points. Default 0.</param>
    /// <exception cref="UsageException">There is no such mark.</exception>
    public IReadOnlyList<CutPoint> Points(int most, string from = Ready, string? to = null, int seed = 0)
    {
        IReadOnlyList<DiskWrite> writes = Writes;
        return Sweep.Points(writes, At(from), to is null ? writes.Count : At(to), most, seed);
    }

    private int At(string mark)
    {
        lock (_gate)
        {
            return _marks.TryGetValue(mark, out int at) ? at : throw new UsageException(
                $"the recording has no mark \"{mark}\"\n  wanted:  one of {string.Join(", ", _marks.OrderBy(m => m.Value).Select(m => m.Key))}\n  got:     {mark}");
        }
    }
}
