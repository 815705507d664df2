using System.Text.Json;
using Kola.Platforms;

namespace Kola.Labs;

/// <summary>A machine of a lab that is, or may be, there.</summary>
internal sealed record LabRecord
{
    /// <summary>The lab's name of it; null when its provision has not said it.</summary>
    public string? Id { get; init; }

    /// <summary>kola's name of it.</summary>
    public string? Machine { get; init; }

    /// <summary>Host name or address; null when its provision has not said it.</summary>
    public string? Address { get; init; }

    /// <summary>TCP port of its SSH server; null when its provision has not said it.</summary>
    public int? Port { get; init; }

    /// <summary>The test's machine it was made for.</summary>
    public string? Test { get; init; }

    /// <summary>What the lab said of it besides, as JSON.</summary>
    public string? Notes { get; init; }

    /// <summary>Whose it is.</summary>
    public required ResourceTags Tags { get; init; }

    /// <summary>What a command is told of it.</summary>
    internal LabRequest Request(string action) => new() { Action = action, Machine = Machine, Id = Id, Address = Address, Port = Port, Tags = Tags };
}

/// <summary>
/// The machines this user's runs have in a lab, a directory for each: written before a machine is asked for, taken away when it is gone. What a kola that was
/// killed leaves is found here, whether or not the lab can list its machines.
/// </summary>
internal sealed class LabRecords(string directory)
{
    private const string RecordFile = "machine.json";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Those of one lab.</summary>
    internal static LabRecords Of(LabOptions lab, PlatformAccess access) => new(Path.Combine(access.CacheDirectory, "labs", lab.Name));

    /// <summary>Directory of a machine, for its record and its config.</summary>
    internal string DirectoryOf(string machine) => Path.Combine(directory, machine);

    /// <summary>Writes a record; it is whole or not there.</summary>
    /// <exception cref="PlatformException">There is no room.</exception>
    internal async Task WriteAsync(LabRecord record)
    {
        string file = Path.Combine(DirectoryOf(record.Machine!), RecordFile);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await File.WriteAllTextAsync(file + ".new", JsonSerializer.Serialize(record, s_json), CancellationToken.None);
            File.Move(file + ".new", file, overwrite: true);
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException(Signal.HostStorage, $"{file} cannot be written: {full.Message}\n  wanted:  room for the record of a machine, which is asked for only then", full);
        }
    }

    /// <summary>Takes the record of a machine away, with its config. Does nothing when it is not there.</summary>
    internal void Remove(string machine)
    {
        try
        {
            Directory.Delete(DirectoryOf(machine), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody else has swept.
        }
    }

    /// <summary>All there are. One that cannot be read is no record.</summary>
    internal IReadOnlyList<LabRecord> All() =>
        Directory.Exists(directory) ? [.. Directory.EnumerateDirectories(directory).Order(StringComparer.Ordinal).Select(Read).OfType<LabRecord>()] : [];

    private static LabRecord? Read(string machine)
    {
        try
        {
            return JsonSerializer.Deserialize<LabRecord>(File.ReadAllText(Path.Combine(machine, RecordFile)), s_json);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }
}
