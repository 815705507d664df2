namespace Kola;

/// <summary>The operating-system image under test. The file is never written to.</summary>
public sealed record Image
{
    /// <summary>Absolute path of the disk image a machine's overlay is backed by.</summary>
    public required string File { get; init; }

    /// <summary><c>raw</c> or <c>qcow2</c>, as <c>qemu-img info</c> names it.</summary>
    public required string Format { get; init; }

    /// <summary>Content digest, <c>sha256:</c> and 64 hex digits.</summary>
    public required string Digest { get; init; }

    /// <summary>What the image is called in reports: <c>reference</c>, or the file's name.</summary>
    public required string Name { get; init; }

    /// <summary>Version as the image's os-release gives it (<c>4459.0.0+build</c>); null when not known before boot.</summary>
    public string? Version { get; init; }

    /// <summary><c>stable</c>, <c>beta</c>, <c>alpha</c>, <c>lts</c>, <c>edge</c> or <c>developer</c>; null when not known.</summary>
    public string? Channel { get; init; }

    /// <summary><c>amd64</c> or <c>arm64</c>. Default <c>amd64</c>.</summary>
    public string Architecture { get; init; } = "amd64";

    /// <summary>os-release VARIANT_ID: <c>reference</c> for the stand-in, null for a real Flatcar image.</summary>
    public string? Variant { get; init; }

    /// <summary>Highest Ignition spec the image accepts. Default <c>3.4.0</c>.</summary>
    public string IgnitionMaximum { get; init; } = "3.4.0";

    /// <summary>How to boot without the disk's boot loader; null when the image does not come with a kernel beside it.</summary>
    public DirectBoot? Direct { get; init; }

    /// <summary>
    /// Whether its boot loader and kernel are signed by the key that distributions publish for tests of Secure Boot (Debian's
    /// <c>PkKek-1-snakeoil</c>). Default no: a release is signed by keys of its own, or not at all.
    /// </summary>
    public bool SignedForTests { get; init; }

    /// <summary>Features of a Flatcar release this image does not have; empty for a release.</summary>
    public IReadOnlyList<Feature> Lacks { get; init; } = [];
}

/// <summary>Kernel, initramfs and command line for a boot that passes the disk's boot loader by.</summary>
public sealed record DirectBoot
{
    /// <summary>Absolute path of the kernel: bzImage or an ELF vmlinux with a PVH entry.</summary>
    public required string Kernel { get; init; }

    /// <summary>Absolute path of the initramfs.</summary>
    public required string Initrd { get; init; }

    /// <summary>The whole kernel command line.</summary>
    public required string CommandLine { get; init; }
}
