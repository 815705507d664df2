namespace Flatcar.Reference.UpdateEngine;

/// <summary>What the machine's files say of it, read anew at each check.</summary>
internal sealed record ImageProperties
{
    public required string Server { get; init; }

    public required string Group { get; init; }

    public string Alias { get; init; } = "";

    public required string Version { get; init; }

    public required string Board { get; init; }

    public required string AppId { get; init; }

    public string Oem { get; init; } = "";

    public string OemVersion { get; init; } = "";

    public string MachineId { get; init; } = "";

    public string BootId { get; init; } = "";

    public string? DownloadUser { get; init; }

    public string? DownloadPassword { get; init; }

    public string? PcrPolicyServer { get; init; }

    public static ImageProperties Read(Places places)
    {
        string Config(string key, string otherwise) => Find(places.Configs, key) ?? otherwise;
        return new()
        {
            Server = Config("SERVER", Places.ProductionServer),
            Group = Config("GROUP", "stable"),
            Alias = Config("MACHINE_ALIAS", ""),
            Version = Config("FLATCAR_RELEASE_VERSION", ""),
            Board = Config("FLATCAR_RELEASE_BOARD", ""),
            AppId = Config("FLATCAR_RELEASE_APPID", "{e96281a6-d1af-4bde-9a0a-97b76e56dc57}"),
            Oem = Find(places.OemReleases, "ID") ?? "",
            OemVersion = Find(places.OemReleases, "VERSION_ID") ?? "",
            MachineId = Line(places.MachineId),
            BootId = Line(places.BootId),
            DownloadUser = Find(places.Configs, "DOWNLOAD_USER"),
            DownloadPassword = Find(places.Configs, "DOWNLOAD_PASSWORD"),
            PcrPolicyServer = Find(places.Configs, "PCR_POLICY_SERVER"),
        };
    }

    private static string? Find(IReadOnlyList<string> files, string key)
    {
        foreach (var file in files)
        {
            if (Value(Text(file), key) is { } value)
                return value;
        }
        return null;
    }

    /// <summary>
    /// The last <c>KEY=value</c> line. No white space is taken away and no comment known; one pair of quotes around the value goes.
    /// </summary>
    internal static string? Value(string text, string key)
    {
        string? found = null;
        foreach (var line in text.Split('\n'))
        {
            if (!line.StartsWith(key, StringComparison.Ordinal) || line.Length == key.Length || line[key.Length] != '=')
                continue;
            found = line[(key.Length + 1)..];
            if (found.Length >= 2 && (found[0] is '"' or '\'') && found[^1] == found[0])
                found = found[1..^1];
        }
        return found;
    }

    private static string Line(string path) => Text(path).Trim();

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
