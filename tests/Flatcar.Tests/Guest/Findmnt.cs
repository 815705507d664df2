using System.Text.Json;

namespace Flatcar.Tests.Guest;

/// <summary>What is mounted where.</summary>
public static class Findmnt
{
    extension(Machine machine)
    {
        /// <summary>What is mounted on a path, the lowest first where mounts hide each other; none when nothing is.</summary>
        public async Task<IReadOnlyList<Mount>> MountsAsync(string path)
        {
            CommandResult found = await machine.TryRunAsync($"findmnt --json --nofsroot --output TARGET,SOURCE,FSTYPE,OPTIONS --mountpoint {Machine.Quote(path)}");
            return found.ExitCode == 0 ? Parse(found.Text) : [];
        }
    }

    // {"filesystems": [{"target":"/usr", "source":"/dev/mapper/usr", "fstype":"btrfs", "options":"ro,relatime,…"}]}
    private static List<Mount> Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.GetProperty("filesystems").EnumerateArray().Select(found => new Mount(
            found.GetProperty("target").GetString()!,
            found.GetProperty("source").GetString() ?? "",
            found.GetProperty("fstype").GetString()!,
            found.GetProperty("options").GetString()!.Split(',')))];
    }

    /// <summary>A mount.</summary>
    /// <param name="Target">Where.</param>
    /// <param name="Source">What: a device, or a name that means nothing.</param>
    /// <param name="Type">File system: <c>btrfs</c>, <c>overlay</c>, …</param>
    /// <param name="Options">Those of the mount and of the file system.</param>
    public sealed record Mount(string Target, string Source, string Type, IReadOnlyList<string> Options);
}
