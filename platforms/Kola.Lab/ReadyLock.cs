using System.Globalization;
using System.Text;
using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using Kola.Platforms;

namespace Kola.Labs;

/// <summary>
/// The right to use a ready machine: a locked file that all users of this host share, or all hosts that share its directory. The kernel takes the lock away
/// with the process that holds it, however that ends; what stands in the file says who has it, or had it last.
/// </summary>
internal sealed class ReadyLock : IDisposable
{
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode Shared = Everybody | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute | UnixFileMode.StickyBit;

    private readonly FileStream _file;
    private readonly byte[] _note;

    private ReadyLock(FileStream file, byte[] note)
    {
        _file = file;
        _note = note;
        WasUsed = file.Length > 0;
    }

    /// <summary>Whether somebody has had the machine since this host started.</summary>
    internal bool WasUsed { get; }

    /// <summary>Takes a machine; null when somebody has it.</summary>
    /// <param name="directory">Of the locks; null for this host's.</param>
    /// <param name="machine">The machine, which is known by its address: it may stand in several lab files.</param>
    /// <param name="note">Who takes it: tags as JSON.</param>
    /// <exception cref="PlatformException">The directory cannot be written.</exception>
    internal static ReadyLock? TryTake(string? directory, ReadyMachine machine, string note)
    {
        string file = FileOf(directory, machine);
        try
        {
            Create(file);
            // Without creating: in a directory for everybody a file of somebody else's cannot be opened otherwise.
            return new ReadyLock(new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None), Encoding.UTF8.GetBytes(note + "\n"));
        }
        catch (UnauthorizedAccessException fault)
        {
            throw new PlatformException(Signal.Host, $"{machine.Name}: {file} cannot be locked: {fault.Message}\n  wanted:  a directory that all who use the lab can write to\n  next:    locks: DIRECTORY in the lab file", fault);
        }
        catch (IOException taken) when (File.Exists(file))
        {
            _ = taken;
            return null;
        }
        catch (IOException fault)
        {
            throw new PlatformException(Signal.Host, $"{machine.Name}: {file} cannot be locked: {fault.Message}", fault);
        }
    }

    /// <summary>Who has a machine, for a message.</summary>
    internal static async Task<string> HolderOfAsync(string? directory, ReadyMachine machine, CancellationToken cancel)
    {
        // .NET locks what it reads, and this is locked.
        BufferedCommandResult note = await Cli.Wrap("cat").WithArguments(["--", FileOf(directory, machine)]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancel);
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(note.StandardOutput) is { } pairs && ResourceTags.Of(pairs) is { } tags ? $"in use by {tags.Owner}, {tags.Run}" : "in use";
        }
        catch (JsonException)
        {
            return "in use";
        }
    }

    /// <summary>Says whose the machine is from now on.</summary>
    internal void Use()
    {
        _file.SetLength(0);
        _file.Write(_note);
        _file.Flush();
    }

    public void Dispose() => _file.Dispose();

    private static void Create(string file)
    {
        string directory = Path.GetDirectoryName(file)!;
        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory);
            // Past the umask.
            File.SetUnixFileMode(directory, Shared);
        }

        if (File.Exists(file))
            return;
        try
        {
            using var made = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
            File.SetUnixFileMode(file, Everybody);
        }
        catch (IOException) when (File.Exists(file))
        {
            // Somebody else was quicker.
        }
    }

    // /run/lock goes with the host, and so does what was known of the machine.
    private static string FileOf(string? directory, ReadyMachine machine) =>
        Path.Combine(directory ?? (Directory.Exists("/run/lock") ? "/run/lock/kola-lab" : "/tmp/kola-lab"), string.Create(CultureInfo.InvariantCulture, $"{machine.Address}-{machine.Port}.lock"));
}
