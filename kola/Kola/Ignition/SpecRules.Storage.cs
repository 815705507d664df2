namespace Kola.Ignition;

/// <summary>Section storage.</summary>
internal static partial class SpecRules
{
    private static void OfStorage(StorageSection storage, string path, ConfigFindings findings)
    {
        bool IsBelowLink(string placed) => storage.Links.Any(l => placed.StartsWith(l.Path + "/", StringComparison.Ordinal));
        Each(storage.Directories, $"{path}.directories", (entry, place) => findings.Error(place, IsBelowLink(((IPlaced)entry).Path) ? "directory path includes link in config" : null));
        Each(storage.Files, $"{path}.files", (entry, place) => findings.Error(place, IsBelowLink(((IPlaced)entry).Path) ? "file path includes link in config" : null));
        Each(storage.Links, $"{path}.links", (entry, place) =>
        {
            findings.Error(place, IsBelowLink(((IPlaced)entry).Path) ? "link path includes link in config" : null);
            OfLink((StorageLink)entry, storage, place, findings);
        });
        Each(storage.Filesystems, $"{path}.filesystems", (entry, place) =>
        {
            var filesystem = (Filesystem)entry;
            if (storage.Disks.LastOrDefault(d => d.Device == filesystem.Device) is not { } disk)
                return;
            if (disk.Partitions.Count > 0)
                findings.Warning($"{place}.device", "filesystem overwrites partitioned device");
            else if (disk.WipeTable == true && filesystem.WipeFilesystem != true)
                findings.Warning($"{place}.device", "device matches disk with wipeTable enabled; filesystem will be wiped");
        });
    }

    private static void OfLink(StorageLink link, StorageSection storage, string path, ConfigFindings findings)
    {
        if (findings.Since(3) && link.Target is null or "")
        {
            findings.Error($"{path}.target", findings.Since(3) ? "link target is required" : null);
            if (findings.Since(3))
                return;
        }

        if (link.Hard != true)
            return;
        string target = GoPath.Clean(link.Target ?? "");
        if (!target.StartsWith('/'))
            target = GoPath.Clean($"{link.Path}/{link.Target}");
        findings.Error(path, storage.Directories.Any(d => d.Path == target) ? "hard link target is a directory" : null);
        foreach ((string name, object? value) in new (string, object?)[] { ("user.id", link.User.Id), ("user.name", link.User.Name), ("group.id", link.Group.Id), ("group.name", link.Group.Name) })
            findings.Warning($"{path}.{name}", value is null ? null : "user/group ignored for hard link");
    }

    private static void OfDisk(Disk disk, string path, ConfigFindings findings)
    {
        if (disk.Device.Length == 0)
        {
            findings.Error($"{path}.device", "disk device is required");
            return;
        }

        findings.Error($"{path}.device", GoPath.Mistake(disk.Device));
        IReadOnlyList<Partition> partitions = disk.Partitions;
        void First(Func<Partition, int, bool> wrong, string message)
        {
            if (Enumerable.Range(0, partitions.Count).Where(i => wrong(partitions[i], i)).Select(i => (int?)i).FirstOrDefault() is { } index)
                findings.Error($"{path}.partitions.{index}", message);
        }

        First((p, i) => p.Number != 0 && partitions.Take(i).Count(o => o.Number == p.Number) == 1, "partition numbers collide");
        if (Overlapping(partitions) is { } overlap)
            findings.Error($"{path}.partitions.{overlap}", "partitions overlap");
        if (partitions.Any(p => p.ShouldExist == false) && partitions.Any(p => p.Number == 0))
            findings.Error($"{path}.partitions", "shouldExist is false for a partition and other partition(s) has start or size 0");
        First((p, i) => p.Label is not null && partitions.Take(i).Any(o => o.Label == p.Label), "cannot use the same partition label twice");
    }

    // Those with a place of their own only: where sgdisk finds one, nothing is known of it here.
    private static int? Overlapping(IReadOnlyList<Partition> partitions)
    {
        static long End(Partition p) => p.SizeMiB == 0 ? p.StartMiB!.Value : unchecked(p.StartMiB!.Value + p.SizeMiB!.Value - 1);
        int[] placed = [.. Enumerable.Range(0, partitions.Count).Where(i => partitions[i] is { StartMiB: not null and not 0, SizeMiB: not null })];
        foreach (int i in placed)
        {
            (long start, long end) = (partitions[i].StartMiB!.Value, End(partitions[i]));
            foreach (int j in placed.Where(j => j != i))
            {
                (long from, long to) = (partitions[j].StartMiB!.Value, End(partitions[j]));
                if ((start >= from && start <= to) || (end >= from && end <= to) || (start < from && end > to))
                    return j;
            }
        }

        return null;
    }

    private static void OfPartition(Partition partition, string path, ConfigFindings findings)
    {
        if (partition.ShouldExist == false && (partition.Label is not null || partition.TypeGuid is { Length: > 0 } || partition.Guid is { Length: > 0 } || partition.StartMiB is not null || partition.SizeMiB is not null))
            findings.Error(path, "shouldExist specified false with other options also specified");
        findings.Error(path, partition is { Number: 0, Label: null } ? "a partition number >= 1 or a label must be specified" : null);
        findings.Error($"{path}.label", partition.Label is null ? null
            : GoUrl.Bytes(partition.Label) > 36 ? "partition labels may not exceed 36 characters"
            : partition.Label.Contains(':', StringComparison.Ordinal) ? "partition label will be truncated to text before the colon" : null);
        findings.Error($"{path}.guid", OfGuid(partition.Guid));
        findings.Error($"{path}.typeGuid", OfGuid(partition.TypeGuid));
    }

    // 01234567-89AB-CDEF-EDCB-A98765432101, or nothing
    private static string? OfGuid(string? guid)
    {
        const string Form = "01234567-89AB-CDEF-EDCB-A98765432101";
        bool good = guid is null or "" || (guid.Length == Form.Length && guid.Zip(Form).All(pair => pair.Second == '-' ? pair.First == '-' : char.IsAsciiHexDigit(pair.First)));
        return good ? null : $"doesn't match the form \"{Form}\"";
    }

    private static void OfRaid(RaidArray raid, string path, ConfigFindings findings)
    {
        findings.Error($"{path}.level", raid.Level switch
        {
            null or "" when findings.Since(3) => "raid level is required",
            "linear" or "raid0" or "0" or "stripe" => raid.Spares is null or 0 ? null : "spares unsupported for linear and raid0 arrays",
            "raid1" or "1" or "mirror" or "raid4" or "4" or "raid5" or "5" or "raid6" or "6" or "raid10" or "10" => null,
            _ => "unrecognized raid level",
        });
        findings.Error($"{path}.devices", raid.Devices.Count == 0 ? "raid devices required" : null);
        Each(raid.Devices, $"{path}.devices", (device, place) => findings.Error(place, GoPath.Mistake((string)device)));
    }

    private static void OfVolume(LuksVolume volume, string path, ConfigFindings findings)
    {
        findings.Error($"{path}.name", volume.Name.Contains('/', StringComparison.Ordinal) ? "device names cannot contain slashes" : null);
        findings.Error($"{path}.label", volume.Label is not null && GoUrl.Bytes(volume.Label) > 47 ? "luks device labels cannot be longer than 47 characters" : null);
        findings.Error($"{path}.device", volume.Device is null or "" ? "disk device is required" : GoPath.Mistake(volume.Device));
        bool others = volume.Clevis is { } clevis && (clevis.Tang.Count > 0 || clevis.Tpm2 == true || clevis.Threshold is not (null or 0));
        // 3.2.0 looks whether there is a custom section at all.
        bool custom = findings.Since(3) ? volume.Clevis?.Custom?.Pin is { Length: > 0 } : volume.Clevis?.Custom is not null;
        findings.Error($"{path}.clevis", others && custom ? "cannot use custom clevis config with tpm2, tang, or threshold" : null);
        // The name of a member of an older draft, which Ignition still says.
        findings.Error($"{path}.keys", volume.KeyFile.Source is { Length: > 0 } source && OfUrl(source, findings) is not null ? "invalid key-file source" : null);
    }

    private static void OfTang(TangServer server, string path, ConfigFindings findings)
    {
        string? scheme = GoUrl.Parse(server.Url ?? "")?.Scheme;
        findings.Error($"{path}.url", scheme is null ? "unable to parse url" : scheme is "http" or "https" ? null : "invalid url scheme");
        findings.Error($"{path}.thumbprint", server.Thumbprint is null or "" ? "thumbprint is required" : null);
        findings.Error($"{path}.advertisement", server.Advertisement is null or "" || JsonText.IsJson(server.Advertisement) ? null : "advertisement is not valid JSON");
    }

    private static void OfPin(ClevisPin pin, string path, ConfigFindings findings)
    {
        bool noPin = pin.Pin is null or "";
        bool noConfig = pin.Config is null or "";
        if (noPin && noConfig && (pin.NeedsNetwork != true || !findings.Since(3)))
            return;
        findings.Error($"{path}.pin", pin.Pin is "tpm2" or "tang" or "sss" ? null : noPin && findings.Since(3) ? "missing required custom clevis pin" : "unsupported clevis pin");
        findings.Error($"{path}.config", noConfig ? "missing required custom clevis config" : null);
    }

    private static void OfFilesystem(Filesystem filesystem, string path, ConfigFindings findings)
    {
        findings.Error($"{path}.path", filesystem.Path is null or "" ? null : GoPath.Mistake(filesystem.Path));
        findings.Error($"{path}.device", GoPath.Mistake(filesystem.Device));
        bool unformatted = filesystem.Format is null or "";
        bool others = filesystem.Path is { Length: > 0 } || filesystem.Label is { Length: > 0 } || filesystem.Uuid is { Length: > 0 } || filesystem.WipeFilesystem == true
            || filesystem.MountOptions.Count > 0 || filesystem.Options.Count > 0;
        bool known = filesystem.Format is "ext4" or "btrfs" or "xfs" or "swap" or "vfat" || (filesystem.Format == "none" && findings.Since(3));
        findings.Error($"{path}.format", unformatted && others ? "format cannot be empty when path, label, uuid, wipeFilesystem, options, or mountOptions is specified"
            : unformatted || known ? null : "invalid filesystem format");
        if (filesystem.Label is { Length: > 0 } label)
            findings.Error($"{path}.label", unformatted ? "filesystem must specify format if label is specified" : OfLabel(filesystem.Format!, GoUrl.Bytes(label)));
    }

    private static string? OfLabel(string format, int bytes)
    {
        int longest = format switch { "ext4" => 16, "btrfs" => 256, "xfs" => 12, "swap" => 15, "vfat" => 11, _ => int.MaxValue };
        return bytes > longest ? FormattableString.Invariant($"filesystem labels cannot be longer than {longest} characters when using {format}") : null;
    }
}
