using System.Xml.Linq;

namespace Kola.Libvirt;

/// <summary>What machines can have on a host, of libvirt's two documents about that.</summary>
/// <param name="Kvm">Whether the host offers hardware virtualization for guests of this architecture.</param>
/// <param name="Uefi">How it boots by UEFI; null where it cannot.</param>
/// <param name="Tpm">Whether it emulates a TPM.</param>
internal sealed record HostCapabilities(bool Kvm, UefiChoice? Uefi, bool Tpm)
{
    private const string Architecture = "x86_64";

    /// <summary>Whether a host offers KVM: <c>&lt;guest&gt;&lt;arch name='x86_64'&gt;&lt;domain type='kvm'/&gt;</c>.</summary>
    public static bool OffersKvm(string capabilities) => XDocument.Parse(capabilities).Descendants("guest").Elements("arch")
        .Where(a => (string?)a.Attribute("name") == Architecture).Elements("domain").Any(d => (string?)d.Attribute("type") == "kvm");

    /// <summary>Reads what domains can have.</summary>
    /// <param name="domainCapabilities">For the machine type and kind of domain that is asked for.</param>
    /// <param name="kvm">Whether that is KVM.</param>
    public static HostCapabilities Read(string domainCapabilities, bool kvm)
    {
        XElement root = XDocument.Parse(domainCapabilities).Root!;
        XElement? os = root.Element("os");
        bool chooses = Values(os, "firmware").Contains("efi");
        // Those for Secure Boot want SMM, and keys nobody has enrolled.
        string? loader = os?.Element("loader")?.Elements("value").Select(v => v.Value)
            .FirstOrDefault(v => !v.Contains(".ms.", StringComparison.Ordinal) && !v.Contains("secboot", StringComparison.Ordinal));
        UefiChoice? uefi = chooses ? new UefiChoice(null) : loader is null ? null : new UefiChoice(loader);
        XElement? tpm = root.Element("devices")?.Element("tpm");
        return new HostCapabilities(kvm, uefi, Values(tpm, "backendModel").Contains("emulator"));
    }

    // <enum name='firmware'><value>efi</value></enum>
    private static IEnumerable<string> Values(XElement? of, string name) =>
        of?.Elements("enum").Where(e => (string?)e.Attribute("name") == name).Elements("value").Select(v => v.Value) ?? [];
}
