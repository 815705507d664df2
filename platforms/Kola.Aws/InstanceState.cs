using Amazon.EC2;

namespace Kola.Aws;

/// <summary>An instance as EC2 last described it.</summary>
/// <param name="Name"><c>pending</c>, <c>running</c>, <c>stopping</c>, <c>stopped</c>, <c>shutting-down</c> or <c>terminated</c>.</param>
internal sealed record InstanceState(string Name)
{
    /// <summary>Of an instance that is gone, and was not seen to go.</summary>
    internal static InstanceState Unknown { get; } = new(InstanceStateName.Terminated.Value) { Message = "EC2 does not know the instance any more" };

    /// <summary>Why it is in this state: <c>Client.UserInitiatedShutdown</c>; empty when nothing is said.</summary>
    internal string Reason { get; init; } = "";

    /// <summary>The same for people; empty when nothing is said.</summary>
    internal string Message { get; init; } = "";

    /// <summary>Null for none.</summary>
    internal string? PublicAddress { get; init; }

    /// <summary>Null for none.</summary>
    internal string? PrivateAddress { get; init; }

    /// <summary>Whether it runs.</summary>
    internal bool IsRunning => Name == InstanceStateName.Running.Value;

    /// <summary>Whether it is off, and may be started.</summary>
    internal bool IsStopped => Name == InstanceStateName.Stopped.Value;

    /// <summary>Whether it is gone for good, or about to be.</summary>
    internal bool IsEnding => Name == InstanceStateName.Terminated.Value || Name == InstanceStateName.ShuttingDown.Value;

    /// <summary>Whether it is gone for good.</summary>
    internal bool IsTerminated => Name == InstanceStateName.Terminated.Value;

    /// <summary>What an end that nobody here asked for is blamed on.</summary>
    internal Machines.InstanceExit ToExit() => Reason switch
    {
        // systemctl poweroff
        "Client.InstanceInitiatedShutdown" => new Machines.InstanceExit(PlatformFault: false, "the guest powered off"),
        "Server.SpotInstanceTermination" or "Server.SpotInstanceShutdown" => Lost("the spot instance was interrupted: EC2 wanted its capacity back"),
        "Client.UserInitiatedShutdown" => Lost("somebody else terminated or stopped the instance"),
        _ => Lost($"the instance is {Name}"),
    };

    private Machines.InstanceExit Lost(string what) => new(PlatformFault: true, Reason.Length == 0 ? what : $"{what} ({Reason}{(Message.StartsWith(Reason, StringComparison.Ordinal) ? Message[Reason.Length..] : $": {Message}")})");
}
