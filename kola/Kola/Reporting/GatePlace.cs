namespace Kola.Reporting;

/// <summary>One platform, architecture and firmware of which a gate has results.</summary>
public sealed record GatePlace
{
    /// <summary><c>aws/amd64</c>, where a platform says how it boots <c>qemu/amd64/uefi</c>.</summary>
    public required string Name { get; init; }

    public required string Platform { get; init; }

    public required string Architecture { get; init; }

    /// <summary>The one image all its runs were of.</summary>
    public required Image Image { get; init; }

    /// <summary>Its runs, in the order they began.</summary>
    public required IReadOnlyList<RunStarted> Runs { get; init; }

    /// <summary>Most attempts one of its tests was allowed in all runs that planned it.</summary>
    public int Tries { get; init; } = 1;

    /// <summary>Its tests, each with the attempts of all runs in the order of time.</summary>
    public required Report Joined { get; init; }

    /// <summary>What a place is called. Firmware is part of it: a test that fails under one and passes under another is not flaky.</summary>
    internal static string NameOf(string platform, string architecture, string? firmware) => $"{platform}/{architecture}{(firmware is null ? "" : $"/{firmware}")}";

    /// <summary>The firmware a run's machines booted with; null where its platform does not say.</summary>
    internal static string? FirmwareOf(RunStarted run) => run.Facts.GetValueOrDefault("firmware");
}
