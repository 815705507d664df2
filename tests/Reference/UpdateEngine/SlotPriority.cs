using System.Globalization;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.UpdateEngine;

/// <summary><c>cgpt prioritize</c> for USR partitions; Debian's knows only the kernels of ChromeOS.</summary>
internal static class SlotPriority
{
    /// <summary><c>[-i NUMBER] [-P HIGHEST] [-f] DEVICE</c>; a partition's device says its number itself.</summary>
    public static int Run(IReadOnlyList<string> arguments)
    {
        int? number = null, highest = null;
        string? device = null;
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument is ['-', 'i' or 'P', ..])
            {
                var value = argument.Length > 2 ? argument[2..] : i + 1 < arguments.Count ? arguments[++i] : "";
                if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed))
                    return Usage();
                _ = argument[1] == 'i' ? (number = parsed) : (highest = parsed);
            }
            else if (argument is ['-', ..] || device is not null)
            {
                return Usage();
            }
            else
            {
                device = argument;
            }
        }
        if (device is null)
            return Usage();
        device = new FileInfo(device).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? device;
        var slot = new Slot(device);
        if (File.Exists($"/sys/class/block/{slot.Name}/partition"))
            (number, device) = (slot.Number, slot.Disk);
        var size = $"/sys/class/block/{Path.GetFileName(device)}/size";
        var sectors = File.Exists(size) ? ulong.Parse(File.ReadAllText(size), CultureInfo.InvariantCulture) : (ulong)new FileInfo(device).Length / GuidPartitionTable.SectorSize;
        using var disk = BlockDevice.Open(device, FileAccess.ReadWrite);
        if (GuidPartitionTable.Read(disk, sectors) is not { } table)
        {
            Console.Error.WriteLine($"cgpt: {device} has no partition table");
            return 1;
        }
        if (number is { } wanted && !table.Partitions.Any(p => p.Number == wanted && p.TypeId == FlatcarDisk.UsrType))
        {
            Console.Error.WriteLine($"cgpt: partition {wanted} is no USR partition");
            return 1;
        }
        Order(table, number, highest).Write(disk, sectors);
        disk.Flush(flushToDisk: true);
        return 0;
    }

    /// <summary>Ranks the partitions that have a priority, without gaps and in their order; the wanted one above all.</summary>
    internal static GuidPartitionTable Order(GuidPartitionTable table, int? first, int? highest)
    {
        var groups = table.Partitions
            .Where(p => p.TypeId == FlatcarDisk.UsrType && (p.Priority > 0 || p.Number == first))
            .GroupBy(p => p.Number == first ? int.MaxValue : p.Priority)
            .OrderByDescending(g => g.Key);
        var priority = highest ?? groups.Count();
        foreach (var group in groups)
        {
            foreach (var partition in group)
                table = table.With(partition.WithSlotState(priority, partition.Tries, partition.Successful));
            priority = Math.Max(1, priority - 1);
        }
        return table;
    }

    private static int Usage()
    {
        Console.Error.WriteLine("usage: cgpt prioritize [-i NUMBER] [-P HIGHEST] DEVICE");
        return 1;
    }
}
