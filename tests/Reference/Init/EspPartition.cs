using System.Text;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Init;

/// <summary>What init wants from the EFI system partition: the first-boot flag and the root hashes inside the kernels.</summary>
internal sealed class EspPartition
{
    private const string MountPoint = "/run/esp";

    private static readonly string[] FlagFiles = ["flatcar/first_boot", "coreos/first_boot"];

    private readonly string device;

    private EspPartition(string device) => this.device = device;

    /// <summary>The flag file is there: this machine was not provisioned yet, or asked to be again.</summary>
    public bool HasFirstBootFlag { get; private init; }

    /// <summary>64 hex digits by slot letter; a slot without a kernel, or with one that bears no hash, is missing.</summary>
    public required IReadOnlyDictionary<char, string> RootHashes { get; init; }

    public static EspPartition Read(BootDisk disk)
    {
        var partition = disk.Named("EFI-SYSTEM") ?? throw new BootException($"{disk.Device} has no partition named EFI-SYSTEM");
        var device = disk.PartitionDevice(partition);
        Directory.CreateDirectory(MountPoint);
        Native.Mount(device, MountPoint, "vfat", Native.ReadOnly);
        try
        {
            var hashes = new Dictionary<char, string>();
            foreach (var letter in "ab")
            {
                if (RootHash($"{MountPoint}/flatcar/vmlinuz-{letter}") is { } hash)
                    hashes[letter] = hash;
            }
            return new(device) { HasFirstBootFlag = FlagFiles.Any(f => File.Exists($"{MountPoint}/{f}")), RootHashes = hashes };
        }
        finally
        {
            Native.Unmount(MountPoint);
        }
    }

    /// <summary>Ignition has to run at the next boot.</summary>
    public void SetFirstBootFlag()
    {
        Native.Mount(device, MountPoint, "vfat");
        try
        {
            File.WriteAllText($"{MountPoint}/{FlagFiles[0]}", "");
        }
        finally
        {
            Native.Unmount(MountPoint);
        }
    }

    /// <summary>Ignition has succeeded; it must not run at the next boot.</summary>
    public void RemoveFirstBootFlag()
    {
        Native.Mount(device, MountPoint, "vfat");
        try
        {
            foreach (var file in FlagFiles.Select(f => $"{MountPoint}/{f}").Where(File.Exists))
                File.Delete(file);
        }
        finally
        {
            Native.Unmount(MountPoint);
        }
    }

    private static string? RootHash(string kernel)
    {
        if (!File.Exists(kernel))
            return null;
        var digits = new byte[64];
        using var file = new FileStream(kernel, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        file.Position = FlatcarDisk.KernelRootHashOffset;
        if (file.ReadAtLeast(digits, digits.Length, throwOnEndOfStream: false) < digits.Length)
            return null;
        var text = Encoding.Latin1.GetString(digits);
        return text.All(char.IsAsciiHexDigitLower) ? text : null;
    }
}
