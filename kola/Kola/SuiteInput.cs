namespace Kola;

/// <summary>Something a person gave a run for its suites, which the harness itself knows nothing of.</summary>
/// <param name="Path">Absolute path of a file or directory.</param>
/// <param name="Digest"><c>sha256:…</c> over what it holds: machines that were prepared with one are no use for another.</param>
public sealed record SuiteInput(string Path, string Digest)
{
    /// <summary>Name of a Kubernetes distribution.</summary>
    public const string Kubernetes = "kubernetes";
}
