using System.Globalization;

namespace Flatcar.Tests.Guest;

/// <summary>Control groups, as their files show them.</summary>
public static class ControlGroups
{
    /// <summary>In a script: the directory of the group it runs in.</summary>
    public const string Own = "/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)";

    extension(Machine machine)
    {
        /// <summary>A file of a unit's group, as it is.</summary>
        public async Task<string> GroupFileAsync(string unit, string file) =>
            (await machine.RunAsync($"cat /sys/fs/cgroup$(systemctl show --property=ControlGroup --value {Machine.Quote(unit)})/{file}")).Text;

        /// <summary>A file of a unit's group that has a name and a number in each line.</summary>
        public async Task<IReadOnlyDictionary<string, long>> GroupCountersAsync(string unit, string file) => Counters(await machine.GroupFileAsync(unit, file));

        /// <summary>Bytes a unit has read from and written to all disks.</summary>
        public async Task<(long Read, long Written)> GroupTransfersAsync(string unit)
        {
            // 254:0 rbytes=978190336 wbytes=0 rios=7463 wios=0 dbytes=0 dios=0
            string[] words = (await machine.GroupFileAsync(unit, "io.stat")).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            long Sum(string key) => words.Where(word => word.StartsWith(key, StringComparison.Ordinal)).Sum(word => long.Parse(word[key.Length..], CultureInfo.InvariantCulture));
            return (Sum("rbytes="), Sum("wbytes="));
        }
    }

    // oom_kill 1
    internal static IReadOnlyDictionary<string, long> Counters(string text) => text
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' '))
        .Where(words => words.Length == 2 && long.TryParse(words[1], CultureInfo.InvariantCulture, out _))
        .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture));
}
