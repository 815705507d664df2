using System.Runtime.InteropServices;

namespace Kola.Cli;

/// <summary>
/// Ctrl-C, once and twice. The first asks for an orderly end, the second for an end now; a third ends the process where it stands, and the
/// machines with it, since they are bound to its life.
/// </summary>
internal sealed class Interruptions : IDisposable
{
    private readonly CancellationTokenSource _first;
    private readonly CancellationTokenSource _second = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _count;

    private Interruptions(CancellationToken cancel)
    {
        _first = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Take), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Take), PosixSignalRegistration.Create(PosixSignal.SIGHUP, Take)];
    }

    /// <summary>Cancelled at the first.</summary>
    internal CancellationToken First => _first.Token;

    /// <summary>Cancelled at the second.</summary>
    internal CancellationToken Second => _second.Token;

    /// <summary>Takes the process's signals until disposed.</summary>
    internal static Interruptions Of(CancellationToken cancel) => new(cancel);

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _first.Dispose();
        _second.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        int count = Interlocked.Increment(ref _count);
        context.Cancel = count <= 2;
        if (count == 1)
            _first.Cancel();
        else if (count == 2)
            _second.Cancel();
    }
}
