namespace Kola.Ignition;

/// <summary>The languages a machine's config can be written in.</summary>
public enum ConfigKind
{
    /// <summary>Ignition 3.x, JSON.</summary>
    Ignition,

    /// <summary>Ignition 1 or 2.x, JSON: for images that translate it.</summary>
    LegacyIgnition,

    /// <summary>Butane, YAML with a <c>variant</c>: made into Ignition before a machine sees it.</summary>
    Butane,

    /// <summary>What coreos-cloudinit takes and Ignition does not: a cloud-config, a script, or several parts in MIME. Handed over as it is.</summary>
    UserData,
}
