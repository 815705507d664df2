using System.Text.Json.Serialization;

namespace Kola;

/// <summary>
/// Something a test needs that not every platform, image or run offers. A test asks for a feature, never for a platform's name; what
/// is missing is a skip with <see cref="FeatureFacts.Remedy"/>.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<Feature>))]
public enum Feature
{
    /// <summary>The serial console is captured from the first byte.</summary>
    [JsonStringEnumMemberName("console")] Console,

    /// <summary>Extra disks can be attached, with serial numbers.</summary>
    [JsonStringEnumMemberName("extra-disks")] ExtraDisks,

    /// <summary>Machines of one test share a private network segment.</summary>
    [JsonStringEnumMemberName("private-network")] PrivateNetwork,

    /// <summary>Links between machines can be cut, slowed and made lossy.</summary>
    [JsonStringEnumMemberName("link-faults")] LinkFaults,

    /// <summary>Cards can be put into a running machine, and taken out.</summary>
    [JsonStringEnumMemberName("card-hotplug")] CardHotplug,

    /// <summary>The harness serves DHCP, names, the time and a way out on segments of a test.</summary>
    [JsonStringEnumMemberName("segment-servers")] SegmentServers,

    /// <summary>There is a way into a machine past its network.</summary>
    [JsonStringEnumMemberName("out-of-band")] OutOfBand,

    /// <summary>A TPM 2.0 can be attached.</summary>
    [JsonStringEnumMemberName("tpm")] Tpm,

    /// <summary>UEFI firmware with variables of its own.</summary>
    [JsonStringEnumMemberName("uefi")] Uefi,

    /// <summary>UEFI firmware with Secure Boot on, whose keys the image is signed by.</summary>
    [JsonStringEnumMemberName("secure-boot")] SecureBoot,

    /// <summary>Memory and CPUs of a machine can be divided among NUMA nodes.</summary>
    [JsonStringEnumMemberName("numa")] Numa,

    /// <summary>The image's own boot loader runs, so kernel arguments set on disk take effect.</summary>
    [JsonStringEnumMemberName("boot-loader")] BootLoader,

    /// <summary>The image has update_engine and its client.</summary>
    [JsonStringEnumMemberName("update-engine")] UpdateEngine,

    /// <summary>The image has locksmith.</summary>
    [JsonStringEnumMemberName("locksmith")] Locksmith,

    /// <summary>The image has coreos-cloudinit.</summary>
    [JsonStringEnumMemberName("cloudinit")] CloudInit,

    /// <summary>The image has an SELinux policy and an SELinux-enabled kernel.</summary>
    [JsonStringEnumMemberName("selinux")] Selinux,

    /// <summary>The image's kernel was built with CPU microcode.</summary>
    [JsonStringEnumMemberName("microcode")] Microcode,

    /// <summary>Ignition may set kernel arguments (<c>kernelArguments</c>).</summary>
    [JsonStringEnumMemberName("ignition-kargs")] IgnitionKernelArguments,

    /// <summary>Ignition runs its disks stage: partitions, raid, filesystems, luks.</summary>
    [JsonStringEnumMemberName("ignition-disks")] IgnitionDisks,

    /// <summary>Ignition makes LUKS volumes.</summary>
    [JsonStringEnumMemberName("ignition-luks")] IgnitionLuks,

    /// <summary>The image accepts Ignition 1 and 2.x configs.</summary>
    [JsonStringEnumMemberName("ignition-v2")] IgnitionV2,

    /// <summary>The image's Ignition takes configs of spec 3.4.0.</summary>
    [JsonStringEnumMemberName("ignition-3.4")] IgnitionSpec34,

    /// <summary>The image's Ignition takes configs of spec 3.5.0.</summary>
    [JsonStringEnumMemberName("ignition-3.5")] IgnitionSpec35,

    /// <summary>The image's Ignition takes configs of spec 3.6.0.</summary>
    [JsonStringEnumMemberName("ignition-3.6")] IgnitionSpec36,

    /// <summary>A machine can be given user data beside its Ignition config.</summary>
    [JsonStringEnumMemberName("user-data")] UserData,

    /// <summary>What a machine's boot disk is written can be recorded, and the power be cut at any point of it.</summary>
    [JsonStringEnumMemberName("write-recording")] WriteRecording,

    /// <summary>Machines reach the harness's server of files.</summary>
    [JsonStringEnumMemberName("harness-files")] HarnessFiles,

    /// <summary>Machines reach the harness's update server.</summary>
    [JsonStringEnumMemberName("harness-updates")] OmahaServer,

    /// <summary>Machines can reach the internet.</summary>
    [JsonStringEnumMemberName("internet")] Internet,

    /// <summary>The run has a payload machines can be updated with.</summary>
    [JsonStringEnumMemberName("update-payload")] UpdatePayload,

    /// <summary>The run has payloads of several releases, older ones than the image among them.</summary>
    [JsonStringEnumMemberName("update-releases")] UpdateReleases,

    /// <summary>The run was given a Kubernetes distribution.</summary>
    [JsonStringEnumMemberName("kubernetes")] Kubernetes,

    /// <summary>Tests that take long, beside others like them that do not, are wanted; or the test was named by its id.</summary>
    [JsonStringEnumMemberName("long-run")] LongRun,

    /// <summary>Nothing is emulated, so that a boot is a matter of seconds; or what takes long is wanted, or the test was named by its id.</summary>
    [JsonStringEnumMemberName("full-speed")] FullSpeed,
}
