using Kola.Platforms;

namespace Kola.Clouds;

/// <summary>
/// Tags where a cloud has none, or only takes them in a second request, which a killed kola never makes: in a description, or in a name.
/// </summary>
public static class TagText
{
    /// <summary>As a description: <c>kola-expires=20261128t211500z kola-maker=… kola-owner=root kola-run=qemu-1</c>, at most 255 characters.</summary>
    public static string Describe(ResourceTags tags) => string.Join(' ', tags.ToPairs().Select(p => $"{p.Key}={p.Value}"));

    /// <summary>Whose something is by its description; null when it is not kola's.</summary>
    public static ResourceTags? OfDescription(string? description) => ResourceTags.Of((description ?? "").Split(' ').Select(w => w.Split('=', 2)).Where(w => w.Length == 2).GroupBy(w => w[0]).ToDictionary(g => g.Key, g => g.First()[1]));

    /// <summary>As a name: <c>kola_20261128t211500z_root_qemu-1_maker_1a2b3c4d</c>, unique, at most 255 characters: letters, digits, dashes, and underscores between the tags.</summary>
    public static string Name(ResourceTags tags)
    {
        IReadOnlyDictionary<string, string> pairs = tags.ToPairs();
        return string.Join('_', "kola", pairs[ResourceTags.ExpiresTag], pairs[ResourceTags.OwnerTag], pairs[ResourceTags.RunTag], pairs.GetValueOrDefault(ResourceTags.MakerTag) ?? "none", $"{Guid.NewGuid():N}"[..8]);
    }

    /// <summary>Whose something is by its name; null when it is not kola's.</summary>
    public static ResourceTags? OfName(string name) => name.Split('_') is not ["kola", var expires, var owner, var run, var maker, _] ? null
        : ResourceTags.Of(new Dictionary<string, string> { [ResourceTags.ExpiresTag] = expires, [ResourceTags.OwnerTag] = owner, [ResourceTags.RunTag] = run, [ResourceTags.MakerTag] = maker });
}
