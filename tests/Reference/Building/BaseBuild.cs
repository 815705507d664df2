using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Building;

/// <summary>
/// What the images of all versions have in common, made once for a recipe: the kernel, the initramfs, the file systems of /usr and ROOT,
/// and GRUB. A version adds its own few files to /usr and its hash tree, in seconds.
/// </summary>
internal sealed class BaseBuild
{
    public const string Kernel = "vmlinuz", DirectKernel = "vmlinux", Initramfs = "initrd.cpio", Usr = "usr.img", Root = "root.img";

    private readonly string directory;

    private BaseBuild(string directory, PackageLayer layer, string salt) => (this.directory, Layer, Salt) = (directory, layer, salt);

    /// <summary>Where the tools of the build are run from.</summary>
    public PackageLayer Layer { get; }

    /// <summary>64 hex digits for the hash trees of all versions: blocks that are equal then have equal hashes.</summary>
    public string Salt { get; }

    public string PathOf(string name) => Path.Combine(directory, name);

    /// <summary>Takes it from the cache, or makes it, from the packages on if need be.</summary>
    public static async Task<BaseBuild> GetAsync(ReferenceImageOptions options, BuildCache cache, IProgress<string> progress, CancellationToken cancel)
    {
        var digest = Recipe.BaseDigest(options);
        var layer = await PackageLayer.GetAsync(options, cache, progress, cancel);
        var final = cache.Base(digest);
        if (!Directory.Exists(final))
        {
            var result = cache.NewTemporary();
            await MakeAsync(layer, digest, result, cache, progress, cancel);
            BuildCache.Publish(result, final);
        }
        return new(final, layer, digest);
    }

    private static async Task MakeAsync(PackageLayer layer, string digest, string result, BuildCache cache, IProgress<string> progress, CancellationToken cancel)
    {
        var work = cache.NewTemporary();
        string InResult(string name) => Path.Combine(result, name);
        var init = await GuestProgram.Init.GetAsync(cache, progress, cancel);
        var updateEngine = await GuestProgram.UpdateEngine.GetAsync(cache, progress, cancel);
        progress.Report("the /usr tree");
        var tree = new GuestTree(layer, work, updateEngine);
        await tree.MakeAsync(cancel);
        progress.Report("initramfs and kernel");
        await new Initramfs(layer, tree, work).WriteAsync(InResult(Initramfs), init, cancel);
        var kernel = await File.ReadAllBytesAsync(layer.PathOf($"boot/vmlinuz-{layer.KernelRelease}"), cancel);
        await File.WriteAllBytesAsync(InResult(Kernel), kernel, cancel);
        var (decompressor, payload) = KernelImage.Payload(kernel);
        await File.WriteAllBytesAsync(Path.Combine(work, "payload"), payload, cancel);
        await layer.ShellAsync(work, $"{decompressor} payload > {DirectKernel}", cancel);
        progress.Report("/usr file system");
        // No journal, reserve or checksums: the file system is never written again, and verity checks every block.
        await layer.ShellAsync(work, $"""
            truncate -s {DiskLayout.Partition(DiskLayout.UsrA).ByteLength} {Usr}
            mkfs.ext4 -q -F -b {FlatcarDisk.BlockSize} -m 0 -L USR-A -O ^has_journal,^resize_inode,^metadata_csum \
                -E root_owner=0:0,lazy_itable_init=0,assume_storage_prezeroed=1 -d tree/usr {Usr} {FlatcarDisk.UsrBlocks}
            truncate -s {DiskLayout.Partition(DiskLayout.Root).ByteLength} {Root}
            mkfs.ext4 -q -F -b {FlatcarDisk.BlockSize} -L ROOT -E root_owner=0:0,lazy_itable_init=0,assume_storage_prezeroed=1 \
                -d skel {Root}
            """, cancel);
        await new Grub(layer, work).MakeAsync(cancel);
        foreach (var name in (string[])[DirectKernel, Usr, Root, .. Grub.Files])
            File.Move(Path.Combine(work, name), InResult(name));
    }
}
