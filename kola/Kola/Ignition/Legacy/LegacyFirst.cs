using System.Text;

namespace Kola.Ignition;

/// <summary>Ignition 1 as Ignition 2, as Ignition 2 itself reads it: files are no longer in their filesystem but name it.</summary>
internal static class LegacyFirst
{
    /// <summary>The whole config.</summary>
    internal static ObjectNode Second(ObjectNode root)
    {
        ConfigNode? storage = root["storage"];
        List<ConfigNode> filesystems = [], files = [];
        foreach (ObjectNode filesystem in ConfigNodes.Items(storage, "filesystems").OfType<ObjectNode>())
        {
            // The root filesystem is there already; of others the device is as good a name as any.
            string device = ConfigNodes.TextOf(filesystem, "device") ?? "";
            string name = device == LegacyConfig.RootDevice && filesystem["create"] is not ObjectNode ? "root" : device.Trim('/').Replace('/', '-');
            ObjectNode mount = ConfigNodes.Object(filesystem.At, ("device", filesystem["device"]), ("format", filesystem["format"]), ("create", filesystem["create"]));
            filesystems.Add(ConfigNodes.Object(filesystem.At, ("name", ConfigNodes.Text(name, filesystem["device"]?.At)), ("mount", mount)));
            files.AddRange(ConfigNodes.Items(filesystem, "files").OfType<ObjectNode>().Select(f => File(f, name)));
        }

        ObjectNode ignition = ConfigNodes.Object(root.At, ("version", ConfigNodes.Text("2.0.0", root["ignitionVersion"]?.At)));
        ObjectNode? two = storage is null ? null : ConfigNodes.Object(
            storage.At,
            ("disks", (storage as ObjectNode)?["disks"]),
            ("raid", (storage as ObjectNode)?["raid"]),
            ("filesystems", ConfigNodes.List(storage.At, filesystems)),
            ("files", ConfigNodes.List(storage.At, files)));
        return ConfigNodes.Object(root.At, ("ignition", ignition), ("storage", two), ("systemd", root["systemd"]), ("networkd", root["networkd"]), ("passwd", root["passwd"]));
    }

    private static ObjectNode File(ObjectNode file, string filesystem)
    {
        string url = EmbeddedData.Plain(Encoding.UTF8.GetBytes(ConfigNodes.TextOf(file, "contents") ?? ""));
        return ConfigNodes.Object(
            file.At,
            ("filesystem", ConfigNodes.Text(filesystem, file.At)),
            ("path", file["path"]),
            ("contents", ConfigNodes.Object(file.At, ("source", ConfigNodes.Text(url, file["contents"]?.At ?? file.At)))),
            ("mode", file["mode"]),
            ("user", ConfigNodes.Object(file.At, ("id", file["uid"]))),
            ("group", ConfigNodes.Object(file.At, ("id", file["gid"]))));
    }
}
