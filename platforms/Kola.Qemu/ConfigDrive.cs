using System.Globalization;
using System.Text;
using CliWrap.Buffered;

namespace Kola.Qemu;

/// <summary>
/// The disk coreos-cloudinit reads user data from: a small FAT filesystem labelled <c>config-2</c> with <c>openstack/latest/user_data</c>, as OpenStack
/// hands it over. FAT and ISO 9660 are both allowed there; for FAT the tools are on every host that can make a boot disk.
/// </summary>
internal static class ConfigDrive
{
    /// <summary>The filesystem's label.</summary>
    public const string Label = "config-2";

    private const string Format = "mkfs.vfat";
    private const string Copy = "mcopy";
    private const string MakeDirectory = "mmd";

    /// <summary>Whether this host can make one.</summary>
    public static async Task<bool> CanBeMadeAsync(CancellationToken cancel) =>
        await HostTool.TryRunAsync(Format, ["--help"], cancel) is not null && await HostTool.TryRunAsync(Copy, ["-V"], cancel) is not null;

    /// <summary>Makes one.</summary>
    /// <param name="id">The machine, for messages.</param>
    /// <param name="userData">What is on it, as it is: UTF-8.</param>
    /// <param name="directory">Existing directory that is the machine's own.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Its file.</returns>
    /// <exception cref="PlatformException">A tool failed, or the disk is full.</exception>
    public static async Task<string> CreateAsync(string id, string userData, string directory, CancellationToken cancel)
    {
        string file = Path.Combine(directory, "config-drive.img");
        string plain = Path.Combine(directory, "user_data");
        await File.WriteAllTextAsync(plain, userData, cancel);
        // A floppy's size at least, and a tenth more than what is on it.
        int kibibytes = 1440 + (Encoding.UTF8.GetByteCount(userData) / 1024 * 11 / 10);
        await RunAsync(id, Format, ["-C", "-n", Label, file, kibibytes.ToString(CultureInfo.InvariantCulture)], cancel);
        await RunAsync(id, MakeDirectory, ["-i", file, "::openstack", "::openstack/latest"], cancel);
        await RunAsync(id, Copy, ["-i", file, plain, "::openstack/latest/user_data"], cancel);
        File.Delete(plain);
        return file;
    }

    private static async Task RunAsync(string id, string program, string[] arguments, CancellationToken cancel)
    {
        BufferedCommandResult result = await HostTool.RunAsync(program, arguments, cancel);
        if (result.ExitCode != 0)
            throw new PlatformException(Signal.HostStorage, $"{id}: its config drive could not be made: `{program} {string.Join(' ', arguments)}` failed\n  got:     {HostTool.LastLine(result.StandardError)}");
    }
}
