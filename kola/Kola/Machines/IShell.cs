namespace Kola.Machines;

/// <summary>One logged-in connection to a machine; many commands may run over it at once.</summary>
public interface IShell : IAsyncDisposable
{
    /// <summary>Fingerprint of the host key seen, <c>SHA256:…</c>; empty when it was the harness's own way in, which is not the machine's key.</summary>
    string HostKey { get; }

    /// <summary>Cancelled when the connection is lost.</summary>
    CancellationToken Lost { get; }

    /// <summary>
    /// Runs a command in the login user's shell. Output is raw bytes. Ends at the command's exit, at loss of the connection (exit code
    /// null) or at cancellation (throws; the remote command is signalled but may live on).
    /// </summary>
    /// <param name="command">A line of shell.</param>
    /// <param name="input">Standard input; null for none.</param>
    /// <param name="output">Receives standard output as it arrives.</param>
    /// <param name="error">Receives standard error as it arrives.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <returns>Exit code; null if the connection was lost or a signal ended the command.</returns>
    Task<int?> ExecuteAsync(string command, Stream? input, Stream output, Stream error, CancellationToken cancel);
}
