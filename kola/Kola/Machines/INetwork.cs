namespace Kola.Machines;

/// <summary>The segments of one test, with what the harness serves there. Disposing it leaves nothing of them.</summary>
public interface INetwork : IAsyncDisposable
{
    /// <summary>Has the servers of a segment behave otherwise from now on. Returns when they do.</summary>
    /// <exception cref="PlatformException">They could not be told.</exception>
    Task ConductAsync(string segment, SegmentConduct conduct, CancellationToken cancel);
}
