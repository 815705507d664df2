namespace Flatcar.Reference.Gpt;

/// <summary>What identifies the partitions of a Flatcar disk.</summary>
public static class FlatcarDisk
{
    public static readonly Guid EfiSystemType = new("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
    public static readonly Guid BiosBootType = new("21686148-6449-6e6f-744e-656564454649");
    public static readonly Guid UsrType = new("5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6");
    public static readonly Guid OemType = new("0fc63daf-8483-4772-8e79-3d69d8477de4");
    public static readonly Guid ReservedType = new("c95dc21a-df0e-4340-8d7b-26cbfa9a03e0");

    /// <summary>"flatcar-resize": a root partition that grows to the end of the disk.</summary>
    public static readonly Guid ResizableRootType = new("3884dd41-8582-4404-b9a8-e9b84f2df50e");

    public static readonly Guid UsrA = new("7130c94a-213a-4e5a-8e26-6cce9662f132");
    public static readonly Guid UsrB = new("e03dd35c-7c2d-4a47-b3fe-27f15780a57c");

    /// <summary>The disk GUID of an image that never ran; the first boot replaces it.</summary>
    public static readonly Guid PristineDiskId = new("00000000-0000-0000-0000-000000000001");

    /// <summary>Blocks of the /usr file system, and so of the data under dm-verity.</summary>
    public const int UsrBlocks = 260094;

    public const int BlockSize = 4096;

    /// <summary>Bytes from the start of a USR partition to the dm-verity superblock: 1065345024.</summary>
    public const long VerityHashOffset = (long)UsrBlocks * BlockSize;

    /// <summary>Bytes from the start of an amd64 kernel image to the 64 hex digits of its /usr's root hash.</summary>
    public const int KernelRootHashOffset = 0x40;
}
