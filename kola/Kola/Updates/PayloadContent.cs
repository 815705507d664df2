using Kola.Updates;

namespace Kola;

/// <summary>What a machine's slot is to hold after an update.</summary>
/// <param name="PartitionBytes">Bytes of the partition that count.</param>
/// <param name="PartitionSha256">Of those, hex digits.</param>
/// <param name="KernelBytes">Bytes of the kernel file.</param>
/// <param name="KernelSha256">Of those, hex digits.</param>
public sealed record PayloadContent(long PartitionBytes, string PartitionSha256, long KernelBytes, string KernelSha256);

/// <summary>What a payload says.</summary>
public static class PayloadContents
{
    /// <summary>Reads it from the payload's manifest.</summary>
    /// <exception cref="UsageException">It is no payload, or brings no kernel.</exception>
    public static PayloadContent ReadContent(this UpdatePayload payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        try
        {
            var file = PayloadFile.Open(payload.File);
            return (PayloadPart.Of(file.Manifest.NewPartition), PayloadPart.Of(file.Manifest.Kernel?.NewInfo)) is ({ } partition, { } kernel)
                ? new PayloadContent(partition.Size, partition.Sha256, kernel.Size, kernel.Sha256)
                : throw new UsageException($"{payload.File}: it does not say what a slot is to hold\n  wanted:  a payload of a release, with its kernel");
        }
        catch (Updates.Payloads.PayloadException wrong)
        {
            throw new UsageException($"{payload.File}: {wrong.Message}\n  wanted:  an update payload", wrong);
        }
    }
}
