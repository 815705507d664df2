using System.Text;
using System.Text.Json;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Building;

/// <summary>One build, from packages to a finished directory.</summary>
internal sealed class ImageBuild(ReferenceImageOptions options, BuildCache cache, IProgress<string> progress)
{
    /// <summary>Kernel arguments that only make an emulated machine faster.</summary>
    private const string Pace =
        "quiet mitigations=off tsc=reliable no_timer_check lsm=capability rcupdate.rcu_expedited=1 SYSTEMD_SECCOMP=0";

    private const string DirectCommandLine =
        "rootflags=rw mount.usrflags=ro consoleblank=0 root=LABEL=ROOT console=ttyS0,115200n8 flatcar.oem.id=qemu " + Pace;

    private static readonly string[] Lacks =
        ["locksmith", "cloudinit", "selinux", "microcode", "ignition-v2"];

    private readonly string digest = ReferenceImage.Digest(options);
    private readonly string work = cache.NewTemporary();
    private readonly string result = cache.NewTemporary();

    public async Task<ReferenceImageFiles> RunAsync(CancellationToken cancel)
    {
        var basis = await BaseBuild.GetAsync(options, cache, progress, cancel);
        progress.Report($"/usr of {options.Version} and its hash tree");
        var release = new Release(options, ReferenceImage.BuildIdOf(options));
        var rootHash = await UsrImage.MakeAsync(basis, release, work, cancel);
        progress.Report("the disk");
        foreach (var name in (string[])[BaseBuild.DirectKernel, BaseBuild.Initramfs])
            File.Copy(basis.PathOf(name), InResult(name));
        await MakeOemAsync(basis, release, cancel);
        await FillEspAsync(basis, cancel);
        AssembleDisk(basis);
        File.Move(InWork(BaseBuild.Kernel), InResult(BaseBuild.Kernel));
        await File.WriteAllTextAsync(InResult(ReferenceImage.SidecarName), Sidecar(rootHash), cancel);
        var final = BuildCache.ResultDirectory(ReferenceImage.Kind, options.CacheDirectory, digest);
        BuildCache.Publish(result, final);
        return ReferenceImage.Find(options)!;
    }

    private string InWork(string name) => Path.Combine(work, name);

    private string InResult(string name) => Path.Combine(result, name);

    private async Task MakeOemAsync(BaseBuild basis, Release release, CancellationToken cancel)
    {
        Directory.CreateDirectory(InWork("oem"));
        await File.WriteAllTextAsync(InWork("oem/grub.cfg"), "set oem_id=\"qemu\"\n", cancel);
        await File.WriteAllTextAsync(InWork("oem/oem-release"), release.OemRelease, cancel);
        await basis.Layer.ShellAsync(work, $"""
            truncate -s {DiskLayout.Partition(DiskLayout.Oem).ByteLength} oem.img
            mkfs.btrfs -q -L OEM --rootdir oem oem.img
            """, cancel);
    }

    private async Task FillEspAsync(BaseBuild basis, CancellationToken cancel)
    {
        File.Copy(basis.PathOf(BaseBuild.Initramfs), InWork("initrd.cpio"));
        foreach (var name in (string[])[Grub.Shim, Grub.EfiImage])
            File.Copy(basis.PathOf(name), InWork(name));
        var grub = Encoding.UTF8.GetString(Recipe.Read("Recipe/grub.cfg")).Replace("@PACE@", Pace, StringComparison.Ordinal);
        await File.WriteAllTextAsync(InWork("grub.cfg"), grub, cancel);
        await File.WriteAllTextAsync(InWork("first_boot"), "", cancel);
        await basis.Layer.ShellAsync(work, $"""
            truncate -s {DiskLayout.Partition(DiskLayout.EfiSystem).ByteLength} esp.img
            mkfs.vfat -F 32 -n EFI-SYSTEM esp.img
            mmd -i esp.img ::/EFI ::/EFI/boot ::/flatcar ::/flatcar/grub ::/coreos
            mcopy -i esp.img {Grub.Shim} {Grub.EfiImage} ::/EFI/boot/
            mcopy -i esp.img {BaseBuild.Kernel} ::/flatcar/vmlinuz-a
            mcopy -i esp.img initrd.cpio ::/flatcar/initrd.cpio
            mcopy -i esp.img grub.cfg ::/flatcar/grub/grub.cfg
            mcopy -i esp.img first_boot ::/flatcar/first_boot
            """, cancel);
    }

    private void AssembleDisk(BaseBuild basis)
    {
        using var disk = new DiskImage(InResult(ReferenceImage.ImageName));
        disk.WriteTable();
        disk.Fill(DiskLayout.EfiSystem, InWork("esp.img"));
        disk.Fill(DiskLayout.UsrA, InWork(BaseBuild.Usr));
        disk.Fill(DiskLayout.Oem, InWork("oem.img"));
        disk.Fill(DiskLayout.Root, basis.PathOf(BaseBuild.Root));
        Grub.InstallForBios(disk, basis.PathOf);
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
            json.WriteString("buildId", ReferenceImage.BuildIdOf(options));
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
            foreach (var firmware in (string[])["direct", "bios", "uefi", "secure-boot"])
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
