namespace Kola.Libvirt.Bindings;

/// <summary>Something that happened to a domain.</summary>
/// <param name="Domain">Its name.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Detail">How, a number of the kind's own; see <see cref="StopDetail"/> and <see cref="ShutdownDetail"/>.</param>
public readonly record struct DomainEvent(string Domain, DomainEventKind Kind, int Detail);

/// <summary>virDomainEventType, and the one event that libvirt tells apart from these.</summary>
public enum DomainEventKind
{
    /// <summary>It was made, or its description changed.</summary>
    Defined,

    /// <summary>Its description is gone.</summary>
    Undefined,

    /// <summary>It was started.</summary>
    Started,

    /// <summary>It was paused.</summary>
    Suspended,

    /// <summary>It goes on.</summary>
    Resumed,

    /// <summary>It is off; <see cref="StopDetail"/>.</summary>
    Stopped,

    /// <summary>It is about to be off; <see cref="ShutdownDetail"/>.</summary>
    Shutdown,

    /// <summary>The guest suspended itself.</summary>
    PowerSuspended,

    /// <summary>The guest crashed.</summary>
    Crashed,

    /// <summary>It was reset: by the guest, which boots again, or by the reset button.</summary>
    Rebooted = 100,
}

/// <summary>virDomainEventStoppedDetailType.</summary>
public enum StopDetail
{
    /// <summary>In order.</summary>
    Shutdown,

    /// <summary>Somebody ended it.</summary>
    Destroyed,

    /// <summary>The guest crashed.</summary>
    Crashed,

    /// <summary>It went to another host.</summary>
    Migrated,

    /// <summary>It was saved to a file.</summary>
    Saved,

    /// <summary>The emulator died.</summary>
    Failed,

    /// <summary>A snapshot that is off was loaded.</summary>
    FromSnapshot,
}

/// <summary>virDomainEventShutdownDetailType.</summary>
public enum ShutdownDetail
{
    /// <summary>By whom is not known.</summary>
    Finished,

    /// <summary>By the guest.</summary>
    Guest,

    /// <summary>By the host: the emulator got a signal.</summary>
    Host,
}
