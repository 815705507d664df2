using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kola.Libvirt.Bindings;

/// <summary>
/// The library of this host, started once for the process: errors are told by exceptions and not written to standard error, and a thread of its own runs the event
/// loop, on which all callbacks are made.
/// </summary>
public static unsafe class LibvirtLibrary
{
    private static readonly Lazy<Version> s_started = new(Start);

    /// <summary>Whether this host has libvirt.so.0 (Debian: <c>libvirt0</c>).</summary>
    public static bool IsPresent { get; } = NativeLibrary.TryLoad(Native.Library, typeof(LibvirtLibrary).Assembly, null, out _);

    /// <summary>Starts it, the first time, and tells its version.</summary>
    /// <exception cref="LibvirtException">It does not start.</exception>
    /// <exception cref="DllNotFoundException">This host has none; see <see cref="IsPresent"/>.</exception>
    public static Version Version => s_started.Value;

    private static Version Start()
    {
        Result.Check(Native.virInitialize());
        Native.virSetErrorFunc(0, &IgnoreError);
        // Before the first connection: only those opened after it have events.
        Result.Check(Native.virEventRegisterDefaultImpl());
        new Thread(RunEvents) { IsBackground = true, Name = "libvirt events" }.Start();
        Result.Check(Native.virGetVersion(out CULong version, 0, 0));
        return Result.VersionOf(version);
    }

    // Returns after each round; it fails only when polling itself does, and then the next round may not.
    private static void RunEvents()
    {
        while (true)
            _ = Native.virEventRunDefaultImpl();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void IgnoreError(nint userData, NativeError* error)
    {
    }
}
