using System.Xml.Linq;
using Kola.Libvirt.Bindings;
using Kola.Platforms;

namespace Kola.Libvirt;

/// <summary>A domain or a volume that carries kola's tags.</summary>
/// <param name="uri">Its host.</param>
/// <param name="kind"><c>domain</c>, <c>volume</c> or <c>image</c>.</param>
/// <param name="name">As virsh takes it.</param>
/// <param name="tags">Whose it is.</param>
/// <param name="pool">Pool of a volume.</param>
internal sealed class LibvirtLeftover(string uri, string kind, string name, ResourceTags tags, string pool) : ILeftover
{
    private const string DomainKind = "domain";
    private const string ImageKind = "image";

    /// <inheritdoc/>
    public string Kind => kind;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public ResourceTags Tags => tags;

    /// <inheritdoc/>
    public bool IsShared => kind == ImageKind;

    /// <summary>Domains first, then the volumes they used.</summary>
    public static IReadOnlyList<ILeftover> Find(string uri, Connection connection, string pool)
    {
        var found = new List<ILeftover>();
        foreach (Domain domain in connection.Domains)
        {
            using (domain)
            {
                if (TagsOf(domain) is { } tags)
                    found.Add(new LibvirtLeftover(uri, DomainKind, domain.Name, tags, pool));
            }
        }

        found.AddRange(VolumesOf(uri, connection, pool));
        return found;
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(CancellationToken cancel)
    {
        using Connection connection = await LibvirtHost.ConnectAsync(uri, cancel);
        await LibvirtHost.DoAsync($"libvirt: {HostUri.Shown(uri)}", $"removing the {kind} {name}", () =>
        {
            try
            {
                Delete(connection);
            }
            catch (LibvirtException gone) when (gone.Code is ErrorCode.NoDomain or ErrorCode.NoStorageVolume or ErrorCode.NoStoragePool)
            {
            }
        });
    }

    private void Delete(Connection connection)
    {
        if (kind != DomainKind)
        {
            using StoragePool place = connection.FindPool(pool);
            using StorageVolume volume = place.FindVolume(name);
            volume.Delete();
            return;
        }

        using Domain domain = connection.FindDomain(name);
        try
        {
            domain.Destroy();
        }
        catch (LibvirtException off) when (off.Code == ErrorCode.OperationInvalid)
        {
        }

        LibvirtInstance.Undefine(domain);
    }

    private static ResourceTags? TagsOf(Domain domain)
    {
        try
        {
            return domain.Metadata(DomainDescription.MetadataNamespace) is { } element
                ? ResourceTags.Of(XElement.Parse(element).Attributes().Where(a => !a.IsNamespaceDeclaration).ToDictionary(a => a.Name.LocalName, a => a.Value))
                : null;
        }
        catch (LibvirtException gone) when (gone.Code == ErrorCode.NoDomain)
        {
            return null;
        }
    }

    private static IEnumerable<ILeftover> VolumesOf(string uri, Connection connection, string pool)
    {
        StoragePool place;
        try
        {
            place = connection.FindPool(pool);
        }
        catch (LibvirtException missing) when (missing.Code == ErrorCode.NoStoragePool)
        {
            return [];
        }

        using (place)
        {
            if (!place.IsActive)
                return [];
            // A run that was killed may have left what this daemon has not seen.
            place.Refresh();
            IReadOnlyList<StorageVolume> volumes = place.Volumes;
            string[] names = [.. volumes.Select(v => v.Name)];
            foreach (StorageVolume volume in volumes)
                volume.Dispose();
            return Read(uri, pool, names);
        }
    }

    /// <summary>What of a pool's volumes is kola's. A whole image is what the volume that says so says; machines' volumes come first, since they lean on images.</summary>
    internal static IReadOnlyList<ILeftover> Read(string uri, string pool, IReadOnlyList<string> names)
    {
        (string Name, ResourceTags Tags, string Ending)[] ours = [.. names.Select(n => (Name: n, Read: VolumeName.Read(n))).Where(v => v.Read is not null).Select(v => (v.Name, v.Read!.Value.Tags, v.Read.Value.Ending))];
        var whole = ours.Where(v => v.Ending.EndsWith(ImageVolumes.Whole, StringComparison.Ordinal)).GroupBy(v => Path.ChangeExtension(v.Ending, ImageVolumes.Content)).ToDictionary(g => g.Key, g => g.MaxBy(v => v.Tags.Expires).Tags);
        return
        [
            .. ours.Where(v => v.Tags.Run != ImageVolumes.Run).Select(v => new LibvirtLeftover(uri, "volume", v.Name, v.Tags, pool)),
            .. ours.Where(v => v.Tags.Run == ImageVolumes.Run).OrderByDescending(v => v.Ending, StringComparer.Ordinal).Select(v => new LibvirtLeftover(uri, ImageKind, v.Name, whole.GetValueOrDefault(v.Ending) ?? v.Tags, pool)),
        ];
    }
}
