namespace Kola.Libvirt;

/// <summary>The URIs libvirt takes, as far as it matters here.</summary>
internal static class HostUri
{
    /// <summary>Whether it is one of the QEMU driver's.</summary>
    public static bool IsQemu(string uri) => Uri.TryCreate(uri, UriKind.Absolute, out Uri? read) && (read.Scheme == "qemu" || read.Scheme.StartsWith("qemu+", StringComparison.Ordinal));

    /// <summary>Whether its daemon is on this host, so that forwarded ports are.</summary>
    public static bool IsLocal(string uri) => new Uri(uri) is var read && (read.Host.Length == 0 || read.IsLoopback);

    /// <summary>Whether machines are those of a user, without privileges.</summary>
    public static bool IsSession(string uri) => new Uri(uri).AbsolutePath == "/session";

    /// <summary>Without a password, for messages.</summary>
    public static string Shown(string uri) =>
        Uri.TryCreate(uri, UriKind.Absolute, out Uri? read) && read.UserInfo.Contains(':', StringComparison.Ordinal) ? uri.Replace(read.UserInfo, read.UserInfo.Split(':')[0], StringComparison.Ordinal) : uri;
}
