namespace Flatcar.Tests.Guest;

/// <summary>System extensions made on the machine.</summary>
public static class Extensions
{
    /// <summary>Matches any Flatcar since 3185, and the reference image.</summary>
    public const string ForFlatcar = "ID=flatcar\nSYSEXT_LEVEL=1.0\n";

    extension(Machine machine)
    {
        /// <summary>Makes the tree of an extension that holds <c>/usr/share/NAME/file</c> with the text <c>from NAME</c>.</summary>
        /// <param name="name">Name of the extension.</param>
        /// <param name="release">Its extension-release file.</param>
        /// <param name="under">Directory it is made in; default where systemd-sysext looks.</param>
        public async Task ExtensionAsync(string name, string release = ForFlatcar, string under = "/var/lib/extensions")
        {
            await machine.WriteFileAsync($"{under}/{name}/usr/lib/extension-release.d/extension-release.{name}", release);
            await machine.WriteFileAsync($"{under}/{name}/usr/share/{name}/file", $"from {name}\n");
        }

        /// <summary>Has systemd-sysext look again.</summary>
        public Task<CommandResult> MergeAsync() => machine.RunAsync("sudo systemd-sysext refresh");

        /// <summary>Names of the extensions of a number that are merged: those whose file is there.</summary>
        public async Task<IReadOnlyList<string>> MergedAsync(params string[] names) =>
            (await machine.RunAsync($"for name in {string.Join(' ', names)}; do grep -qsx \"from $name\" /usr/share/$name/file && echo $name; done; true")).Lines;
    }
}
