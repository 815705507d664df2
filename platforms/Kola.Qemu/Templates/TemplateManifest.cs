using System.Text.Json;
using Kola.Machines;

namespace Kola.Qemu;

/// <summary>What stands in a template's directory beside its files, written last: without it the template does not exist.</summary>
internal sealed record TemplateManifest
{
    /// <summary>A template of another format is not used.</summary>
    public const int CurrentFormat = 1;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Format of the directory.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Content address.</summary>
    public required string Key { get; init; }

    /// <summary>What its maker noted.</summary>
    public required TemplateFacts Facts { get; init; }

    /// <summary>In words: image, memory, preparation.</summary>
    public required string What { get; init; }

    /// <summary>Its disks, boot disk first: files of the directory, and serial numbers.</summary>
    public required IReadOnlyList<QemuDisk> Disks { get; init; }

    /// <summary>Copies from a machine booted cold to it: 0 for one that was booted cold. The guest has had one DHCP lease more than that.</summary>
    public required int Depth { get; init; }

    /// <summary>Length of each file of the directory, for a look whether all are whole.</summary>
    public required IReadOnlyDictionary<string, long> Lengths { get; init; }

    /// <summary>Reads it; null when there is none, it is of another format, or not all of its files are whole.</summary>
    public static TemplateManifest? Read(string directory)
    {
        try
        {
            TemplateManifest? manifest = JsonSerializer.Deserialize<TemplateManifest>(File.ReadAllText(FileIn(directory)), s_json);
            return manifest is { Format: CurrentFormat, Key: not null, Facts: not null, Disks: not null, Lengths: not null } && manifest.Lengths.All(f => new FileInfo(Path.Combine(directory, f.Key)) is { Exists: true } file && file.Length == f.Value)
                ? manifest
                : null;
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes it.</summary>
    public void Write(string directory)
    {
        using var file = new FileStream(FileIn(directory), FileMode.Create, FileAccess.Write);
        JsonSerializer.Serialize(file, this, s_json);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Where it stands.</summary>
    public static string FileIn(string directory) => Path.Combine(directory, "template.json");
}

/// <summary>The files of a template's directory.</summary>
internal static class TemplateFiles
{
    public const string Memory = "memory";
    public const string State = "state";
    public const string Console = "console.txt";
    public const string Journal = "journal.export";
    public const string Ssh = "ssh";
    public const string UefiVariables = "uefi-variables.fd";
}
