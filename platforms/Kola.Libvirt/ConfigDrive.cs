using System.ComponentModel;
using System.Globalization;
using System.Text;
using CliWrap;
using CliWrap.Buffered;

namespace Kola.Libvirt;

/// <summary>The disk coreos-cloudinit reads user data from: a small FAT filesystem labelled <c>config-2</c>, as OpenStack hands it over.</summary>
internal static class ConfigDrive
{
    /// <summary>The filesystem's label, and the disk's serial number.</summary>
    public const string Label = "config-2";

    /// <summary>Whether this host can make one.</summary>
    public static async Task<bool> CanBeMadeAsync(CancellationToken cancel)
    {
        try
        {
            foreach ((string program, string argument) in new[] { ("mkfs.vfat", "--help"), ("mcopy", "-V") })
                await Cli.Wrap(program).WithArguments(argument).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancel);
            return true;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Makes one.</summary>
    /// <param name="id">The machine, for messages.</param>
    /// <param name="userData">What is on it.</param>
    /// <param name="directory">Existing directory of its own.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Its file.</returns>
    /// <exception cref="PlatformException">A tool failed.</exception>
    public static async Task<string> CreateAsync(string id, string userData, string directory, CancellationToken cancel)
    {
        string file = Path.Combine(directory, "config-drive.img");
        string plain = Path.Combine(directory, "user_data");
        await File.WriteAllTextAsync(plain, userData, cancel);
        // A floppy's size at least, and a tenth more than what is on it.
        int kibibytes = 1440 + (Encoding.UTF8.GetByteCount(userData) / 1024 * 11 / 10);
        await RunAsync(id, "mkfs.vfat", ["-C", "-n", Label, file, kibibytes.ToString(CultureInfo.InvariantCulture)], cancel);
        await RunAsync(id, "mmd", ["-i", file, "::openstack", "::openstack/latest"], cancel);
        await RunAsync(id, "mcopy", ["-i", file, plain, "::openstack/latest/user_data"], cancel);
        return file;
    }

    private static async Task RunAsync(string id, string program, string[] arguments, CancellationToken cancel)
    {
        BufferedCommandResult result = await Cli.Wrap(program).WithArguments(arguments).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancel);
        if (result.ExitCode != 0)
            throw new PlatformException(Signal.HostStorage, $"{id}: its config drive could not be made: `{program}` failed\n  got:     {result.StandardError.Trim()}");
    }
}
