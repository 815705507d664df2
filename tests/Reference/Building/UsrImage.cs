using System.Globalization;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Building;

/// <summary>The content of a USR partition of one version: the file system all versions share, its own files, its own hash tree.</summary>
internal static class UsrImage
{
    private const string Uuid = "5f6b6f6c-6100-4000-8000-757372766572";

    /// <summary>Writes <c>usr.img</c> and, with the root hash in it, <c>vmlinuz</c> into a directory.</summary>
    /// <returns>The root hash, 64 hex digits.</returns>
    public static async Task<string> MakeAsync(BaseBuild basis, Release release, string directory, CancellationToken cancel)
    {
        var commands = new List<string>();
        foreach (var ((path, text), index) in release.Files.Select((f, i) => (f, i)))
        {
            var file = string.Create(CultureInfo.InvariantCulture, $"release-{index}");
            await File.WriteAllTextAsync(Path.Combine(directory, file), text, cancel);
            // It writes into the directory it is in.
            commands.Add($"cd /{Path.GetDirectoryName(path)}");
            commands.Add($"rm {Path.GetFileName(path)}");
            commands.Add($"write {file} {Path.GetFileName(path)}");
            commands.Add($"set_inode_field /{path} mode 0100644");
            commands.Add($"set_inode_field /{path} uid 0");
            commands.Add($"set_inode_field /{path} gid 0");
        }
        await File.WriteAllLinesAsync(Path.Combine(directory, "release-commands"), commands, cancel);
        await Tool.RunAsync(["cp", "--sparse=always", "--reflink=auto", basis.PathOf(BaseBuild.Usr), Path.Combine(directory, BaseBuild.Usr)], directory, cancel);
        // debugfs ends with 0 whatever it could not do, and says so on its standard error.
        var output = await basis.Layer.ShellAsync(directory, $"""
            debugfs -w -f release-commands {BaseBuild.Usr} 2>release-errors >/dev/null
            if sed 1d release-errors | grep -q .; then cat release-errors >&2; exit 1; fi
            e2fsck -fn {BaseBuild.Usr} >&2
            veritysetup format --hash=sha256 --data-block-size {FlatcarDisk.BlockSize} --hash-block-size {FlatcarDisk.BlockSize} \
                --data-blocks {FlatcarDisk.UsrBlocks} --hash-offset {FlatcarDisk.VerityHashOffset} \
                --salt {basis.Salt} --uuid {Uuid} {BaseBuild.Usr} {BaseBuild.Usr}
            rm release-*
            """, cancel);
        // Root hash:      	5f3c…
        var rootHash = output.Split('\n').Single(l => l.StartsWith("Root hash:", StringComparison.Ordinal)).Split(':')[1].Trim();
        var kernel = await File.ReadAllBytesAsync(basis.PathOf(BaseBuild.Kernel), cancel);
        await File.WriteAllBytesAsync(Path.Combine(directory, BaseBuild.Kernel), KernelImage.WithRootHash(kernel, rootHash), cancel);
        await SecureBoot.SignAsync(basis.Layer, directory, [BaseBuild.Kernel], cancel);
        return rootHash;
    }
}
