using Kola.Machines;

namespace Kola.Clouds;

/// <summary>
/// What a cloud with an API of its own does for <see cref="CloudPlatform"/>. Machines are named by kola, so that what a request has made can be found again when it was never
/// answered. Disposing it deletes what the machines of the run shared and never throws.
/// </summary>
public interface ICloud : IAsyncDisposable
{
    /// <summary>Asks for a machine, with all it needs. Returns when the cloud has taken it.</summary>
    /// <param name="spec">The machine.</param>
    /// <param name="name">What it is called: lowercase letters, digits and dashes, at most 63, unique.</param>
    /// <param name="zone">Where; empty leaves it to the cloud.</param>
    /// <param name="cancel">Ends it; what was made is deleted by <see cref="DeleteAsync"/>.</param>
    /// <exception cref="PlatformException">It was refused; with <see cref="RefusalKind.NoCapacity"/> another zone is tried.</exception>
    Task CreateAsync(InstanceSpec spec, string name, string zone, CancellationToken cancel);

    /// <summary>The states of machines, in as few requests as there can be. A machine that is not in the answer is gone.</summary>
    Task<IReadOnlyDictionary<string, CloudState>> LookAsync(IReadOnlyCollection<string> names, CancellationToken cancel);

    /// <summary>A hard reset.</summary>
    Task ResetAsync(string name, CancellationToken cancel);

    /// <summary>Pulls the plug. Returns when the cloud has taken it.</summary>
    Task StopAsync(string name, CancellationToken cancel);

    /// <summary>Starts it from its disk. Returns when the cloud has taken it.</summary>
    Task StartAsync(string name, CancellationToken cancel);

    /// <summary>What is on its console.</summary>
    /// <param name="name">The machine.</param>
    /// <param name="from">Byte to begin with, 0 at first, then what the last answer said.</param>
    /// <param name="cancel">Ends it.</param>
    Task<ConsolePart> ReadConsoleAsync(string name, long from, CancellationToken cancel);

    /// <summary>Deletes a machine and all that is its own, and waits until it is gone. What is not there is deleted.</summary>
    Task DeleteAsync(string name, CancellationToken cancel);
}

/// <summary>Text of a console.</summary>
/// <param name="Text">The text.</param>
/// <param name="Next">Where the next part begins; null when this is the newest there is and not a part.</param>
public sealed record ConsolePart(string Text, long? Next = null);

/// <summary>Whether a machine runs.</summary>
public enum CloudPower
{
    /// <summary>It is on its way.</summary>
    Changing,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>It is off, and can be started.</summary>
    Stopped,

    /// <summary>The cloud has given it up.</summary>
    Failed,

    /// <summary>There is no such machine any more.</summary>
    Gone,
}

/// <summary>A machine as the cloud last described it.</summary>
/// <param name="Power">Whether it runs.</param>
/// <param name="Name">The cloud's own word: <c>ACTIVE</c>, <c>PowerState/running</c>, <c>RUNNING</c>.</param>
public sealed record CloudState(CloudPower Power, string Name)
{
    /// <summary>There is no such machine.</summary>
    public static CloudState None { get; } = new(CloudPower.Gone, "gone");

    /// <summary>Where it is reached; null while it has no address.</summary>
    public string? Address { get; init; }

    /// <summary>Why it failed; null when nothing is said.</summary>
    public Refusal? Refusal { get; init; }

    /// <summary>Whether it runs and can be reached.</summary>
    public bool IsReady => Power == CloudPower.Running && Address is not null;

    /// <summary>Whether it will not come to run by itself.</summary>
    public bool IsOver => Power is CloudPower.Stopped or CloudPower.Failed or CloudPower.Gone;
}
