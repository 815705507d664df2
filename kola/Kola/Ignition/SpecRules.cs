using System.Collections;
using System.Globalization;

namespace Kola.Ignition;

/// <summary>
/// What Ignition demands of a config, in Ignition's words: one method for each object of the spec, called with every such object there is. What newer
/// Ignitions demand of all specs (2.15 did add some) is demanded here too.
/// </summary>
internal static partial class SpecRules
{
    /// <summary>Minor version of the first spec with setuid, setgid and sticky bits.</summary>
    internal const int SpecialModeBits = 6;

    /// <summary>The bits of a mode older specs know: 0777.</summary>
    internal const long Permissions = 0b111_111_111;

    /// <summary>Checks a config.</summary>
    internal static void Check(IgnitionConfig config, ConfigFindings findings)
    {
        Visit(config, "$", findings);
        OfUnitPaths(config, findings);
    }

    private static void Visit(object record, string path, ConfigFindings findings)
    {
        OfObject(record, path, findings);
        OfKeys(record, path, findings);
        foreach (SpecMember member in SpecShape.Of(record).Members)
        {
            if (member.Kind == MemberKind.Record && member.Of(record) is { } held)
                Visit(held, $"{path}.{member.Name}", findings);
            else if (member.Kind == MemberKind.Records)
                Each(member.ListOf(record), $"{path}.{member.Name}", (entry, place) => Visit(entry, place, findings));
        }
    }

    private static void OfObject(object record, string path, ConfigFindings findings)
    {
        switch (record)
        {
            case ConfigReferences references when findings.Since(1):
                Each(references.Merge, $"{path}.merge", (resource, place) => OfNeeded((Resource)resource, place, findings));
                break;
            case TlsSecurity tls:
                Each(tls.CertificateAuthorities, $"{path}.certificateAuthorities", (resource, place) => OfNeeded((Resource)resource, findings.Since(1) ? place : $"{place}.source", findings));
                break;
            case Resource resource:
                OfResource(resource, path, findings);
                break;
            case HttpHeader header:
                findings.Error($"{path}.name", header.Name.Length == 0 ? "HTTP header name can't be empty" : null);
                findings.Error($"{path}.value", header.Value is "" ? "unable to parse HTTP header" : null);
                break;
            case Verification verification:
                findings.Error($"{path}.hash", OfHash(verification.Hash, findings));
                break;
            case Proxy proxy:
                OfProxy(proxy.HttpProxy, $"{path}.httpProxy", findings);
                if (OfProxy(proxy.HttpsProxy, $"{path}.httpsProxy", findings) == "http")
                    findings.Warning($"{path}.httpsProxy", "insecure plaintext HTTP proxy specified for HTTPS resources");
                break;
            case SystemdSection systemd:
                OfTemplates(systemd, path, findings);
                break;
            case SystemdUnit unit:
                OfUnit(unit, path, findings);
                break;
            case UnitDropin dropin:
                findings.Error($"{path}.contents", UnitText.Read(dropin.Contents).Mistake);
                findings.Error($"{path}.name", GoPath.Extension(dropin.Name) == ".conf" ? null : "invalid systemd drop-in extension");
                break;
            case StorageSection storage:
                OfStorage(storage, path, findings);
                break;
            case Disk disk:
                OfDisk(disk, path, findings);
                break;
            case Partition partition:
                OfPartition(partition, path, findings);
                break;
            case RaidArray raid:
                OfRaid(raid, path, findings);
                break;
            case LuksVolume volume:
                OfVolume(volume, path, findings);
                break;
            case TangServer server:
                OfTang(server, path, findings);
                break;
            case ClevisPin pin:
                OfPin(pin, path, findings);
                break;
            case Filesystem filesystem:
                OfFilesystem(filesystem, path, findings);
                break;
            case StorageFile file:
                OfPath(file.Path, path, findings);
                OfMode(file.Mode, path, findings);
                findings.Error($"{path}.overwrite", file is { Overwrite: true, Contents.Source: null } ? "overwrite must be false if source is unspecified" : null);
                break;
            case StorageDirectory directory:
                OfPath(directory.Path, path, findings);
                OfMode(directory.Mode, path, findings);
                break;
            case StorageLink link:
                OfPath(link.Path, path, findings);
                break;
            case Owner owner:
                findings.Error(path, owner.Id is not null && owner.Name is { Length: > 0 } ? "cannot set both id and name" : null);
                break;
        }
    }

    // Each list has each key once; so have lists that share their keys.
    private static void OfKeys(object record, string path, ConfigFindings findings)
    {
        // The order of Ignition's own, which decides which of two it reports: by name.
        foreach (IGrouping<string, SpecMember> keys in SpecShape.Of(record).Members.Where(m => m.Keys is not null).OrderBy(m => m.Name, StringComparer.Ordinal).GroupBy(m => m.Keys!))
        {
            var seen = new HashSet<string>();
            foreach (SpecMember member in keys)
            {
                Each(member.ListOf(record), $"{path}.{member.Name}", (entry, place) =>
                    findings.Error(place, seen.Add(entry as string ?? ((IKeyed)entry).Key) ? null : "duplicate entry defined"));
            }
        }
    }

    private static void OfUnit(SystemdUnit unit, string path, ConfigFindings findings)
    {
        findings.Error($"{path}.name", s_suffixes.Contains(GoPath.Extension(unit.Name)) ? null : "invalid systemd unit extension");
        UnitText text = UnitText.Read(unit.Contents);
        findings.Error($"{path}.contents", text.Mistake);
        if (unit is { Enabled: true, Contents.Length: > 0 } && text.Mistake is null && !text.HasInstall)
            findings.Warning($"{path}.contents", $"unit {UnitText.Quoted(unit.Name)} is enabled, but has no install section so enable does nothing");
    }

    // web@.service has no [Install], web@8080.service is enabled.
    private static void OfTemplates(SystemdSection systemd, string path, ConfigFindings findings) => Each(systemd.Units, $"{path}.units", (entry, place) =>
    {
        var unit = (SystemdUnit)entry;
        int at = unit.Name.LastIndexOf('@');
        if (unit.Enabled != true || at <= 0 || !unit.Name.EndsWith(".service", StringComparison.Ordinal) || unit.Name.Length - ".service".Length <= at + 1)
            return;
        string name = unit.Name[..(at + 1)] + ".service";
        if (systemd.Units.LastOrDefault(u => u.Name == name) is { Contents.Length: > 0 } template && UnitText.Read(template.Contents) is { Mistake: null, HasInstall: false })
            findings.Warning($"{place}.contents", $"template unit {UnitText.Quoted(name)} for {UnitText.Quoted(unit.Name)} doesn't have Install section");
    });

    // Ignition 2.15 and newer refuse it; 2.14 lets the one overwrite the other.
    private static void OfUnitPaths(IgnitionConfig config, ConfigFindings findings)
    {
        const string Directory = "/etc/systemd/system/";
        var written = config.Systemd.Units.Where(u => u.Contents is { Length: > 0 }).Select(u => Directory + u.Name)
            .Concat(config.Systemd.Units.SelectMany(u => u.Dropins.Where(d => d.Contents is { Length: > 0 }).Select(d => $"{Directory}{u.Name}.d/{d.Name}"))).ToHashSet();
        void Of(IEnumerable placed, string path) => Each(placed, path, (entry, place) =>
        {
            if (!written.Contains(((IPlaced)entry).Path))
                return;
            const string Message = "path conflicts with systemd unit or dropin";
            if (findings.Since(4))
                findings.Error($"{place}.path", Message);
            else
                findings.Warning($"{place}.path", Message);
        });
        Of(config.Storage.Files, "$.storage.files");
        Of(config.Storage.Directories, "$.storage.directories");
        Of(config.Storage.Links, "$.storage.links");
    }

    private static readonly string[] s_suffixes = [".service", ".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer", ".snapshot", ".slice", ".scope"];

    private static void Each(IEnumerable entries, string path, Action<object, string> look)
    {
        int index = 0;
        foreach (object entry in entries)
            look(entry, string.Create(CultureInfo.InvariantCulture, $"{path}.{index++}"));
    }
}
