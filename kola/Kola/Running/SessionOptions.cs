using Kola.Machines;
using Kola.Planning;
using Kola.Scheduling;
using Kola.Updates.Omaha;

namespace Kola.Running;

/// <summary>What a run is made of.</summary>
public sealed record SessionOptions
{
    /// <summary>What is to be done.</summary>
    public required Plan Plan { get; init; }

    /// <summary>The image under test.</summary>
    public required Image Image { get; init; }

    /// <summary>Where machines run. Not disposed by the session.</summary>
    public required IPlatform Platform { get; init; }

    /// <summary>What may be in use at once; null for what the platform has.</summary>
    public Capacity? Capacity { get; init; }

    /// <summary>Existing directory of the run.</summary>
    public required string Directory { get; init; }

    /// <summary>How that directory is named in messages: <c>_kola/latest</c>.</summary>
    public required string Shown { get; init; }

    /// <summary>Takes every event, in order, as it happens; from several threads.</summary>
    public required Action<RunEvent> Emit { get; init; }

    /// <summary>The harness's server of files; null when no config of the plan refers to it.</summary>
    public ServedAddresses? Served { get; init; }

    /// <summary>What has been asked of that server so far. Default: nothing.</summary>
    public Func<IReadOnlyList<ServedRequest>> Requests { get; init; } = () => [];

    /// <summary>What tests may update their machines with. Default: nothing.</summary>
    public UpdatePayloads Payloads { get; init; } = UpdatePayloads.None;

    /// <summary>What the run was given for its suites, by name: <c>kubernetes</c>. Default nothing.</summary>
    public IReadOnlyDictionary<string, SuiteInput> Inputs { get; init; } = new Dictionary<string, SuiteInput>();

    /// <summary>The harness's update server; null when no test of the plan asks for it.</summary>
    internal UpdateServing? Updates { get; init; }

    /// <summary>Key of the run.</summary>
    public required SshIdentity Identity { get; init; }

    /// <summary>What tests are expected to cost. Default: what their specs say.</summary>
    public Expectation Expected { get; init; } = new();

    /// <summary>Default the system's clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Leave the machines of a failed test running until <see cref="Session.Stop"/>. Default no.</summary>
    public bool Keep { get; init; }

    /// <summary>Tells a person something at once: how to get into a machine that is kept. Default: nobody is told.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <summary>Take machines as ready that have failed units or settled otherwise: a person wants to look at them. Default no.</summary>
    public bool AcceptUnsettled { get; init; }

    /// <summary>What is known of secrets: they are masked in everything a machine leaves behind. Default: by their shapes alone.</summary>
    public Masking Masking { get; init; } = Masking.Shapes;

    /// <summary>Boot every machine for its test, and neither make nor use templates. Default no.</summary>
    public bool Cold { get; init; }

    /// <summary>
    /// Share of the tests on copies that are repeated on machines booted cold, 0 to 1: a test that ends otherwise there is broken, and the
    /// templates of its machines are not used further. Default 0.
    /// </summary>
    public double Parity { get; init; }

    /// <summary>Draws that sample, and the order of equals: the same seed draws the same. Default 0.</summary>
    public int Seed { get; init; }

    /// <summary>
    /// Most times a test that failed or is broken is run again, on machines booted for it. Each is an attempt of its own on record. Default 0.
    /// </summary>
    public int Retries { get; init; }

    /// <summary>How often each test runs, whatever comes of it; default 0, which is once and no stress run.</summary>
    public int Stress { get; init; }

    /// <summary>What is made wrong with every machine before its test gets it, to see whether the tests notice; null for nothing.</summary>
    public Fault? Fault { get; init; }

    /// <summary>Stop after the first test that failed, its retries included: what has not run by then is not run. Default no.</summary>
    public bool FailFast { get; init; }

    /// <summary>Ids of planned tests in the order in which they get their turns. Default none: what most work hangs on goes first.</summary>
    public IReadOnlyList<string> Order { get; init; } = [];

    /// <summary>os-release ID a machine must have. Default <c>flatcar</c>.</summary>
    public string ExpectedId { get; init; } = "flatcar";
}
