using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Labs;

/// <summary>What a command is told: by variables <c>KOLA_…</c>, and by one JSON document.</summary>
internal sealed record LabRequest
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What is to be done: <c>provision</c>, <c>power</c>.</summary>
    internal required string Action { get; init; }

    /// <summary>kola's name of the machine, unique over all runs; the ready machine's own; null where all are meant.</summary>
    internal string? Machine { get; init; }

    /// <summary>The lab's name of it, as its provision gave it; null before that.</summary>
    internal string? Id { get; init; }

    /// <summary>Host name or address; null before it is known.</summary>
    internal string? Address { get; init; }

    /// <summary>TCP port of its SSH server; null before it is known.</summary>
    internal int? Port { get; init; }

    /// <summary>Of the run; null where all are meant.</summary>
    internal ResourceTags? Tags { get; init; }

    /// <summary>What is done to its power.</summary>
    internal PowerAction? Power { get; init; }

    /// <summary>What is asked for; null when the machine is there.</summary>
    internal InstanceSpec? Spec { get; init; }

    /// <summary>Files of the config and of user data; null when the machine is there.</summary>
    internal MachineConfigFiles? Files { get; init; }

    /// <summary>The variables. What does not apply is not set, also when kola itself has it.</summary>
    internal IReadOnlyDictionary<string, string?> Variables()
    {
        var all = new Dictionary<string, string?>
        {
            ["KOLA_ACTION"] = Action,
            ["KOLA_MACHINE"] = Machine,
            ["KOLA_ID"] = Id,
            ["KOLA_ADDRESS"] = Address,
            ["KOLA_PORT"] = Port?.ToString(CultureInfo.InvariantCulture),
            ["KOLA_POWER"] = Power?.ToString().ToLowerInvariant(),
        };
        foreach (string tag in (string[])[ResourceTags.RunTag, ResourceTags.OwnerTag, ResourceTags.ExpiresTag, ResourceTags.MakerTag])
            all[tag.ToUpperInvariant().Replace('-', '_')] = Tags?.ToPairs().GetValueOrDefault(tag);
        if (Spec is null)
            return all;
        MachineSpec machine = Spec.Machine;
        all["KOLA_TEST"] = Spec.Id;
        all["KOLA_IMAGE_FILE"] = Spec.Image.File;
        all["KOLA_IMAGE_FORMAT"] = Spec.Image.Format;
        all["KOLA_IMAGE_DIGEST"] = Spec.Image.Digest;
        all["KOLA_IMAGE_NAME"] = Spec.Image.Name;
        all["KOLA_IMAGE_VERSION"] = Spec.Image.Version;
        all["KOLA_IMAGE_ARCHITECTURE"] = Spec.Image.Architecture;
        all["KOLA_IMAGE_KERNEL"] = Spec.Image.Direct?.Kernel;
        all["KOLA_IMAGE_INITRD"] = Spec.Image.Direct?.Initrd;
        all["KOLA_IMAGE_COMMAND_LINE"] = Spec.Image.Direct?.CommandLine;
        all["KOLA_IGNITION_FILE"] = Files?.Ignition;
        all["KOLA_USER_DATA_FILE"] = Files?.UserData;
        all["KOLA_MEMORY_MIB"] = machine.MemoryMiB.ToString(CultureInfo.InvariantCulture);
        all["KOLA_CPUS"] = machine.Cpus.ToString(CultureInfo.InvariantCulture);
        all["KOLA_DISK_MIB"] = machine.DiskMiB?.ToString(CultureInfo.InvariantCulture);
        all["KOLA_DISKS"] = string.Join(' ', machine.Disks.Select(d => string.Create(CultureInfo.InvariantCulture, $"{d.SizeMiB}:{d.Serial}:{Word(d.Bus)}")));
        all["KOLA_CARDS"] = string.Join(' ', Spec.Links.Select(l => $"{l.Network}/{l.Segment}={l.Mac}"));
        all["KOLA_MAC"] = Spec.Mac;
        all["KOLA_FIRMWARE"] = Word(machine.Firmware);
        all["KOLA_TPM"] = machine.Tpm ? "1" : "0";
        return all;
    }

    /// <summary>The document on standard input.</summary>
    internal string Input(CommandInput kind) => kind switch
    {
        CommandInput.Json => Document().ToJsonString(s_json) + "\n",
        CommandInput.Ignition => Spec?.Ignition ?? "",
        _ => "",
    };

    private JsonObject Document()
    {
        var document = new JsonObject
        {
            ["version"] = 1,
            ["action"] = Action,
            ["machine"] = Machine,
            ["id"] = Id,
            ["address"] = Address,
            ["port"] = Port,
            ["power"] = Power?.ToString().ToLowerInvariant(),
            ["tags"] = Tags is null ? null : new JsonObject(Tags.ToPairs().Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value))),
        };
        if (Spec is not null)
            Describe(document, Spec);
        return document;
    }

    private static void Describe(JsonObject document, InstanceSpec spec)
    {
        MachineSpec machine = spec.Machine;
        document["test"] = spec.Id;
        document["image"] = new JsonObject
        {
            ["file"] = spec.Image.File,
            ["format"] = spec.Image.Format,
            ["digest"] = spec.Image.Digest,
            ["name"] = spec.Image.Name,
            ["version"] = spec.Image.Version,
            ["architecture"] = spec.Image.Architecture,
            ["direct"] = spec.Image.Direct is { } direct ? new JsonObject { ["kernel"] = direct.Kernel, ["initrd"] = direct.Initrd, ["commandLine"] = direct.CommandLine } : null,
        };
        document["ignition"] = spec.Ignition;
        document["userData"] = spec.UserData;
        document["memoryMiB"] = machine.MemoryMiB;
        document["cpus"] = machine.Cpus;
        document["diskMiB"] = machine.DiskMiB;
        document["disks"] = new JsonArray([.. machine.Disks.Select(d => new JsonObject { ["sizeMiB"] = d.SizeMiB, ["serial"] = d.Serial, ["bus"] = Word(d.Bus) })]);
        document["cards"] = new JsonArray([.. spec.Links.Select(l => new JsonObject { ["network"] = l.Network, ["segment"] = l.Segment, ["mac"] = l.Mac, ["vlan"] = l.Vlan })]);
        document["mac"] = spec.Mac;
        document["firmware"] = Word(machine.Firmware);
        document["tpm"] = machine.Tpm;
    }

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}

/// <summary>Where a machine's config is while its machine is there; readable by its owner alone, since it holds keys.</summary>
/// <param name="Directory">Of that machine alone.</param>
/// <param name="Ignition">Null for none.</param>
/// <param name="UserData">Null for none.</param>
internal sealed record MachineConfigFiles(string Directory, string? Ignition, string? UserData)
{
    /// <summary>Writes them.</summary>
    /// <exception cref="PlatformException">There is no room.</exception>
    internal static async Task<MachineConfigFiles> WriteAsync(string directory, InstanceSpec spec, CancellationToken cancel)
    {
        try
        {
            System.IO.Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return new MachineConfigFiles(directory, await WriteAsync(Path.Combine(directory, "config.ign"), spec.Ignition, cancel), await WriteAsync(Path.Combine(directory, "user-data"), spec.UserData, cancel));
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException(Signal.HostStorage, $"{directory}: {full.Message}\n  wanted:  room for a machine's config", full);
        }
    }

    private static async Task<string?> WriteAsync(string file, string? text, CancellationToken cancel)
    {
        if (text is null)
            return null;
        await File.WriteAllTextAsync(file, text, cancel);
        return file;
    }
}
