using System.Globalization;
using System.Text;
using System.Text.Json;
using Kola.Platforms;

namespace Kola.Cli;

/// <summary>Platforms, for people.</summary>
internal static class PlatformText
{
    /// <summary>A table of all.</summary>
    internal static string Of(IReadOnlyList<IPlatformDriver> drivers)
    {
        int width = drivers.Max(d => d.Name.Length);
        var text = new StringBuilder();
        foreach (IPlatformDriver driver in drivers)
            text.AppendLine(CultureInfo.InvariantCulture, $"{driver.Name.PadRight(width)}  {driver.Summary}");
        return text.AppendLine().AppendLine("kola platforms NAME shows one with its options; kola platforms check NAME tries what it promises.").ToString();
    }

    /// <summary>One, with all that can be said to it.</summary>
    internal static string Of(IPlatformDriver driver)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{driver.Name}: {driver.Summary}").AppendLine();
        text.AppendLine("options:");
        foreach (PlatformOption option in driver.Options)
            text.AppendLine(CultureInfo.InvariantCulture, $"  --{option.Name} {(option.Choices.Count > 0 ? string.Join('|', option.Choices) : option.Value)}{(option.Repeatable ? " …" : "")}").AppendLine(CultureInfo.InvariantCulture, $"      {option.Description}");
        if (driver.Options.Count == 0)
            text.AppendLine("  none");
        text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"offers at best: {Words(driver.Features.Order().Select(f => f.ToString()))}");
        text.AppendLine(CultureInfo.InvariantCulture, $"lacks: {Words(FeatureFacts.All.Where(f => f.Value.OfferedBy == FeatureSource.Platform && !driver.Features.Contains(f.Key)).Select(f => f.Key.ToString()))}");
        PlatformLimits limits = driver.Limits;
        text.AppendLine(CultureInfo.InvariantCulture, $"limits: config {(limits.ConfigBytes is { } bytes ? $"{bytes} bytes" : "of any size")}, {limits.Disks} extra disks{(limits.Disks > 0 ? $" on {string.Join(", ", limits.Buses.Select(b => b.ToString().ToLowerInvariant()))}" : "")}, {limits.Cards} more cards, {string.Join(" and ", limits.Architectures)}");
        return text.AppendLine(limits.Outlives ? $"machines outlive a kola that is killed: kola gc --platform {driver.Name}" : "machines end with kola").ToString();
    }

    private static string Words(IEnumerable<string> features) => string.Join(", ", features.Select(JsonNamingPolicy.KebabCaseLower.ConvertName)) is { Length: > 0 } words ? words : "nothing";
}
