using System.Text.Json;

namespace Flatcar.Tests.Guest;

/// <summary>The partition table of the boot disk, and which of its slots runs.</summary>
public static class Gpt
{
    extension(Machine machine)
    {
        /// <summary>The table as it is on the disk, not as udev once saw it.</summary>
        public async Task<Table> PartitionTableAsync()
        {
            CommandResult shown = await machine.RunAsync("sudo sfdisk --json $(rootdev -s -d /usr)");
            return Table.Parse(shown.Text);
        }

        /// <summary>The table of another disk.</summary>
        public async Task<Table> PartitionTableAsync(string disk) =>
            Table.Parse((await machine.RunAsync($"sudo sfdisk --json $(readlink -f {Machine.Quote(disk)})")).Text);

        /// <summary>Which slot /usr is.</summary>
        public async Task<UsrSlot> UsrSlotAsync()
        {
            string label = (await machine.RunAsync("lsblk --noheadings --nodeps --output PARTLABEL $(rootdev -s /usr)")).Text.Trim();
            return label switch
            {
                "USR-A" => UsrSlot.A,
                "USR-B" => UsrSlot.B,
                _ => throw new MachineException($"{machine.Name}: /usr is on a partition labelled \"{label}\"\n  wanted:  USR-A or USR-B"),
            };
        }
    }

    /// <summary>A GUID partition table. Sectors are of 512 bytes.</summary>
    public sealed record Table(Guid DiskId, long LastUsableSector, IReadOnlyList<Partition> Partitions)
    {
        /// <summary>The partition with this label.</summary>
        public Partition this[string label] => Partitions.Single(p => p.Label == label);

        // {"partitiontable": {"label":"gpt", "id":"…", "device":"/dev/vda", "unit":"sectors", "firstlba":34, "lastlba":25804766, "sectorsize":512,
        //   "partitions": [{"node":"/dev/vda3", "start":2105344, "size":4194304, "type":"5DFB…", "uuid":"7130…", "name":"USR-A", "attrs":"GUID:48,56"}]}}
        internal static Table Parse(string json)
        {
            using var document = JsonDocument.Parse(json);
            JsonElement table = document.RootElement.GetProperty("partitiontable");
            string disk = table.GetProperty("device").GetString()!;
            return new Table(
                table.GetProperty("id").GetGuid(),
                table.GetProperty("lastlba").GetInt64(),
                [.. table.GetProperty("partitions").EnumerateArray().Select(p => Partition.Parse(p, disk))]);
        }
    }

    /// <summary>A partition. Its priority, tries and success are those of Flatcar's boot loader; 0 on partitions that are no slots.</summary>
    public sealed record Partition(int Number, string Label, Guid Type, Guid Id, long FirstSector, long Sectors, int Priority, int Tries, bool Successful)
    {
        internal static Partition Parse(JsonElement shown, string disk)
        {
            long bits = shown.TryGetProperty("attrs", out JsonElement attributes) ? Bits(attributes.GetString()!) : 0;
            return new Partition(
                int.Parse(shown.GetProperty("node").GetString()![disk.Length..].TrimStart('p')),
                shown.TryGetProperty("name", out JsonElement name) ? name.GetString()! : "",
                shown.GetProperty("type").GetGuid(),
                shown.GetProperty("uuid").GetGuid(),
                shown.GetProperty("start").GetInt64(),
                shown.GetProperty("size").GetInt64(),
                Priority: (int)(bits >> 48) & 15,
                Tries: (int)(bits >> 52) & 15,
                Successful: (bits >> 56 & 1) == 1);
        }

        // LegacyBIOSBootable GUID:48,56
        private static long Bits(string attributes) => attributes.Split(' ')
            .Where(word => word.StartsWith("GUID:", StringComparison.Ordinal))
            .SelectMany(word => word[5..].Split(','))
            .Aggregate(0L, (bits, bit) => bits | 1L << int.Parse(bit));
    }
}
