namespace Flatcar.Reference.Init;

/// <summary>
/// The modules in the initramfs: a directory per purpose, and in it files numbered in the order they have to be loaded,
/// as <c>/modules/boot/03-dm-verity.ko</c>.
/// </summary>
internal static class KernelModules
{
    public static void Load(string set)
    {
        var directory = "/modules/" + set;
        if (!Directory.Exists(directory))
            return;
        foreach (var module in Directory.GetFiles(directory).Order(StringComparer.Ordinal))
        {
            try
            {
                Native.LoadModule(module);
            }
            catch (BootException e)
            {
                // A driver without its device (qemu_fw_cfg on another platform) is no reason to stop.
                BootLog.Info(e.Message);
            }
        }
    }
}
