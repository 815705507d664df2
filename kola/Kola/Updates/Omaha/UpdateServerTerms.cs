namespace Kola.Updates.Omaha;

/// <summary>What a test's update server is given by the run.</summary>
internal sealed record UpdateServerTerms
{
    internal required string Test { get; init; }

    internal required string Server { get; init; }

    internal required string SecureServer { get; init; }

    internal required string Authority { get; init; }

    internal required TimeProvider Time { get; init; }

    internal required Action<RunEvent> Emit { get; init; }

    /// <summary>Why the test was ended; null while it was not.</summary>
    internal required Func<KolaException?> WhyEnded { get; init; }

    /// <summary>Cancelled when the test is ended.</summary>
    internal required CancellationToken Deadline { get; init; }
}
