using System.Text;
using System.Text.Json;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Building;

/// <summary>One build, from packages to a finished directory.</summary>
internal sealed class ImageBuild(ReferenceImageOptions options, BuildCache cache, IProgress<string> progress)
{
    /// <summary>Kernel arguments that only make an emulated machine faster.</summary>
    private const string Pace =
        "quiet mitigations=off tsc=reliable no_timer_check lsm=capability audit=0 rcupdate.rcu_expedited=1 SYSTEMD_SECCOMP=0";

    private const string DirectCommandLine =
        "rootflags=rw mount.usrflags=ro consoleblank=0 root=LABEL=ROOT console=ttyS0,115200n8 flatcar.oem.id=qemu " + Pace;

    private static readonly string[] Lacks =
        ["update-engine", "locksmith", "cloudinit", "selinux", "microcode", "ignition-v2"];

    private readonly string digest = ReferenceImage.Digest(options);
    private readonly string work = cache.NewTemporary();
    private readonly string result = cache.NewTemporary();

    private string BuildId => "reference-" + digest.Split(':')[1][..12];

    public async Task<ReferenceImageFiles> RunAsync(CancellationToken cancel)
    {
        InitProgram.CheckArchitecture();
        var layer = await PackageLayer.GetAsync(options, cache, progress, cancel);
        var init = await InitProgram.GetAsync(cache, progress, cancel);
        progress.Report("the /usr tree");
        var tree = new GuestTree(layer, work, options, BuildId);
        await tree.MakeAsync(cancel);
        progress.Report("initramfs and kernel");
        await new Initramfs(layer, tree, work).WriteAsync(InResult("initrd.cpio"), init, cancel);
        var kernel = await File.ReadAllBytesAsync(layer.PathOf($"boot/vmlinuz-{layer.KernelRelease}"), cancel);
        await ExtractKernelAsync(layer, kernel, cancel);
        progress.Report("/usr file system and its hash tree");
        var rootHash = await MakeUsrAsync(layer, cancel);
        await File.WriteAllBytesAsync(InResult("vmlinuz"), KernelImage.WithRootHash(kernel, rootHash), cancel);
        progress.Report("the disk");
        await MakeOtherPartitionsAsync(layer, cancel);
        await new Grub(layer, work).MakeAsync(cancel);
        await FillEspAsync(layer, cancel);
        AssembleDisk(layer);
        await File.WriteAllTextAsync(InResult(ReferenceImage.SidecarName), Sidecar(rootHash), cancel);
        var final = BuildCache.ResultDirectory(options.CacheDirectory, digest);
        BuildCache.Publish(result, final);
        return ReferenceImage.Find(options)!;
    }

    private string InWork(string name) => Path.Combine(work, name);

    private string InResult(string name) => Path.Combine(result, name);

    private async Task ExtractKernelAsync(PackageLayer layer, byte[] kernel, CancellationToken cancel)
    {
        var (decompressor, payload) = KernelImage.Payload(kernel);
        await File.WriteAllBytesAsync(InWork("payload"), payload, cancel);
        await layer.ShellAsync(work, $"{decompressor} payload > vmlinux", cancel);
        File.Move(InWork("vmlinux"), InResult("vmlinux"));
    }

    private async Task<string> MakeUsrAsync(PackageLayer layer, CancellationToken cancel)
    {
        // No journal, reserve or checksums: the file system is never written again, and verity checks every block.
        var output = await layer.ShellAsync(work, $"""
            truncate -s {DiskLayout.Partition(DiskLayout.UsrA).ByteLength} usr.img
            mkfs.ext4 -q -F -b {FlatcarDisk.BlockSize} -m 0 -L USR-A -O ^has_journal,^resize_inode,^metadata_csum \
                -E root_owner=0:0,lazy_itable_init=0,assume_storage_prezeroed=1 -d tree/usr usr.img {FlatcarDisk.UsrBlocks}
            veritysetup format --hash=sha256 --data-block-size {FlatcarDisk.BlockSize} --hash-block-size {FlatcarDisk.BlockSize} \
                --data-blocks {FlatcarDisk.UsrBlocks} --hash-offset {FlatcarDisk.VerityHashOffset} usr.img usr.img
            """, cancel);
        // Root hash:      	5f3c…
        return output.Split('\n').Single(l => l.StartsWith("Root hash:", StringComparison.Ordinal)).Split(':')[1].Trim();
    }

    private async Task MakeOtherPartitionsAsync(PackageLayer layer, CancellationToken cancel)
    {
        Directory.CreateDirectory(InWork("oem"));
        await File.WriteAllTextAsync(InWork("oem/grub.cfg"), "set oem_id=\"qemu\"\n", cancel);
        await File.WriteAllTextAsync(InWork("oem/oem-release"), $"""
            ID=qemu
            VERSION_ID={options.Version}
            NAME="QEMU"
            HOME_URL="https://www.qemu.org/"
            BUG_REPORT_URL="https://issues.flatcar.org"

            """, cancel);
        await layer.ShellAsync(work, $"""
            truncate -s {DiskLayout.Partition(DiskLayout.Oem).ByteLength} oem.img
            mkfs.btrfs -q -L OEM --rootdir oem oem.img
            truncate -s {DiskLayout.Partition(DiskLayout.Root).ByteLength} root.img
            mkfs.ext4 -q -F -b {FlatcarDisk.BlockSize} -L ROOT -E root_owner=0:0,lazy_itable_init=0,assume_storage_prezeroed=1 \
                -d skel root.img
            """, cancel);
    }

    private async Task FillEspAsync(PackageLayer layer, CancellationToken cancel)
    {
        File.Copy(InResult("vmlinuz"), InWork("vmlinuz"));
        File.Copy(InResult("initrd.cpio"), InWork("initrd.cpio"));
        var grub = Encoding.UTF8.GetString(Recipe.Read("Recipe/grub.cfg")).Replace("@PACE@", Pace, StringComparison.Ordinal);
        await File.WriteAllTextAsync(InWork("grub.cfg"), grub, cancel);
        await File.WriteAllTextAsync(InWork("first_boot"), "", cancel);
        await layer.ShellAsync(work, $"""
            truncate -s {DiskLayout.Partition(DiskLayout.EfiSystem).ByteLength} esp.img
            mkfs.vfat -F 32 -n EFI-SYSTEM esp.img
            mmd -i esp.img ::/EFI ::/EFI/boot ::/flatcar ::/flatcar/grub ::/coreos
            mcopy -i esp.img bootx64.efi ::/EFI/boot/bootx64.efi
            mcopy -i esp.img vmlinuz ::/flatcar/vmlinuz-a
            mcopy -i esp.img initrd.cpio ::/flatcar/initrd.cpio
            mcopy -i esp.img grub.cfg ::/flatcar/grub/grub.cfg
            mcopy -i esp.img first_boot ::/flatcar/first_boot
            """, cancel);
    }

    private void AssembleDisk(PackageLayer layer)
    {
        using var disk = new DiskImage(InResult(ReferenceImage.ImageName));
        disk.WriteTable();
        disk.Fill(DiskLayout.EfiSystem, InWork("esp.img"));
        disk.Fill(DiskLayout.UsrA, InWork("usr.img"));
        disk.Fill(DiskLayout.Oem, InWork("oem.img"));
        disk.Fill(DiskLayout.Root, InWork("root.img"));
        new Grub(layer, work).InstallForBios(disk);
    }

    private string Sidecar(string rootHash)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("schema", "kola.image/1");
            json.WriteString("version", options.Version + "+reference");
            json.WriteString("versionId", options.Version);
            json.WriteString("buildId", BuildId);
            json.WriteString("variant", "reference");
            json.WriteString("channel", "developer");
            json.WriteString("architecture", "amd64");
            json.WriteString("ignitionMaximum", "3.3.0");
            json.WriteStartObject("direct");
            json.WriteString("kernel", "vmlinux");
            json.WriteString("initrd", "initrd.cpio");
            json.WriteString("commandLine", DirectCommandLine);
            json.WriteEndObject();
            json.WriteStartArray("firmware");
            foreach (var firmware in (string[])["direct", "bios", "uefi"])
                json.WriteStringValue(firmware);
            json.WriteEndArray();
            // kola skips a test that needs one of these, and says so.
            json.WriteStartArray("lacks");
            foreach (var feature in Lacks)
                json.WriteStringValue(feature);
            json.WriteEndArray();
            json.WriteStartObject("verity");
            json.WriteString("rootHash", rootHash);
            json.WriteNumber("hashOffset", FlatcarDisk.VerityHashOffset);
            json.WriteEndObject();
            json.WriteString("digest", digest);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(memory.ToArray()) + "\n";
    }
}
