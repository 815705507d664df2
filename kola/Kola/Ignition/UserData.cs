namespace Kola.Ignition;

/// <summary>What coreos-cloudinit takes and Ignition does not: a cloud-config, a script, several parts in MIME.</summary>
public static class UserData
{
    /// <summary>Whether a text is such a thing, by how it begins.</summary>
    internal static bool Is(string text) =>
        text.StartsWith("#!", StringComparison.Ordinal) || FirstLine(text).Trim() == "#cloud-config" || IsMultipart(text);

    private static string FirstLine(string text) => text.Split('\n', 2)[0];

    private static bool IsMultipart(string text) =>
        text.Split("\n\n", 2)[0].Split("\r\n\r\n", 2)[0].Split('\n').Any(line => line.StartsWith("Content-Type: multipart/", StringComparison.OrdinalIgnoreCase));
}
