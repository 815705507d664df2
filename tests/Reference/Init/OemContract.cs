using System.Text.Json.Nodes;

namespace Flatcar.Reference.Init;

/// <summary>
/// What Flatcar's own Ignition does for the OEM partition, here done to the config before Debian's gets to see it: the old path
/// /usr/share/oem means /oem, an OEM file system that is not to be wiped is taken as it is, whatever format the config names, and files
/// for it arrive there without the config naming the file system.
/// </summary>
internal static class OemContract
{
    private const string Path = "/oem", OldPath = "/usr/share/oem";

    private static readonly string[] Devices = ["/dev/disk/by-label/OEM", "/dev/disk/by-partlabel/OEM"];
    private static readonly string[] Nodes = ["files", "directories", "links"];

    /// <summary>Adapts a fetched config.</summary>
    /// <param name="json">As Ignition has written it.</param>
    /// <param name="format">The format of the OEM file system that is there; null when there is none that init knows.</param>
    /// <param name="mount">Something is to be written to /oem, and the config itself mounts nothing there.</param>
    public static string Adapt(string json, string? format, out bool mount)
    {
        var config = JsonNode.Parse(json)!;
        var storage = config["storage"] as JsonObject;
        mount = false;
        if (storage is null)
            return json;
        var filesystems = Entries(storage, "filesystems").ToList();
        foreach (var entry in filesystems.Concat(Nodes.SelectMany(n => Entries(storage, n))))
        {
            if (Text(entry, "path") is { } path && IsBelow(path, OldPath))
                entry["path"] = Path + path[OldPath.Length..];
        }
        if (format is not null)
        {
            foreach (var entry in filesystems.Where(f => Devices.Contains(Text(f, "device")) && f["wipeFilesystem"]?.GetValue<bool>() != true))
                entry["format"] = format;
        }
        mount = Nodes.SelectMany(n => Entries(storage, n)).Any(e => Text(e, "path") is { } path && IsBelow(path, Path))
            && !filesystems.Any(f => Text(f, "path") == Path);
        return config.ToJsonString();
    }

    /// <summary>The path is on the OEM partition.</summary>
    public static bool IsOnOem(string path) => IsBelow(path, Path) || IsBelow(path, OldPath);

    private static bool IsBelow(string path, string directory) => path.StartsWith(directory + "/", StringComparison.Ordinal) || path == directory;

    private static IEnumerable<JsonObject> Entries(JsonObject storage, string section) =>
        (storage[section] as JsonArray)?.OfType<JsonObject>() ?? [];

    private static string? Text(JsonObject entry, string name) => entry[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
