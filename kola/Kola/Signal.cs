using System.Text.Json.Serialization;

namespace Kola;

/// <summary>
/// What showed that the place is wrong and not the image. A test is <see cref="Outcome.Broken"/> for one of these and for nothing else: where none was
/// seen, the image is blamed.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<Signal>))]
public enum Signal
{
    /// <summary>A machine's process ended by itself, or was ended from outside.</summary>
    [JsonStringEnumMemberName("machine-lost")] MachineLost,

    /// <summary>The host had no memory left for a machine.</summary>
    [JsonStringEnumMemberName("host-memory")] HostMemory,

    /// <summary>The host has no room for, or does not let be written, what a run or a machine keeps.</summary>
    [JsonStringEnumMemberName("host-storage")] HostStorage,

    /// <summary>A program, a device or a file of the host did not do what it is there for.</summary>
    [JsonStringEnumMemberName("host")] Host,

    /// <summary>The emulator or hypervisor refused.</summary>
    [JsonStringEnumMemberName("emulator")] Emulator,

    /// <summary>The image could not be fetched, read or kept.</summary>
    [JsonStringEnumMemberName("image-store")] ImageStore,

    /// <summary>A platform gave no machine: quota, capacity, credentials.</summary>
    [JsonStringEnumMemberName("quota")] Quota,

    /// <summary>No login, and not one byte on the console: the machine was never there.</summary>
    [JsonStringEnumMemberName("no-contact")] NoContact,

    /// <summary>A template or a copy of it is no good.</summary>
    [JsonStringEnumMemberName("template")] Template,

    /// <summary>A test ended otherwise on machines booted cold than on copies.</summary>
    [JsonStringEnumMemberName("parity")] Parity,

    /// <summary>The fault the run is to inject into its machines could not be injected, or had no effect.</summary>
    [JsonStringEnumMemberName("fault")] Fault,

    /// <summary>Someone ended the run.</summary>
    [JsonStringEnumMemberName("interrupted")] Interrupted,

    /// <summary>kola itself failed, or its record contradicts itself.</summary>
    [JsonStringEnumMemberName("harness")] Harness,
}

/// <summary>What each <see cref="Signal"/> is called.</summary>
internal static class SignalWords
{
    /// <summary>As in JSON: <c>machine-lost</c>.</summary>
    internal static string Word(this Signal signal) => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(signal.ToString());
}
