using Kola.Libvirt.Bindings;
using Kola.Machines;

namespace Kola.Libvirt;

/// <summary>Reads from a domain's events how its machine ended.</summary>
internal sealed class MachineEnds
{
    private bool _byGuest;

    /// <summary>What an event says of the end; null when it is none.</summary>
    public InstanceExit? Read(DomainEvent told)
    {
        if (told.Kind == DomainEventKind.Shutdown)
            _byGuest = (ShutdownDetail)told.Detail == ShutdownDetail.Guest;
        return told.Kind switch
        {
            DomainEventKind.Stopped => Stopped((StopDetail)told.Detail),
            DomainEventKind.Crashed => Lost("the guest crashed"),
            _ => null,
        };
    }

    /// <summary>How a machine ended whose connection did.</summary>
    public static InstanceExit Read(CloseReason reason) => Lost($"the connection to libvirt ended, and the machine with it ({reason})");

    private InstanceExit Stopped(StopDetail how) => how switch
    {
        StopDetail.Shutdown when _byGuest => new InstanceExit(PlatformFault: false, "the guest powered off"),
        StopDetail.Shutdown => Lost("somebody on the host ended the emulator: it was killed in order"),
        StopDetail.Destroyed => Lost("somebody destroyed the domain"),
        StopDetail.Failed => Lost("the emulator crashed or was killed"),
        _ => Lost($"the domain stopped ({how})"),
    };

    private static InstanceExit Lost(string how) => new(PlatformFault: true, how) { Signal = Signal.MachineLost };
}
