using System.Security.Cryptography;
using System.Text;
using CliWrap.Buffered;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Recording;

/// <summary>
/// The reference image as a cloud's own: Flatcar has an image for each cloud, which differs in what GRUB calls the platform. Ignition asks that platform for the config.
/// </summary>
internal static class CloudImage
{
    // EFI-SYSTEM is at sector 4096, here as on Flatcar.
    private const int SystemOffset = 4096 * 512;
    private const string Config = "::flatcar/grub/grub.cfg";

    // What stands here in grub.cfg comes after all that names the platform.
    private const string Mark = "function boot_slot {";

    /// <summary>Writes it.</summary>
    /// <param name="image">An image; one that is a cloud's already stays as it is.</param>
    /// <param name="platform">As Ignition calls the platform: <c>gcp</c>.</param>
    /// <param name="directory">Where it is written.</param>
    public static async Task<Image> WriteAsync(Image image, string platform, string directory)
    {
        string file = Path.Combine(directory, $"{platform}.img");
        await GuestHost.RunAsync("qemu-img", "convert", "-f", image.Format, "-O", "raw", image.File, file);
        string partition = FormattableString.Invariant($"{file}@@{SystemOffset}");
        BufferedCommandResult read = await HostTool.RunAsync("mtype", ["-i", partition, Config], CancellationToken.None);
        if (!read.StandardOutput.Contains(Mark, StringComparison.Ordinal))
            return image;
        string changed = Path.Combine(directory, "grub.cfg");
        await File.WriteAllTextAsync(changed, read.StandardOutput.Replace(Mark, $"set oem_id=\"{platform}\"\n{Mark}", StringComparison.Ordinal));
        await GuestHost.RunAsync("mcopy", "-o", "-i", partition, changed, Config);
        File.Delete(changed);
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{image.Digest} {platform}")));
        return image with { File = file, Format = "raw", Digest = $"sha256:{digest}" };
    }
}
