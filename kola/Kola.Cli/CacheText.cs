using System.Globalization;

namespace Kola.Cli;

/// <summary>The cache for people.</summary>
internal static class CacheText
{
    /// <summary>Writes a line for each thing but the small ones, which are summed, and the total.</summary>
    internal static void Write(TextWriter writer, string directory, IReadOnlyList<CacheItem> items, TimeZoneInfo zone)
    {
        writer.WriteLine(directory);
        Heading(writer, "templates", items, CacheKind.Template);
        foreach (CacheItem item in items.Where(i => i.Kind == CacheKind.Template))
            Line(writer, item, $"made {Time(item.MadeAt, zone)}, used {Time(item.UsedAt, zone)}{Marks(item)}  {item.What}");
        Heading(writer, "reference images", items, CacheKind.ReferenceImage);
        foreach (CacheItem item in items.Where(i => i.Kind == CacheKind.ReferenceImage))
            Line(writer, item, $"made {Time(item.MadeAt, zone)}, used {Time(item.UsedAt, zone)}{Marks(item)}");
        Heading(writer, "steps of its build", items, CacheKind.BuildStep);
        foreach (CacheItem item in items.Where(i => i.Kind == CacheKind.BuildStep))
            Line(writer, item, $"made {Time(item.MadeAt, zone)}  {item.What}");
        Heading(writer, "Kubernetes distributions", items, CacheKind.KubernetesDistribution);
        foreach (CacheItem item in items.Where(i => i.Kind == CacheKind.KubernetesDistribution))
            Line(writer, item, $"made {Time(item.MadeAt, zone)}{Marks(item)}");
        Heading(writer, "unpacked Kubernetes distributions", items, CacheKind.UnpackedDistribution);
        foreach (CacheItem item in items.Where(i => i.Kind == CacheKind.UnpackedDistribution))
            Line(writer, item, $"used {Time(item.UsedAt, zone)}{Marks(item)}");
        Heading(writer, "unpacked images", items, CacheKind.UnpackedImage);
        foreach (CacheItem item in items.Where(i => i.Kind == CacheKind.UnpackedImage))
            Line(writer, item, $"made {Time(item.MadeAt, zone)}, used {Time(item.UsedAt, zone)}{Marks(item)}");
        Heading(writer, "remembered digests and answers", items, CacheKind.Note);
        Heading(writer, "history of costs", items, CacheKind.History);
        writer.WriteLine($"all together: {Size(items.Sum(i => i.Bytes))}");
    }

    /// <summary>Writes what was removed, what was not and why, and what that freed.</summary>
    internal static void Write(TextWriter writer, CacheRemoval removal, bool dryRun)
    {
        CacheItem[] notes = [.. removal.Removed.Where(i => i.Kind == CacheKind.Note)];
        foreach (CacheItem item in removal.Removed.Except(notes))
            writer.WriteLine($"{(dryRun ? "would remove" : "removed")} {Name(item)} {item.Name}: {Size(item.Bytes)}{(item.Whole ? "" : ", not whole")}");
        if (notes.Length > 0)
            writer.WriteLine($"{(dryRun ? "would remove" : "removed")} remembered digests and answers: {notes.Length}, {Size(notes.Sum(i => i.Bytes))}");
        foreach ((CacheItem item, string why) in removal.Left)
            writer.WriteLine($"left {Name(item)} {item.Name}: {Size(item.Bytes)}: {why}");
        writer.WriteLine($"{(dryRun ? "would free" : "freed")} {Size(removal.Removed.Sum(i => i.Bytes))}");
    }

    /// <summary><c>1.2 GiB</c></summary>
    internal static string Size(long bytes)
    {
        double size = bytes;
        int unit = 0;
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        for (; size >= 1000 && unit < units.Length - 1; unit++)
            size /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Round(size, unit == 0 || size >= 100 ? 0 : 1)} {units[unit]}");
    }

    private static void Heading(TextWriter writer, string what, IReadOnlyList<CacheItem> items, CacheKind kind)
    {
        CacheItem[] those = [.. items.Where(i => i.Kind == kind)];
        writer.WriteLine($"{what}: {(those.Length == 0 ? "none" : $"{those.Length}, {Size(those.Sum(i => i.Bytes))}")}");
    }

    private static void Line(TextWriter writer, CacheItem item, string more) => writer.WriteLine($"  {item.Name,-20} {Size(item.Bytes),9}  {more}");

    private static string Marks(CacheItem item) => (item.InUse ? ", in use" : "") + (item.Whole ? "" : ", not whole");

    private static string Time(DateTimeOffset? at, TimeZoneInfo zone) =>
        at is { } known ? TimeZoneInfo.ConvertTime(known, zone).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) : "?";

    private static string Name(CacheItem item) => item.Kind switch
    {
        CacheKind.Template => "template",
        CacheKind.ReferenceImage => "reference image",
        CacheKind.BuildStep => item.What,
        CacheKind.KubernetesDistribution => "Kubernetes distribution",
        CacheKind.UnpackedDistribution => "unpacked Kubernetes distribution",
        CacheKind.UnpackedImage => "unpacked image",
        CacheKind.History => "history",
        _ => "note",
    };
}
