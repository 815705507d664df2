using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;
using Flatcar.Reference.Kubernetes;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KubernetesArchiveTests : IDisposable
{
    private const UnixFileMode SetUserProgram = UnixFileMode.SetUser | (UnixFileMode)0x1ED;

    private readonly string directory = Directory.CreateTempSubdirectory("kola-archive-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Test]
    public async Task An_archive_names_its_config_and_its_layer_by_their_digests()
    {
        var files = Read(await WriteAsync("one.tar", Tree()));

        using var manifest = JsonDocument.Parse(files["manifest.json"]);
        var image = manifest.RootElement.EnumerateArray().Single();
        Assert.That(image.GetProperty("RepoTags").EnumerateArray().Single().GetString(), Is.EqualTo("kola.local/some:1"));
        var config = files[image.GetProperty("Config").GetString()!];
        Assert.That(image.GetProperty("Config").GetString(), Is.EqualTo(Sha256(config) + ".json"));
        var layerName = image.GetProperty("Layers").EnumerateArray().Single().GetString()!;
        var layer = Sha256(files[layerName]);
        Assert.That(layerName, Is.EqualTo(layer + "/layer.tar"));
        Assert.That(files, Has.Count.EqualTo(3));

        using var json = JsonDocument.Parse(config);
        Assert.That(json.RootElement.GetProperty("rootfs").GetProperty("diff_ids").EnumerateArray().Single().GetString(), Is.EqualTo("sha256:" + layer));
        Assert.That((json.RootElement.GetProperty("architecture").GetString(), json.RootElement.GetProperty("os").GetString()), Is.EqualTo(("amd64", "linux")));
        var run = json.RootElement.GetProperty("config");
        Assert.That(run.GetProperty("Cmd").EnumerateArray().Select(a => a.GetString()), Is.EqualTo((string[])["sleep", "1d"]));
        Assert.That(run.GetProperty("Env").EnumerateArray().Single().GetString()!.Split(['=', ':']), Does.Contain("/usr/local/bin").And.Contain("/usr/sbin").And.Contain("/bin"));
    }

    [Test]
    public async Task A_layer_keeps_links_and_modes_and_has_parents_before_what_is_in_them()
    {
        await WriteAsync("one.tar", Tree());
        var entries = new List<(string Name, TarEntryType Type, UnixFileMode Mode, string Link, string Text)>();
        using (var tar = new TarReader(File.OpenRead(Path.Combine(directory, "layer.tar"))))
        {
            while (tar.GetNextEntry() is { } entry)
            {
                using var reader = entry.DataStream is null ? null : new StreamReader(entry.DataStream);
                entries.Add((entry.Name, entry.EntryType, entry.Mode, entry.LinkName, reader?.ReadToEnd() ?? ""));
                Assert.That((entry.Uid, entry.Gid, entry.ModificationTime), Is.EqualTo((0, 0, DateTimeOffset.UnixEpoch)));
            }
        }
        const UnixFileMode all = (UnixFileMode)0x1FF, directories = (UnixFileMode)0x1ED, text = (UnixFileMode)0x1A4;
        Assert.That(entries, Is.EqualTo(((string, TarEntryType, UnixFileMode, string, string)[])
        [
            ("bin", TarEntryType.SymbolicLink, all, "usr/bin", ""),
            ("etc/", TarEntryType.Directory, directories, "", ""),
            ("etc/hello", TarEntryType.RegularFile, text, "", "hello\n"),
            ("tmp/", TarEntryType.Directory, UnixFileMode.StickyBit | all, "", ""),
            ("usr/", TarEntryType.Directory, directories, "", ""),
            ("usr/bin/", TarEntryType.Directory, directories, "", ""),
            ("usr/bin/program", TarEntryType.RegularFile, SetUserProgram, "", "abc"),
            // Of a link on the host, what it leads to: there it would lead nowhere.
            ("usr/lib.so.1", TarEntryType.RegularFile, SetUserProgram, "", "abc"),
        ]));
    }

    [Test]
    public async Task The_same_tree_makes_the_same_archive_whenever_and_in_whatever_order()
    {
        var first = await File.ReadAllBytesAsync(await WriteAsync("one.tar", Tree()));
        File.SetLastWriteTimeUtc(Path.Combine(directory, "program"), DateTime.UnixEpoch.AddDays(9));
        Assert.That(await File.ReadAllBytesAsync(await WriteAsync("two.tar", Tree(backwards: true))), Is.EqualTo(first));
        await File.WriteAllTextAsync(Path.Combine(directory, "program"), "abd");
        Assert.That(await File.ReadAllBytesAsync(await WriteAsync("three.tar", Tree())), Is.Not.EqualTo(first));
    }

    [Test]
    public async Task An_archive_is_never_written_over()
    {
        var path = await WriteAsync("one.tar", Tree());
        Assert.That(async () => await WriteAsync("one.tar", Tree()), Throws.InstanceOf<IOException>());
        Assert.That(Read(path), Has.Count.EqualTo(3));
    }

    private ImageTree Tree(bool backwards = false)
    {
        var program = Path.Combine(directory, "program");
        if (!File.Exists(program))
        {
            File.WriteAllText(program, "abc");
            File.SetUnixFileMode(program, SetUserProgram);
            File.CreateSymbolicLink(Path.Combine(directory, "link"), "program");
        }
        var tree = new ImageTree();
        List<Action> steps =
        [
            () => tree.AddFile("usr/bin/program", program),
            () => tree.AddFile("usr/lib.so.1", Path.Combine(directory, "link")),
            () => tree.AddLink("bin", "usr/bin"),
            () => tree.AddText("etc/hello", "hello\n"),
            () => tree.AddDirectory("tmp", UnixFileMode.StickyBit | (UnixFileMode)0x1FF),
        ];
        if (backwards)
            steps.Reverse();
        steps.ForEach(step => step());
        return tree;
    }

    private async Task<string> WriteAsync(string name, ImageTree tree)
    {
        var path = Path.Combine(directory, name);
        await DockerArchive.WriteAsync(path, "kola.local/some:1", ["sleep", "1d"], tree, Path.Combine(directory, "layer.tar"), CancellationToken.None);
        return path;
    }

    private static Dictionary<string, byte[]> Read(string path)
    {
        var files = new Dictionary<string, byte[]>();
        using var tar = new TarReader(File.OpenRead(path));
        while (tar.GetNextEntry() is { } entry)
        {
            using var memory = new MemoryStream();
            entry.DataStream!.CopyTo(memory);
            files.Add(entry.Name, memory.ToArray());
        }
        return files;
    }

    private static string Sha256(byte[] data) => Convert.ToHexStringLower(SHA256.HashData(data));
}
