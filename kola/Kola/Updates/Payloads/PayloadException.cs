namespace Kola.Updates.Payloads;

/// <summary>What is wrong with a payload, by the number the update client reports it with.</summary>
public enum PayloadFault
{
    /// <summary>The sha256 of the whole file is another than announced.</summary>
    Hash = 10,

    /// <summary>Its size is another than announced.</summary>
    Size = 11,

    /// <summary>It does not say what the partition is to hold.</summary>
    Verification = 12,

    /// <summary>The partition does not hold what it should after all was applied.</summary>
    Partition = 15,

    /// <summary>The kernel is not what it should be after all was applied.</summary>
    Kernel = 16,

    /// <summary>It bears no signature.</summary>
    SignatureMissing = 17,

    /// <summary>No signature is by the key.</summary>
    Signature = 18,

    /// <summary>The partition it is applied to is not the one it was made for.</summary>
    OldPartition = 20,

    /// <summary>It does not begin with CrAU.</summary>
    Magic = 21,

    /// <summary>The manifest is not to be read.</summary>
    Manifest = 23,

    /// <summary>An operation cannot be carried out: its data is somewhere else, does not unpack, or does not fit.</summary>
    Operation = 28,

    /// <summary>An operation's data has another sha256 than the manifest says.</summary>
    OperationHash = 29,

    /// <summary>An operation with data has no sha256.</summary>
    OperationHashMissing = 38,
}

/// <summary>A payload that is not to be used.</summary>
/// <param name="fault">What is wrong.</param>
/// <param name="message">In one line.</param>
/// <param name="offset">Byte of the file, or of the part that was read, at which it was noticed; null where there is no such place.</param>
/// <param name="cause">Null for none.</param>
public sealed class PayloadException(PayloadFault fault, string message, long? offset = null, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>What is wrong.</summary>
    public PayloadFault Fault => fault;

    /// <summary>Byte of the file, or of the part that was read, at which it was noticed.</summary>
    public long? Offset => offset;
}
