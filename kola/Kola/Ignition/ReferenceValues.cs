namespace Kola.Ignition;

/// <summary>What the references of a config stand for, by <see cref="Reference.Key"/>.</summary>
internal static class ReferenceValues
{
    // TEST-NET-1 (RFC 5737), where nothing answers: as long as any address, and nobody takes it for a real one.
    private const string Nowhere = "192.0.2.1";

    // The shape of a certificate is all that is looked at before a machine boots.
    private const string PlannedAuthority = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

    /// <summary>Those of a machine as it is started.</summary>
    /// <param name="neighbours">The machines of its test; null when it is alone.</param>
    /// <param name="host">Address under which a machine reaches the host; null where it cannot.</param>
    /// <param name="served">The harness's server; null when there is none.</param>
    internal static IReadOnlyDictionary<string, string> Of(Neighbourhood? neighbours, string? host, ServedAddresses? served)
    {
        var values = new Dictionary<string, string>();
        foreach (string machine in neighbours?.Machines ?? [])
            values[$"{machine}.{Reference.Address}"] = neighbours!.AddressOf(machine);
        if (host is null || served is null)
            return values;
        values[$"{Reference.Files}.http"] = served.Http(host);
        values[$"{Reference.Files}.https"] = served.Https(host);
        values[$"{Reference.Files}.tftp"] = served.Tftp(host);
        values[$"{Reference.Files}.ca"] = served.CaDataUrl;
        return values;
    }

    /// <summary>Those a plan reckons with: the addresses machines will have, and a server that is nowhere.</summary>
    internal static IReadOnlyDictionary<string, string> Planned(Neighbourhood? neighbours) =>
        Of(neighbours, Nowhere, new ServedAddresses(80, 443, 69, PlannedAuthority));
}
