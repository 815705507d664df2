namespace Kola.Machines;

/// <summary>
/// The harness's own way into a machine, past its network: a small guest program at the other end of a virtual serial port. Tests do not
/// use it.
/// </summary>
public interface IGuestChannel
{
    /// <summary>Whether the guest program of the present boot has said that it is there.</summary>
    bool IsUp { get; }

    /// <summary>Ends when it is up. Never faults; cancelled by <paramref name="cancel"/>.</summary>
    Task WhenUpAsync(CancellationToken cancel);

    /// <summary>Runs a line of bash as root, one after another.</summary>
    /// <returns>Exit code, and standard output and error together; null when the guest restarted under it or the machine is gone.</returns>
    Task<(int ExitCode, string Text)?> AskAsync(string command, CancellationToken cancel);

    /// <summary>
    /// Follows the journal in journalctl's export format, over reboots, until cancelled. Never faults.
    /// </summary>
    /// <param name="cursor">Asked at each boot: the last entry there is already, empty for none.</param>
    /// <param name="sink">Asked at each boot: takes the bytes from then on.</param>
    /// <param name="over">Ends it.</param>
    Task FollowJournalAsync(Func<string> cursor, Func<Stream> sink, CancellationToken over);
}
