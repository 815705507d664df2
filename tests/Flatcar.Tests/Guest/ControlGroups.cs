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

        /// <summary>A file of several units' groups, in the units' order, read by one command: what grows meanwhile is to be compared as it was at one moment.</summary>
        public async Task<IReadOnlyList<string>> GroupFilesAsync(string file, params string[] units)
        {
            CommandResult read = await machine.RunAsync($$"""
                set -e
                for unit in {{string.Join(' ', units.Select(Machine.Quote))}}; do files+=("/sys/fs/cgroup$(systemctl show --property=ControlGroup --value $unit)/{{file}}"); done
                for file in "${files[@]}"; do cat "$file"; echo ==; done
                """);
            return [.. read.Text.Split("==").Take(units.Length)];
        }

        /// <summary>Bytes that units have read from all disks, in the units' order, at one moment.</summary>
        public async Task<IReadOnlyList<long>> GroupReadsAsync(params string[] units) => [.. (await machine.GroupFilesAsync("io.stat", units)).Select(BytesRead)];
    }

    // 254:0 rbytes=978190336 wbytes=0 rios=7463 wios=0 dbytes=0 dios=0
    private static long BytesRead(string statistics) => statistics
        .Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
        .Where(word => word.StartsWith("rbytes=", StringComparison.Ordinal))
        .Sum(word => long.Parse(word["rbytes=".Length..], CultureInfo.InvariantCulture));

    // oom_kill 1
    internal static IReadOnlyDictionary<string, long> Counters(string text) => text
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' '))
        .Where(words => words.Length == 2 && long.TryParse(words[1], CultureInfo.InvariantCulture, out _))
        .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture));
}
