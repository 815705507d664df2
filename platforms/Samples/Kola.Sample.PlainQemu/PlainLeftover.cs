using System.Diagnostics;
using System.Globalization;
using Kola.Platforms;

namespace Example.PlainQemu;

/// <summary>A QEMU of this platform, of whichever run.</summary>
internal sealed class PlainLeftover(int process, string directory, ResourceTags tags) : ILeftover
{
    /// <inheritdoc/>
    public string Kind => "machine";

    /// <inheritdoc/>
    public string Name => process.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public ResourceTags Tags => tags;

    /// <summary>How a machine carries its tags and its directory: strings for its firmware's tables, which it could read itself.</summary>
    internal static string Marks(ResourceTags tags, string directory) =>
        $"type=11,value=plain-qemu={directory}," + string.Join(',', tags.ToPairs().Select(tag => $"value={tag.Key}={tag.Value}"));

    /// <summary>The one a directory of /proc belongs to; null when that is no machine of this platform.</summary>
    internal static PlainLeftover? Of(string process)
    {
        try
        {
            if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                return null;
            string? marks = File.ReadAllText(Path.Combine(process, "cmdline")).Split('\0').FirstOrDefault(word => word.StartsWith("type=11,value=plain-qemu=", StringComparison.Ordinal));
            Dictionary<string, string>? pairs = marks?.Split(",value=").Skip(1).Select(mark => mark.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
            return pairs is not null && ResourceTags.Of(pairs) is { } tags ? new PlainLeftover(id, pairs["plain-qemu"], tags) : null;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(CancellationToken cancel)
    {
        try
        {
            using var qemu = Process.GetProcessById(process);
            qemu.Kill();
            await qemu.WaitForExitAsync(cancel);
        }
        catch (ArgumentException)
        {
            // It has ended meanwhile.
        }

        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
    }
}
