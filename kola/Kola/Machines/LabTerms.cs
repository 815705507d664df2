namespace Kola.Machines;

/// <summary>What a lab is given by the run.</summary>
internal sealed record LabTerms
{
    internal required string Test { get; init; }

    internal required int Attempt { get; init; }

    internal required string Directory { get; init; }

    internal required TimeProvider Time { get; init; }

    internal required Action<RunEvent> Emit { get; init; }

    /// <summary>Why the test was ended; null while it was not.</summary>
    internal required Func<KolaException?> WhyEnded { get; init; }

    internal required TestCode Code { get; init; }

    /// <summary>What the run has to update machines with.</summary>
    internal UpdatePayloads Payloads { get; init; } = UpdatePayloads.None;

    /// <summary>The test's update server; null when it asked for none.</summary>
    internal UpdateServer? Updates { get; init; }

    /// <summary>The test's machines, once they have booted.</summary>
    internal Func<IReadOnlyList<Machine>> Machines { get; init; } = () => [];

    /// <summary>Who has which address; null of machines that share no segment.</summary>
    internal AddressBook? Addresses { get; init; }

    /// <summary>The test's segments; null before they were made, and where there are none.</summary>
    internal Func<INetwork?> Network { get; init; } = () => null;

    /// <summary>Cancelled when the test was ended.</summary>
    internal CancellationToken Deadline { get; init; }

    /// <summary>The requests to the harness's server of files so far.</summary>
    internal Func<IReadOnlyList<ServedRequest>> Requests { get; init; } = () => [];

    /// <summary>What the run was given for its suites, by name. Default nothing.</summary>
    internal IReadOnlyDictionary<string, SuiteInput> Inputs { get; init; } = new Dictionary<string, SuiteInput>();
}
