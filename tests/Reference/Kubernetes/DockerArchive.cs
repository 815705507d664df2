using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Flatcar.Reference.Kubernetes;

/// <summary>
/// A container image in a file, in the form of <c>docker save</c>, which <c>ctr images import</c>, docker and podman load: its config, one layer,
/// and <c>manifest.json</c>. The same tree makes the same file.
/// </summary>
internal static class DockerArchive
{
    private const string SearchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Writes one.</summary>
    /// <param name="path">The file; its parent must exist.</param>
    /// <param name="reference">Name and tag: <c>k8s.gcr.io/pause:3.2</c></param>
    /// <param name="command">What a container runs that is told nothing else; none for images that are always told.</param>
    /// <param name="tree">What is in it.</param>
    /// <param name="layer">A file for the layer as it is in the archive; the caller's to remove.</param>
    /// <param name="cancel">Ends it; what is written by then is the caller's to remove.</param>
    public static async Task WriteAsync(string path, string reference, IReadOnlyList<string> command, ImageTree tree, string layer, CancellationToken cancel)
    {
        string layerDigest;
        await using (var file = new FileStream(layer, FileMode.Create))
        {
            await tree.WriteAsync(file, cancel);
            file.Position = 0;
            layerDigest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancel));
        }
        var config = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["created"] = "1970-01-01T00:00:00Z",
            ["config"] = new JsonObject { ["Cmd"] = Array(command), ["Env"] = Array([SearchPath]) },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = Array(["sha256:" + layerDigest]) },
            ["history"] = new JsonArray(new JsonObject { ["created"] = "1970-01-01T00:00:00Z" }),
        }.ToJsonString());
        var configName = Convert.ToHexStringLower(SHA256.HashData(config)) + ".json";
        var layerName = layerDigest + "/layer.tar";
        var manifest = new JsonArray(new JsonObject { ["Config"] = configName, ["RepoTags"] = Array([reference]), ["Layers"] = Array([layerName]) });

        await using var output = new FileStream(path, FileMode.CreateNew);
        await using var tar = new TarWriter(output, TarEntryFormat.Ustar);
        await AddAsync(tar, configName, new MemoryStream(config), cancel);
        await AddAsync(tar, layerName, File.OpenRead(layer), cancel);
        await AddAsync(tar, "manifest.json", new MemoryStream(Encoding.UTF8.GetBytes(manifest.ToJsonString())), cancel);
    }

    /// <summary>An entry without anything of the time and the user it is made at and by.</summary>
    public static UstarTarEntry EntryOf(string name, TarEntryType type, UnixFileMode mode) =>
        new(type, name) { Mode = mode, ModificationTime = DateTimeOffset.UnixEpoch, Uid = 0, Gid = 0, UserName = "", GroupName = "" };

    private static async Task AddAsync(TarWriter tar, string name, Stream data, CancellationToken cancel)
    {
        await using (data)
        {
            var entry = EntryOf(name, TarEntryType.RegularFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            entry.DataStream = data;
            await tar.WriteEntryAsync(entry, cancel);
        }
    }

    private static JsonArray Array(IEnumerable<string> values) => [.. values.Select(v => JsonValue.Create(v))];
}
