namespace Kola.Serving;

/// <summary>What a <see cref="FileServer"/> serves, and where.</summary>
public sealed record FileServerOptions
{
    /// <summary>Directory whose files are served; what is outside it, or reached through a link, is not.</summary>
    public required string Root { get; init; }

    /// <summary>Addresses beside 127.0.0.1 and <see cref="ServedAddresses.QemuHost"/> that the certificate is for: IP addresses or names. Default none.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Every request is appended to it, one a line, as <see cref="ServedRequest.ToString"/> has it. Default null: kept in memory alone.</summary>
    public string? LogFile { get; init; }

    /// <summary>Goes over each line before it is written. Default: what has the shape of a secret.</summary>
    public Masking Masking { get; init; } = Masking.Shapes;

    /// <summary>Default the real one.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How long TFTP waits for an answer before it sends a packet again. Default 1 s: five times, then it gives up.</summary>
    public TimeSpan TftpPatience { get; init; } = TimeSpan.FromSeconds(1);
}
