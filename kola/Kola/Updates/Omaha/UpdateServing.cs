namespace Kola.Updates.Omaha;

/// <summary>A server of updates as a run sees it: its sockets are somebody else's.</summary>
/// <param name="HttpPort">TCP, of the host's loopback.</param>
/// <param name="HttpsPort">The same with a certificate of <paramref name="Authority"/>.</param>
/// <param name="Authority">PEM.</param>
/// <param name="Open">Puts a feed on the server, and returns the path below which it is: <c>/t/0123456789abcdef</c>. A feed that is disposed is gone.</param>
internal sealed record UpdateServing(int HttpPort, int HttpsPort, string Authority, Func<UpdateFeed, string> Open)
{
    /// <summary>Path of the server below that of the feed.</summary>
    internal const string CheckPath = "/v1/update/";

    /// <summary>Path of the packages below that of the feed.</summary>
    internal const string PackagesPath = "/packages/";

    internal string Http(string host, string scope) => FormattableString.Invariant($"http://{host}:{HttpPort}{scope}{CheckPath}");

    internal string Https(string host, string scope) => FormattableString.Invariant($"https://{host}:{HttpsPort}{scope}{CheckPath}");
}
