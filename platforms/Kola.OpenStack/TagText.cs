using Kola.Platforms;

namespace Kola.OpenStack;

/// <summary>
/// Tags where OpenStack has none, or only takes them in a second request, which a killed kola never makes: in the description of a group, a port or a floating IP, and in the name of a key pair.
/// </summary>
internal static class TagText
{
    /// <summary>As a description: <c>kola-expires=20261128t211500z kola-maker=… kola-owner=root kola-run=qemu-1</c>, at most 255 characters.</summary>
    internal static string Describe(ResourceTags tags) => string.Join(' ', tags.ToPairs().Select(p => $"{p.Key}={p.Value}"));

    /// <summary>Whose something is by its description; null when it is not kola's.</summary>
    internal static ResourceTags? OfDescription(string? description) => ResourceTags.Of((description ?? "").Split(' ').Select(w => w.Split('=', 2)).Where(w => w.Length == 2).GroupBy(w => w[0]).ToDictionary(g => g.Key, g => g.First()[1]));

    /// <summary>As the name of a key pair: <c>kola_20261128t211500z_root_qemu-1_maker_1a2b3c4d</c>. Nova takes letters, digits, dashes and underscores; the tags have no underscores.</summary>
    internal static string NameKey(ResourceTags tags)
    {
        IReadOnlyDictionary<string, string> pairs = tags.ToPairs();
        return string.Join('_', "kola", pairs[ResourceTags.ExpiresTag], pairs[ResourceTags.OwnerTag], pairs[ResourceTags.RunTag], pairs.GetValueOrDefault(ResourceTags.MakerTag) ?? "none", $"{Guid.NewGuid():N}"[..8]);
    }

    /// <summary>Whose a key pair is by its name; null when it is not kola's.</summary>
    internal static ResourceTags? OfKey(string name) => name.Split('_') is not ["kola", var expires, var owner, var run, var maker, _] ? null
        : ResourceTags.Of(new Dictionary<string, string> { [ResourceTags.ExpiresTag] = expires, [ResourceTags.OwnerTag] = owner, [ResourceTags.RunTag] = run, [ResourceTags.MakerTag] = maker });
}
