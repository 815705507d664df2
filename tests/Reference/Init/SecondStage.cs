namespace Flatcar.Reference.Init;

/// <summary>Boots that need udev, systemd or the network before the root file system is ready.</summary>
internal static class SecondStage
{
    /// <param name="reason">What in the config or on the disk needs it.</param>
    public static void Enter(string reason) =>
        throw new BootException($"Ignition failed: this image cannot serve a config with {reason}");
}
