namespace Kola.Machines;

/// <summary>What a machine is given by the test it belongs to: its deadline, clock, key and where to write what happens.</summary>
internal sealed record MachineTerms
{
    /// <summary>Id of the test, for events and messages.</summary>
    internal required string Test { get; init; }

    /// <summary>Key of the run, for the user the machine's spec names.</summary>
    internal required SshIdentity Identity { get; init; }

    internal required TimeProvider Time { get; init; }

    /// <summary>Every limit is multiplied by it.</summary>
    internal required double Slowness { get; init; }

    /// <summary>Takes every event.</summary>
    internal required Action<RunEvent> Emit { get; init; }

    /// <summary>Cancelled when the test's deadline passed or the test was ended for another reason.</summary>
    internal required CancellationToken Deadline { get; init; }

    /// <summary>Why <see cref="Deadline"/> was cancelled; null while it was not.</summary>
    internal required Func<KolaException?> WhyEnded { get; init; }

    /// <summary>Existing directory of the machine's artifacts.</summary>
    internal required string Directory { get; init; }

    /// <summary>How evidence is named in messages: the directory as a person would open it.</summary>
    internal required string Shown { get; init; }

    /// <summary>
    /// Host name a machine is given, as a network would give one, at each boot, unless its image or config has given it another; null for none.
    /// </summary>
    internal string? NetworkName { get; init; }

    /// <summary>What is known of secrets: none of them is written down.</summary>
    internal Masking Masking { get; init; } = Masking.Shapes;

    /// <summary>Take the machine as ready even with failed units.</summary>
    internal bool AcceptUnsettled { get; init; }

    /// <summary>os-release ID a machine must have. <c>flatcar</c>.</summary>
    internal string ExpectedId { get; init; } = "flatcar";
}
