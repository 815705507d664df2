namespace Kola.Updates.Omaha;

/// <summary>What goes back to a client.</summary>
/// <param name="Status">HTTP's; 0 to reset the connection instead.</param>
/// <param name="Body">Empty for none.</param>
internal sealed record OmahaReply(int Status, byte[] Body)
{
    /// <summary>The connection is reset.</summary>
    internal static OmahaReply Reset { get; } = new(0, []);
}
