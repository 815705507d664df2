namespace Kola.Machines;

/// <summary>One running machine as the platform sees it. Disposing it leaves no process, port or file (but for what was asked to be kept).</summary>
public interface IInstance : IAsyncDisposable
{
    /// <summary>Id it was started with.</summary>
    string Id { get; }

    /// <summary>Path of the serial console's text, growing while the machine runs, complete after disposal; null if not captured.</summary>
    string? ConsoleFile { get; }

    /// <summary>How a person reaches it, e.g. <c>127.0.0.1:40022</c>.</summary>
    string Address { get; }

    /// <summary>
    /// CPU time the host has spent on the machine since it was started, emulation and devices included; null where that is not known.
    /// </summary>
    TimeSpan? ProcessorTime { get; }

    /// <summary>
    /// Host memory it takes now, MiB, where shared pages count in parts (PSS); null where that is not known.
    /// </summary>
    int? MemoryMiB { get; }

    /// <summary>The harness's own way in; null where there is none.</summary>
    IGuestChannel? Channel { get; }

    /// <summary>Ends when the machine is gone for any reason other than disposal. Never faults.</summary>
    Task<InstanceExit> Exited { get; }

    /// <summary>
    /// One authenticated connection. Returns when logged in; fails when this attempt fails (the caller retries).
    /// </summary>
    /// <exception cref="MachineException">Nothing answers, or the login was refused.</exception>
    Task<IShell> ConnectAsync(SshIdentity identity, CancellationToken cancel);

    /// <summary>A hard reset, as by the reset button.</summary>
    Task ResetAsync(CancellationToken cancel);

    /// <summary>Pulls the plug and starts again from the disk: what was not flushed is lost.</summary>
    Task PowerCycleAsync(CancellationToken cancel);

    /// <summary>Its cables, in the order of <see cref="InstanceSpec.Links"/>; empty where nothing can be done to them.</summary>
    IReadOnlyList<ILink> Links => [];

    /// <summary>The cable the harness comes in by, which can only be pulled; null where it cannot.</summary>
    ILink? Management => null;

    /// <summary>
    /// Puts another card into the running machine, on a platform that offers <see cref="Feature.CardHotplug"/>. Returns when the machine has been told; it is
    /// the last of <see cref="Links"/> then. One at a time.
    /// </summary>
    /// <param name="segment">A segment of its test.</param>
    /// <param name="mac">Ethernet address of the card, lowercase with colons.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="PlatformException">It could not be put in.</exception>
    Task InsertCardAsync(string segment, string mac, CancellationToken cancel) => throw new UsageException($"{Id}: no card can be put into a running machine here\n  wanted:  Needs = [Feature.CardHotplug]");

    /// <summary>Takes that card out again. Returns when the machine has let go of it.</summary>
    /// <exception cref="MachineException">The machine does not let go of it.</exception>
    Task RemoveCardAsync(CancellationToken cancel) => throw new UsageException($"{Id}: no card was put in\n  wanted:  lab.Network.InsertCardAsync before");

    /// <summary>
    /// What its boot disk was written, of a machine with <see cref="MachineSpec.RecordsWrites"/> on a platform that offers
    /// <see cref="Feature.WriteRecording"/>; null else.
    /// </summary>
    IDiskRecording? Recording => null;

    /// <summary>
    /// Ends the machine at once and starts it again from the boot disk a power cut at a point of <see cref="Recording"/> would have left. The first time
    /// that ends the recording, as a power cycle does; it is the source of all further cuts, each of which forgets what the machine wrote since. Other
    /// disks stay as they are.
    /// </summary>
    /// <exception cref="UsageException">The machine has no recording, or none that goes so far. It runs on then.</exception>
    /// <exception cref="PlatformException">The disk could not be made, or not be started from: the machine is gone.</exception>
    Task PowerCutAsync(CutPoint point, CancellationToken cancel) => throw NotRecorded.Of(Id);
}

/// <summary>Who asks for what was never recorded.</summary>
public static class NotRecorded
{
    /// <summary>Says so, with the remedy.</summary>
    /// <param name="id">The machine.</param>
    public static UsageException Of(string id) =>
        new($"{id}: the writes of its boot disk are not recorded\n  wanted:  a recording\n  got:     none\n  next:    [Spec(RecordsWrites = true)] on the machine's parameter");
}

/// <summary>How a machine ended.</summary>
/// <param name="PlatformFault">True when the platform is to blame (emulator crashed or was killed); false when the guest powered off.</param>
/// <param name="Detail">One line: exit code or signal and the emulator's last words.</param>
public sealed record InstanceExit(bool PlatformFault, string Detail)
{
    /// <summary>What shows the platform's fault. Default <see cref="Signal.MachineLost"/>; says nothing when there is none.</summary>
    public Signal Signal { get; init; }
}
