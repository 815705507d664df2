using System.Globalization;
using System.Xml.Linq;
using Kola.Platforms;

namespace Kola.Libvirt;

/// <summary>
/// What volumes are called: whose they are is in the name, since a volume has nothing else to carry it. No part holds a dot, so they come apart again:
/// <c>kola.RUN.OWNER.EXPIRES.MAKER.REST</c>.
/// </summary>
internal static class VolumeName
{
    private const string Start = "kola";
    private const string Nobody = "none";

    /// <summary>Makes one.</summary>
    /// <param name="tags">Whose it is.</param>
    /// <param name="rest">What tells it apart from the owner's others; its ending says what it holds.</param>
    public static string Of(ResourceTags tags, string rest)
    {
        IReadOnlyDictionary<string, string> pairs = tags.ToPairs();
        return string.Join('.', Start, pairs[ResourceTags.RunTag], pairs[ResourceTags.OwnerTag], pairs[ResourceTags.ExpiresTag], pairs.GetValueOrDefault(ResourceTags.MakerTag) ?? Nobody, rest);
    }

    /// <summary>Whose a volume is; null for one that is not kola's.</summary>
    public static (ResourceTags Tags, string Ending)? Read(string name)
    {
        if (name.Split('.', 6) is not [Start, var run, var owner, var expires, var maker, var rest])
            return null;
        var pairs = new Dictionary<string, string> { [ResourceTags.RunTag] = run, [ResourceTags.OwnerTag] = owner, [ResourceTags.ExpiresTag] = expires };
        if (maker != Nobody)
            pairs[ResourceTags.MakerTag] = maker;
        return ResourceTags.Of(pairs) is { } tags ? (tags, rest) : null;
    }

    /// <summary>Size and format of a volume as libvirt is asked for it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">Size as a machine sees it.</param>
    /// <param name="format"><c>raw</c> or <c>qcow2</c>.</param>
    /// <param name="backing">What it is a layer on, path and format; null for an empty one.</param>
    public static string Xml(string name, long bytes, string format, (string Path, string Format)? backing = null) => new XElement("volume",
        new XElement("name", name),
        new XElement("capacity", new XAttribute("unit", "bytes"), bytes.ToString(CultureInfo.InvariantCulture)),
        new XElement("allocation", 0),
        new XElement("target", new XElement("format", new XAttribute("type", format)),
            format == "qcow2" ? new object[] { new XElement("compat", "1.1"), new XElement("features", new XElement("lazy_refcounts")) } : null),
        backing is var (path, kind) ? new XElement("backingStore", new XElement("path", path), new XElement("format", new XAttribute("type", kind))) : null)
        .ToString(SaveOptions.DisableFormatting);
}
