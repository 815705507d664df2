using System.Security.Cryptography;
using Kola.Updates.Payloads;

namespace Kola.Updates;

/// <summary>Whether a payload is what it says.</summary>
internal static class PayloadCheck
{
    /// <summary>Goes over all of a payload and keeps nothing.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="key">Public key it has to be signed by; null asks for no signature.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>
    /// Whether what comes of it was held against its manifest: a payload that changes what is there before tells nothing without that, see
    /// <see cref="ExtractAsync"/>.
    /// </returns>
    /// <exception cref="PayloadException">The first thing that does not hold.</exception>
    public static async Task<bool> VerifyAsync(PayloadFile payload, RSA? key, CancellationToken cancel)
    {
        InstallInfo partition = PartitionOf(payload);
        using var image = new AscendingHash((long)partition.Size);
        using var kernel = new AscendingHash((long)(payload.Manifest.Kernel?.NewInfo?.Size ?? 0));
        await ApplyAsync(payload, new PayloadTarget(image, kernel), key, cancel);
        return image.Is(partition) is not null && (payload.Manifest.Kernel is not { NewInfo: { } info } || kernel.Is(info) is not null);
    }

    /// <summary>Writes what a payload makes, and holds it against the manifest.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="image">File for what the partition is to hold.</param>
    /// <param name="kernel">File for the kernel; null where it is not wanted, or there is none.</param>
    /// <param name="old">What the two hold before; null members for nothing.</param>
    /// <param name="cancel">Ends it; the files are then not whole.</param>
    /// <exception cref="PayloadException">The first thing that does not hold.</exception>
    public static async Task ExtractAsync(PayloadFile payload, string image, string? kernel, (ByteRange? Image, ByteRange? Kernel) old, CancellationToken cancel)
    {
        InstallInfo partition = PartitionOf(payload);
        using FileTarget imageFile = await FileTarget.CreateAsync(image, old.Image, cancel);
        if (old.Image is not null && payload.Manifest.OldPartition is { } before && imageFile.Is(before) == false)
            throw new PayloadException(PayloadFault.OldPartition, "it was made for another old image than this");
        using FileTarget? kernelFile = kernel is null ? null : await FileTarget.CreateAsync(kernel, old.Kernel, cancel);
        using var passed = new AscendingHash(0);
        await ApplyAsync(payload, new PayloadTarget(imageFile, (IBlockTarget?)kernelFile ?? passed), key: null, cancel);
        imageFile.SetLength((long)partition.Size);
        kernelFile?.SetLength((long)(payload.Manifest.Kernel?.NewInfo?.Size ?? 0));
    }

    private static InstallInfo PartitionOf(PayloadFile payload) => payload.Manifest.NewPartition is { Sha256.Length: 32 } partition && partition.Size <= 1UL << 40
        ? partition
        : throw new PayloadException(PayloadFault.Verification, "it does not say what the partition is to hold");

    private static async Task ApplyAsync(PayloadFile payload, PayloadTarget target, RSA? key, CancellationToken cancel)
    {
        if (payload.Manifest.Procedures.FirstOrDefault(p => p.NewInfo is not { Sha256.Length: 32, Size: > 0 and <= 1UL << 40 }) is { } procedure)
            throw new PayloadException(PayloadFault.Manifest, $"its procedure {procedure.Type} does not say what is to come of it");
        byte[] signed = await payload.ApplyAsync(target, cancel);
        if (key is not null)
            payload.CheckSignature(signed, key);
        if (target.Partition.Is(payload.Manifest.NewPartition!) == false)
            throw new PayloadException(PayloadFault.Partition, "what comes of its operations is not the partition it says");
        if (payload.Manifest.Kernel is { } kernel && target.Kernel.Is(kernel.NewInfo!) == false)
            throw new PayloadException(PayloadFault.Kernel, "what comes of its operations is not the kernel it says");
    }
}
