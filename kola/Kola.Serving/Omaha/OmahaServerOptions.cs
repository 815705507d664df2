using System.Net;

namespace Kola.Serving;

/// <summary>Where an <see cref="OmahaServer"/> serves.</summary>
public sealed record OmahaServerOptions
{
    /// <summary>Default 127.0.0.1, which QEMU's user network shows to its guests.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>TCP. Default 0: one the kernel chooses.</summary>
    public int HttpPort { get; init; }

    /// <summary>TCP. Default 0: one the kernel chooses.</summary>
    public int HttpsPort { get; init; }

    /// <summary>Addresses and names beside those of <see cref="FileServerOptions.Hosts"/>' defaults that the certificate is for. Default none.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Default the real one.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
