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

    /// <summary>Opens a port of this host's loopback that leads to a port as the machine sees it, for as long as the connection lives.</summary>
    /// <param name="host">Name or address, as the machine knows it.</param>
    /// <param name="port">TCP port there. Whether anybody listens shows when somebody connects.</param>
    /// <returns>The port on 127.0.0.1.</returns>
    /// <exception cref="MachineException">The connection was lost, or forwards nothing.</exception>
    int Forward(string host, int port);
}
