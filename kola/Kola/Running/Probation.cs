namespace Kola.Running;

/// <summary>
/// A copy before it is known to be good. What is seen of it until then is the template's affair, and becomes the test's only when the copy
/// has woken up well; what ends it until then ends nothing else.
/// </summary>
internal sealed class Probation(SessionOptions options, Action<MachineException> found, Action<KolaException> end, CancellationToken deadline)
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _over = CancellationTokenSource.CreateLinkedTokenSource(deadline);
    private readonly List<Action> _held = [];
    private KolaException? _why;
    private bool _passed;

    /// <summary>Cancelled with the test, and when the copy is no good.</summary>
    internal CancellationToken Over => _over.Token;

    /// <summary>Why the copy is no good; null while it may be.</summary>
    internal KolaException? Why
    {
        get
        {
            lock (_gate)
                return _why;
        }
    }

    /// <summary>What the copy found; the first is a reason not to use the template when it does not wake up.</summary>
    internal string? FirstFinding { get; private set; }

    /// <summary>Findings wait, everything else is told at once.</summary>
    internal void Emit(RunEvent happened)
    {
        if (happened is FindingMade)
            HoldOr(() => options.Emit(happened));
        else
            options.Emit(happened);
    }

    internal void Found(MachineException finding)
    {
        FirstFinding ??= finding.Message;
        HoldOr(() => found(finding));
    }

    internal void End(KolaException why)
    {
        bool passed;
        lock (_gate)
        {
            passed = _passed;
            if (!passed)
                _why ??= why;
        }

        if (passed)
            end(why);
        else
            _over.Cancel();
    }

    /// <summary>The copy is the test's from here on.</summary>
    /// <returns>False when something has ended it at the last moment.</returns>
    internal bool Pass()
    {
        Action[] held;
        lock (_gate)
        {
            if (_why is not null)
                return false;
            _passed = true;
            held = [.. _held];
            _held.Clear();
        }

        foreach (Action tell in held)
            tell();
        return true;
    }

    private void HoldOr(Action tell)
    {
        lock (_gate)
        {
            if (!_passed)
            {
                _held.Add(tell);
                return;
            }
        }

        tell();
    }
}
