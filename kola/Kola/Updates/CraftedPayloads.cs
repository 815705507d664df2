using System.Security.Cryptography;
using Kola.Updates;
using Kola.Updates.Payloads;

namespace Kola;

/// <summary>
/// Payloads of a few KB that no client may install, each for one reason, and payloads of a test's own file system. They are signed by a key made for the test,
/// whose public half a machine has to be given.
/// </summary>
public sealed class CraftedPayloads : IDisposable
{
    private const int Block = (int)PayloadManifest.DefaultBlockSize;
    private const int ChunkBytes = 8 * Block;

    private readonly string _directory;
    private readonly RSA _key = RSA.Create(2048);
    private readonly RSA _other = RSA.Create(2048);
    private int _made;

    /// <param name="lab">The test's: the payloads are kept in its directory.</param>
    public CraftedPayloads(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        _directory = lab.Directory;
    }

    /// <summary>Public key, PEM.</summary>
    public string Key => _key.ExportSubjectPublicKeyInfoPem() + "\n";

    /// <summary>Without a signature: code 17.</summary>
    public string WithoutSignature() => Make(sizes: []);

    /// <summary>Signed by a key nobody was given: code 18.</summary>
    public string SignedByAnother() => Make(signer: _other);

    /// <summary>One bit of an operation's data is wrong: code 29.</summary>
    public string WithCorruptOperation() => Make(data: bytes => bytes[ChunkBytes + 1] ^= 1);

    /// <summary>An operation has data and no hash of it: code 38.</summary>
    public string WithoutOperationHash() => Make(manifest: m => WithOperation(m, 1, o => o with { DataSha256 = null }));

    /// <summary>An operation's data is said to be elsewhere: code 28.</summary>
    public string WithGap() => Make(manifest: m => WithOperation(m, 1, o => o with { DataOffset = o.DataOffset + 1 }));

    /// <summary>What comes of it is not what the partition is to be: code 15.</summary>
    public string WithWrongPartitionHash() => Make(manifest: m => m with { NewPartition = m.NewPartition! with { Sha256 = SHA256.HashData("another"u8) } });

    /// <summary>What comes of it is not what the kernel is to be: code 16.</summary>
    public string WithWrongKernelHash() => Make(manifest: m => m with { Procedures = [m.Procedures[0] with { NewInfo = m.Procedures[0].NewInfo! with { Sha256 = SHA256.HashData("another"u8) } }] });

    /// <summary>Made for another release than any machine runs: code 20.</summary>
    public string ForAnotherOldSlot() => Make(manifest: m => m with { OldPartition = new InstallInfo(Block, SHA256.HashData("another"u8)) });

    /// <summary>It does not begin as payloads do: code 21.</summary>
    public string WithoutMagic()
    {
        string file = Make();
        using FileStream stream = File.OpenWrite(file);
        stream.Write("CrAP"u8);
        return file;
    }

    /// <summary>A good one, by which the first bytes of the slot become a file system and the kernel something that is none.</summary>
    /// <param name="image">Whole blocks of 4096 bytes.</param>
    public string Of(string image) => Make(image: File.ReadAllBytes(image));

    /// <inheritdoc/>
    public void Dispose()
    {
        _key.Dispose();
        _other.Dispose();
    }

    private static PayloadManifest WithOperation(PayloadManifest manifest, int index, Func<InstallOperation, InstallOperation> change) => manifest with
    {
        PartitionOperations = [.. manifest.PartitionOperations.Select((o, i) => i == index ? change(o) : o)],
    };

    private static byte[] Filled(int length, byte seed) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 31 + (i >> 8) + seed))];

    private string Make(Func<PayloadManifest, PayloadManifest>? manifest = null, Action<byte[]>? data = null, byte[]? image = null, RSA? signer = null, int[]? sizes = null)
    {
        image ??= Filled(4 * ChunkBytes, 7);
        byte[] kernel = Filled(ChunkBytes / 2, 9);
        byte[] all = [.. image, .. kernel];
        InstallOperation[] operations = [.. image.Chunk(ChunkBytes).Select((chunk, i) => Operation(chunk, i * ChunkBytes, i * ChunkBytes))];
        var whole = new PayloadManifest
        {
            PartitionOperations = operations,
            NewPartition = new InstallInfo((ulong)image.Length, SHA256.HashData(image)),
            Procedures = [new InstallProcedure { Operations = [Operation(kernel, image.Length, 0)], NewInfo = new InstallInfo((ulong)kernel.Length, SHA256.HashData(kernel)) }],
        };
        data?.Invoke(all);
        whole = PayloadSigning.WithRoomFor(sizes ?? [256], manifest?.Invoke(whole) ?? whole, all.Length);
        string file = Path.Combine(_directory, $"crafted-{++_made}.gz");
        using var stream = new MemoryStream(all);
        // Small, and in the test's own directory: nobody waits for it.
        PayloadSigning.AssembleAsync(whole, stream, file, PayloadSigning.By([signer ?? _key], []), CancellationToken.None).GetAwaiter().GetResult();
        return file;
    }

    private static InstallOperation Operation(byte[] data, int offset, int target) => new()
    {
        Type = OperationType.Replace,
        DataOffset = (ulong)offset,
        DataLength = (ulong)data.Length,
        TargetExtents = [new Extent((ulong)(target / Block), (ulong)((data.Length + Block - 1) / Block))],
        DataSha256 = SHA256.HashData(data),
    };
}
