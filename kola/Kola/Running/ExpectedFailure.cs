using Kola.Checks;

namespace Kola.Running;

/// <summary>The end a machine's boot is expected to come to: which checks may fire on the way, and what the machine has said when it is there.</summary>
internal sealed class ExpectedFailure
{
    /// <summary>Why its findings are none of the image's.</summary>
    internal const string Because = "its test expects the boot to fail";

    private static readonly HashSet<string> s_signs =
    [
        CheckId.IgnitionFailed, CheckId.IgnitionFetchCancelled, CheckId.EmergencyShell, CheckId.UnitFailedToStart, CheckId.DependencyFailed, CheckId.UnitTimedOut,
    ];

    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the machine had said, once it has ended in an emergency shell.</summary>
    internal Task<string> Ended => _ended.Task;

    /// <summary>Whether a finding belongs to such an end; the shell is what it ends in.</summary>
    /// <param name="finding">The finding.</param>
    /// <param name="console">The console as far as it has come.</param>
    internal bool Covers(Finding finding, Func<IEnumerable<string>> console)
    {
        if (!s_signs.Contains(finding.Check.Id))
            return false;
        if (finding.Check.Id == CheckId.EmergencyShell)
            _ended.TrySetResult(string.Join('\n', console()));
        return true;
    }
}
