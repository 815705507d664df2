using Kola.Machines;

namespace Kola.Fake;

/// <summary>A cable of a scripted guest: it knows what was done to it.</summary>
/// <param name="segment">What it is plugged into.</param>
public sealed class FakeLink(string segment) : ILink
{
    /// <inheritdoc/>
    public string Segment { get; } = segment;

    /// <summary>Whether it is plugged in.</summary>
    public bool Plugged { get; private set; } = true;

    /// <summary>What happens to frames: to the machine, from it.</summary>
    public (LinkCondition ToMachine, LinkCondition FromMachine) Condition { get; private set; } = (LinkCondition.Healthy, LinkCondition.Healthy);

    /// <summary>Whose frames do not arrive.</summary>
    public IReadOnlyCollection<ILink> Ignored { get; private set; } = [];

    /// <summary>Whether a frame gets from one machine's card to another's.</summary>
    internal static bool Carries(FakeLink from, FakeLink to) =>
        from.Plugged && to.Plugged && from.Condition.FromMachine.Loss < 1 && to.Condition.ToMachine.Loss < 1 && !to.Ignored.Contains(from);

    /// <inheritdoc/>
    public Task PlugAsync(bool plugged, CancellationToken cancel)
    {
        Plugged = plugged;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Shape(LinkCondition toMachine, LinkCondition fromMachine) => Condition = (toMachine, fromMachine);

    /// <inheritdoc/>
    public void Ignore(IReadOnlyCollection<ILink> senders) => Ignored = senders;

    /// <inheritdoc/>
    public async Task<bool> SaveCaptureAsync(string file, CancellationToken cancel)
    {
        await File.WriteAllTextAsync(file, "", cancel);
        return true;
    }
}

/// <summary>Segments with nothing on them: what their servers were told.</summary>
public sealed class FakeNetwork(NetworkSpec spec) : INetwork
{
    /// <summary>What was asked for.</summary>
    public NetworkSpec Spec { get; } = spec;

    /// <summary>How the servers of each segment behave now.</summary>
    public Dictionary<string, SegmentConduct> Conducts { get; } = [];

    /// <summary>Whether it was disposed.</summary>
    public bool IsOver { get; private set; }

    /// <inheritdoc/>
    public Task ConductAsync(string segment, SegmentConduct conduct, CancellationToken cancel)
    {
        Conducts[segment] = conduct;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        IsOver = true;
        return ValueTask.CompletedTask;
    }
}
