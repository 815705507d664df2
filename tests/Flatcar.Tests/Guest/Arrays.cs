namespace Flatcar.Tests.Guest;

/// <summary>RAID arrays of the kernel, as sysfs shows them.</summary>
public static class Arrays
{
    extension(Machine machine)
    {
        /// <summary>The array behind <c>/dev/md/NAME</c>.</summary>
        public async Task<RaidArray> ArrayAsync(string name)
        {
            CommandResult shown = await machine.RunAsync($"cd /sys/block/$(basename $(readlink -f /dev/md/{name}))/md && head -n 1 level raid_disks degraded sync_action 2>/dev/null; true");
            return RaidArray.Parse(shown.Text);
        }
    }

    /// <summary>An array.</summary>
    /// <param name="Level"><c>raid0</c>, <c>raid1</c>, …</param>
    /// <param name="Members">How many it is made for.</param>
    /// <param name="Missing">How many of these are not there.</param>
    /// <param name="Action"><c>idle</c>, or what it does to get whole again: <c>recover</c>, <c>resync</c>; empty for levels that cannot.</param>
    public sealed record RaidArray(string Level, int Members, int Missing, string Action)
    {
        // ==> level <==
        // raid1
        //
        // ==> raid_disks <==
        // 2
        internal static RaidArray Parse(string text)
        {
            var files = text.Split("==> ", StringSplitOptions.RemoveEmptyEntries).ToDictionary(
                part => part.Split(' ')[0], part => part.Split('\n').ElementAtOrDefault(1)?.Trim() ?? "");
            return new RaidArray(
                files["level"], int.Parse(files["raid_disks"]),
                files.TryGetValue("degraded", out string? missing) && missing != "" ? int.Parse(missing) : 0,
                files.GetValueOrDefault("sync_action", ""));
        }
    }
}
