using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Init;

/// <summary>Finds the slot to boot and mounts it, checked by dm-verity, on /sysroot/usr.</summary>
internal static class UsrMount
{
    public const string MountPoint = "/sysroot/usr";

    public static void Mount(BootDisk disk, EspPartition esp, KernelCommandLine commandLine)
    {
        if (commandLine.UsrPartition is { } wanted)
        {
            var slot = disk.Table.Partitions.FirstOrDefault(p => IsMeant(p, wanted))
                ?? throw new BootException($"{disk.Device} has no partition \"{wanted}\", which the kernel command line asks for");
            Open(disk, slot, esp, commandLine);
            return;
        }
        var unusable = new HashSet<Guid>();
        while (SlotChoice.Next(disk.Table, unusable) is { } choice)
        {
            if (choice.Write is { } table)
                disk.Write(table);
            try
            {
                Open(disk, choice.Slot, esp, commandLine);
                return;
            }
            catch (BootException e)
            {
                BootLog.Error($"slot {choice.Slot.Name} cannot be booted: {e.Message}");
                unusable.Add(choice.Slot.UniqueId);
            }
        }
        throw new BootException("no bootable USR partition: " + string.Join(", ", disk.Table.Partitions
            .Where(p => p.TypeId == FlatcarDisk.UsrType)
            .Select(p => $"{p.Name} priority={p.Priority} tries={p.Tries} successful={(p.Successful ? 1 : 0)}")));
    }

    private static bool IsMeant(GptPartition partition, string wanted) => wanted.ToLowerInvariant() switch
    {
        "a" => partition.UniqueId == FlatcarDisk.UsrA,
        "b" => partition.UniqueId == FlatcarDisk.UsrB,
        var text when text.StartsWith("partuuid=", StringComparison.Ordinal) => partition.UniqueId.ToString() == text[9..],
        var text when text.StartsWith("partlabel=", StringComparison.Ordinal) =>
            string.Equals(partition.Name, text[10..], StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    private static void Open(BootDisk disk, GptPartition slot, EspPartition esp, KernelCommandLine commandLine)
    {
        var partition = disk.PartitionDevice(slot);
        // mount.usr alone is how an image without dm-verity is started.
        var plain = commandLine["verity.usr"] is null && commandLine["mount.usr"]?.StartsWith("PART", StringComparison.Ordinal) == true;
        if (plain)
        {
            MountFileSystem(partition);
            return;
        }
        var letter = slot.UniqueId == FlatcarDisk.UsrA ? 'a' : 'b';
        var hash = commandLine["verity.usrhash"] ?? esp.RootHashes.GetValueOrDefault(letter)
            ?? throw new BootException($"/flatcar/vmlinuz-{letter} on the ESP bears no root hash of {slot.Name}");
        VerityDevice.Open(partition, hash);
        try
        {
            MountFileSystem(VerityDevice.Path);
        }
        catch (Exception)
        {
            VerityDevice.Close();
            throw;
        }
        VerityDevice.PanicOnCorruption(partition, hash);
        BootLog.Info($"/usr is {slot.Name} ({partition}), root hash {hash}");
    }

    private static void MountFileSystem(string device)
    {
        FileSystemProbe? found;
        try
        {
            found = FileSystemProbe.Probe(device);
        }
        catch (IOException e)
        {
            throw new BootException($"reading {device}: {e.Message}");
        }
        if (found is null)
            throw new BootException($"{device} holds no file system that init knows");
        Directory.CreateDirectory(MountPoint);
        Native.Mount(device, MountPoint, found.Type, Native.ReadOnly);
        // Flatcar comes to that after five minutes in the emergency shell; a slot without a system is left at once here, as one without a hash.
        if (!File.Exists(MountPoint + "/lib/systemd/systemd"))
        {
            Native.Unmount(MountPoint);
            throw new BootException($"{device} holds no system");
        }
    }
}
