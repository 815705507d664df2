namespace Flatcar.Reference.Building;

/// <summary>
/// Signatures of what UEFI starts: shim, GRUB, the kernel. The key is the one Debian publishes for tests (<c>PkKek-1-snakeoil</c> of its package ovmf), and with it
/// the firmware that trusts it (<c>OVMF_VARS_4M.snakeoil.fd</c>): anybody can sign with it.
/// </summary>
internal static class SecureBoot
{
    private const string Key = "secure-boot-snakeoil.key.pem";

    // One key with two certificates: Debian 12's firmware knows the older one, that of Debian 13 and Ubuntu 24.04 the newer one, and neither the other's.
    private static readonly string[] Certificates = ["secure-boot-snakeoil-2020.cert.pem", "secure-boot-snakeoil-2023.cert.pem"];

    /// <summary>Signs programs in a directory, in the place of whatever signatures they have.</summary>
    public static async Task SignAsync(PackageLayer layer, string directory, IReadOnlyList<string> names, CancellationToken cancel)
    {
        foreach (var file in (string[])[Key, .. Certificates])
            await File.WriteAllBytesAsync(Path.Combine(directory, file), Recipe.Read($"Keys/{file}"), cancel);
        // Debian's kernel comes with a signature, which does not fit any more once the root hash is in it; shim has none.
        await layer.ShellAsync(directory, $"""
            for program in {string.Join(' ', names)}; do
                sbattach --remove $program >&2 || true
                for certificate in {string.Join(' ', Certificates)}; do
                    sbsign --key {Key} --cert $certificate --output $program.signed $program >&2
                    sbverify --cert $certificate $program.signed >&2
                    mv $program.signed $program
                done
            done
            rm {Key} {string.Join(' ', Certificates)}
            """, cancel);
    }
}
