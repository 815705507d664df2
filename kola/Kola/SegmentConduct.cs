using System.Collections.Frozen;

namespace Kola;

/// <summary>How the servers of a segment behave. A new one is as they should.</summary>
public sealed record SegmentConduct
{
    /// <summary>What DHCP does. Default <see cref="ServerMood.Answers"/>.</summary>
    public ServerMood Dhcp { get; init; }

    /// <summary>DHCP gives other addresses than before, and refuses to renew those it gave. Default no.</summary>
    public bool OtherAddresses { get; init; }

    /// <summary>What the first name server does. Default <see cref="ServerMood.Answers"/>.</summary>
    public ServerMood FirstDns { get; init; }

    /// <summary>What the second does. Default <see cref="ServerMood.Answers"/>.</summary>
    public ServerMood SecondDns { get; init; }

    /// <summary>Names and the addresses both name servers give for them, whatever is true; both kinds of addresses.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>By what the time it tells is later than it is; negative for earlier. Default not at all.</summary>
    public TimeSpan TimeOffset { get; init; }

    /// <summary>What the time server does. Default <see cref="ServerMood.Answers"/>.</summary>
    public ServerMood Time { get; init; }
}

/// <summary>What a server does.</summary>
public enum ServerMood
{
    /// <summary>Its work.</summary>
    Answers,

    /// <summary>Nothing, and says nothing: whoever asks waits.</summary>
    Silent,

    /// <summary>It is gone: whoever asks is told so at once, where the protocol has a way.</summary>
    Gone,
}
