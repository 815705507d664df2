namespace Flatcar.Tests.Guest;

/// <summary>What the system calls itself.</summary>
public static class OsRelease
{
    extension(Machine machine)
    {
        /// <summary>The keys of /etc/os-release or of a file like it, quotes taken off.</summary>
        public async Task<IReadOnlyDictionary<string, string>> OsReleaseAsync(string file = "/etc/os-release") =>
            Parse((await machine.RunAsync($"cat {Machine.Quote(file)}")).Lines);

        /// <summary>
        /// Whether this is the reference image, which is not made to have everything, and the file is missing. A Flatcar image that lacks it
        /// gets false, so that the step goes on and fails.
        /// </summary>
        public async Task<bool> IsReferenceWithoutAsync(string path) =>
            (await machine.TryRunAsync($". /usr/lib/os-release; test \"$VARIANT_ID\" = reference && ! test -e {Machine.Quote(path)}")).ExitCode == 0;
    }

    // NAME="Flatcar Container Linux by Kinvolk"
    private static Dictionary<string, string> Parse(IEnumerable<string> lines) => lines
        .Select(line => line.Split('=', 2))
        .Where(pair => pair.Length == 2)
        .ToDictionary(pair => pair[0], pair => pair[1].Trim('"'));
}
