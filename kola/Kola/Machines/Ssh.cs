namespace Kola.Machines;

/// <summary>SSH as every real platform speaks it.</summary>
public static class Ssh
{
    /// <summary>One authenticated connection, deadline on every step. Implemented over SSH.NET.</summary>
    public static Task<IShell> ConnectAsync(string host, int port, SshIdentity identity, TimeSpan timeout, CancellationToken cancel) =>
        throw new NotImplementedException();
}
