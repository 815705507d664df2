using System.Buffers;
using System.Security.Cryptography;
using Flatcar.Reference.Gpt;
using Kola.Updates.Payloads;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>Applies a payload while it comes in, byte after byte, and notes how far it is.</summary>
internal sealed class PayloadApply : IDisposable
{
    /// <summary>Progress is noted after so much data, or after a second.</summary>
    private const long NoteEvery = 16 << 20;

    private readonly string target, kernel;
    private readonly Prefs prefs;
    private readonly TimeProvider time;
    private readonly FileStream partition;
    private readonly Func<PayloadManifest, bool> oldPartitionFits;
    private readonly ArrayBufferWriter<byte> pending = new();
    private Sha256 hash = new();
    private Sha256? signedHash;
    private byte[]? signatures;
    private byte[] metadataSha256 = [];
    private FileStream? kernelFile;
    private List<(InstallOperation Operation, ProcedureType? Procedure)> operations = [];
    private int next;
    private long dataOffset, metadataSize, total, notedOffset, notedAt;
    private readonly Resume? resume;

    /// <param name="target">Device or file of the slot.</param>
    /// <param name="kernel">File of the slot's kernel.</param>
    /// <param name="resume">What was done before; null: nothing.</param>
    /// <param name="oldPartitionFits">Whether the running slot is the one a manifest wants.</param>
    public PayloadApply(string target, string kernel, Prefs prefs, TimeProvider time, Resume? resume, Func<PayloadManifest, bool> oldPartitionFits)
    {
        (this.target, this.kernel, this.prefs, this.time, this.resume, this.oldPartitionFits) = (target, kernel, prefs, time, resume, oldPartitionFits);
        try
        {
            partition = BlockDevice.Open(target, FileAccess.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UpdateException(ErrorCode.DeviceOpen, $"Unable to open {target}: {e.Message}");
        }
        notedAt = time.GetTimestamp();
    }

    public PayloadManifest? Manifest { get; private set; }

    /// <summary>Bytes of the payload that came in, those of earlier runs with them.</summary>
    public long Received => total;

    /// <summary>Takes the next bytes.</summary>
    public void Write(ReadOnlySpan<byte> data)
    {
        total += data.Length;
        pending.Write(data);
        var done = 0;
        try
        {
            while (Step(pending.WrittenMemory[done..]) is { } used)
                done += used;
        }
        catch (PayloadException e)
        {
            throw new UpdateException((ErrorCode)(int)e.Fault, e.Message);
        }
        catch (IOException e)
        {
            throw new UpdateException(ErrorCode.DownloadWrite, e.Message);
        }
        if (done == 0)
            return;
        var rest = pending.WrittenSpan[done..].ToArray();
        pending.ResetWrittenCount();
        pending.Write(rest);
    }

    /// <summary>Notes how far it is, if that is further than was noted. Never throws: who cannot note it begins anew.</summary>
    public void Note()
    {
        // What goes on from behind the signatures would not have seen them.
        if (Manifest is null || next == 0 || dataOffset == notedOffset || signatures is not null)
            return;
        try
        {
            Settle(final: false);
        }
        catch (UpdateException e)
        {
            Log.Error($"progress is not noted: {e.Message}");
        }
    }

    /// <summary>Puts all on disk and checks size, hash and signature of the payload.</summary>
    public void Finish(OmahaOffer offer, string? keyFile)
    {
        Settle(final: true);
        if (total != offer.Size)
            throw new UpdateException(ErrorCode.PayloadSize, $"The payload has {total} bytes, not {offer.Size}");
        hash.Append(pending.WrittenSpan);
        var found = Convert.ToBase64String(hash.Current());
        if (found != offer.Sha256)
            throw new UpdateException(ErrorCode.PayloadHash, $"The payload's sha256 is {found}, not {offer.Sha256}");
        if (Manifest is null || next < operations.Count)
            throw new UpdateException(ErrorCode.PayloadVerification, "The payload ends before its last operation");
        if (keyFile is not null && File.Exists(keyFile))
            CheckSignature(keyFile);
        if (Manifest.NewPartition is null)
            throw new UpdateException(ErrorCode.PayloadVerification, "The payload does not say what the partition is to be");
    }

    /// <summary>Reads back what was written.</summary>
    public void Verify(CancellationToken cancel)
    {
        var wanted = Manifest!.NewPartition!;
        if (!Sha256.OfFile(target, (long)wanted.Size, cancel).AsSpan().SequenceEqual(wanted.Sha256.Span))
            throw new UpdateException(ErrorCode.NewPartition, $"New partition verification failed: {target}");
        if (Manifest.Kernel?.NewInfo is not { } info)
            return;
        if (!File.Exists(kernel) || new FileInfo(kernel).Length != (long)info.Size
            || !Sha256.OfFile(kernel, (long)info.Size, cancel).AsSpan().SequenceEqual(info.Sha256.Span))
            throw new UpdateException(ErrorCode.NewKernel, $"New kernel verification failed: {kernel}");
    }

    public void Dispose()
    {
        partition.Dispose();
        kernelFile?.Dispose();
    }

    /// <summary>Bytes used of those that wait; null: more are needed.</summary>
    private int? Step(ReadOnlyMemory<byte> bytes)
    {
        if (Manifest is null)
            return ReadManifest(bytes);
        if (next < operations.Count)
            return ApplyNext(bytes);
        if (signatures is null && Manifest.SignaturesOffset is { } offset)
        {
            if ((long)offset != dataOffset)
                throw new UpdateException(ErrorCode.OperationExecution, $"signatures at {offset}, while {dataOffset} bytes are used");
            var size = (int)(Manifest.SignaturesSize ?? 0);
            if (bytes.Length < size)
                return null;
            signedHash = Sha256.Resume(hash.State);
            signatures = bytes[..size].ToArray();
            return Use(bytes[..size]);
        }
        return bytes.Length > 0 ? Use(bytes) : null;
    }

    private int? ReadManifest(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < PayloadHeader.Length)
            return null;
        var header = PayloadHeader.Parse(bytes.Span[..PayloadHeader.Length]);
        metadataSize = PayloadHeader.Length + header.ManifestSize;
        if (bytes.Length < metadataSize)
            return null;
        // It is looked at long after the buffer has moved on.
        var manifest = PayloadManifest.Parse(bytes[PayloadHeader.Length..(int)metadataSize].ToArray());
        if (manifest.Procedures.Any(p => p.NewInfo is null))
            throw new UpdateException((ErrorCode)PayloadFault.Manifest, "a procedure does not say what it makes");
        if (!oldPartitionFits(manifest))
            throw new UpdateException(ErrorCode.StateInitialization, "The payload is for another old partition");
        operations = [.. manifest.PartitionOperations.Select(o => (o, (ProcedureType?)null)), .. manifest.Procedures.SelectMany(p => p.Operations.Select(o => (o, (ProcedureType?)p.Type)))];
        Manifest = manifest;
        metadataSha256 = Sha256.Of(bytes.Span[..(int)metadataSize]);
        if (resume is null)
        {
            hash.Append(bytes.Span[..(int)metadataSize]);
        }
        else
        {
            // Its hash goes on from the one that was begun: with another manifest it would vouch for what it has not seen.
            if (resume.MetadataSize != metadataSize || resume.Operation > operations.Count || !resume.MetadataSha256.AsSpan().SequenceEqual(metadataSha256))
                throw new UpdateException(ErrorCode.StateInitialization, "The payload is not the one that was begun");
            (hash, next, dataOffset) = (resume.Hash, resume.Operation, resume.DataOffset);
            total += dataOffset;
        }
        notedOffset = dataOffset;
        return (int)metadataSize;
    }

    private int? ApplyNext(ReadOnlyMemory<byte> bytes)
    {
        var (operation, procedure) = operations[next];
        if (operation.DataLength > 0 && operation.DataOffset != (ulong)dataOffset)
            throw new UpdateException(ErrorCode.OperationExecution, $"operation {next}: data at {operation.DataOffset}, while {dataOffset} bytes are used");
        if (operation.DataLength > int.MaxValue / 2)
            throw new UpdateException(ErrorCode.OperationExecution, $"operation {next}: {operation.DataLength} bytes of data");
        var length = (int)operation.DataLength;
        if (bytes.Length < length)
            return null;
        var data = bytes[..length];
        if (procedure is null or ProcedureType.Kernel)
        {
            if (length > 0 && operation.DataSha256 is not { } wanted)
                throw new UpdateException((ErrorCode)PayloadFault.OperationHashMissing, $"operation {next}: no hash");
            if (length > 0 && !Sha256.Of(data.Span).AsSpan().SequenceEqual(operation.DataSha256!.Value.Span))
                throw new UpdateException((ErrorCode)PayloadFault.OperationHash, $"operation {next}: wrong hash");
            BlockWriter.Apply(procedure is null ? partition : Kernel(), operation, data.Span, Manifest!.BlockSize);
        }
        next++;
        var used = Use(data);
        if (dataOffset - notedOffset >= NoteEvery || time.GetElapsedTime(notedAt) >= TimeSpan.FromSeconds(1))
            Settle(final: false);
        return used;
    }

    private int Use(ReadOnlyMemory<byte> bytes)
    {
        hash.Append(bytes.Span);
        dataOffset += bytes.Length;
        return bytes.Length;
    }

    private FileStream Kernel()
    {
        try
        {
            return kernelFile ??= new FileStream(kernel, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UpdateException(ErrorCode.KernelOpen, $"Unable to open {kernel}: {e.Message}");
        }
    }

    /// <summary>Data first, then the note of it.</summary>
    private void Settle(bool final)
    {
        try
        {
            partition.Flush(flushToDisk: true);
            if (final && next == operations.Count && Manifest?.Kernel?.NewInfo is { } info)
                Kernel().SetLength((long)info.Size);
            kernelFile?.Flush(flushToDisk: true);
            if (!final && Sha256.Resume(hash.State) is { } now)
                new Resume(next, dataOffset, metadataSize, metadataSha256, now).Save(prefs);
        }
        catch (IOException e)
        {
            throw new UpdateException(ErrorCode.DownloadWrite, e.Message);
        }
        (notedOffset, notedAt) = (dataOffset, time.GetTimestamp());
    }

    private void CheckSignature(string keyFile)
    {
        if (signatures is null || signedHash is null)
            throw new UpdateException(ErrorCode.SignatureMissing, "Signed payload expected, but it bears no signature");
        try
        {
            using var key = RSA.Create();
            key.ImportFromPem(File.ReadAllText(keyFile));
            if (PayloadSignature.Accepts(PayloadSignature.ParseAll(signatures, 0), signedHash.Current(), key))
                return;
        }
        catch (Exception e) when (e is PayloadException or CryptographicException or ArgumentException)
        {
            throw new UpdateException(ErrorCode.Signature, $"Public key verification failed: {e.Message}");
        }
        throw new UpdateException(ErrorCode.Signature, "Public key verification failed, thus update failed");
    }
}
