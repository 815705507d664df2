namespace Flatcar.Reference.UpdateEngine;

/// <summary>Runs the new system's own last step, out of its file system.</summary>
internal static class Postinst
{
    private const string MountPoint = "/run/update_engine/target";

    private static readonly (string Type, string? Options)[] Attempts = [("ext2", null), ("ext3", null), ("ext4", "noload"), ("btrfs", "rescue=nologreplay")];

    public static async Task RunAsync(string target, string kernel, ImageProperties image, CancellationToken cancel)
    {
        const int exists = 17, firmwareB = 3, detach = 2;
        Directory.CreateDirectory(MountPoint);
        var error = 0;
        var mounted = Attempts.Any(a => (error = Native.Mount(target, MountPoint, a.Type, a.Options)) == 0);
        if (!mounted && error != exists)
            throw new UpdateException(ErrorCode.Postinstall, $"{target} is not to be mounted: error {error}");
        try
        {
            // btrfs does not mount what it takes for a second copy of the running system: then that one's script has to do.
            var script = (mounted ? MountPoint : "/usr") + "/postinst";
            if (!File.Exists(script))
                throw new UpdateException(ErrorCode.Postinstall, $"{target} has no postinst");
            string[] policy = image.PcrPolicyServer is { Length: > 0 } server ? ["PCR_POLICY=" + server] : [];
            var code = await ChildProgram.RunAsync(script, [target, "KERNEL=" + kernel, .. policy], cancel);
            if (code != 0)
                throw new UpdateException(code == firmwareB ? ErrorCode.FirmwareB : ErrorCode.Postinstall, $"Postinst command failed with code: {code}");
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            throw new UpdateException(ErrorCode.Postinstall, $"postinst does not start: {e.Message}");
        }
        finally
        {
            if (mounted)
                _ = Native.Unmount(MountPoint, detach);
        }
    }
}
