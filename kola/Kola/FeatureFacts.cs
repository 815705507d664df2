namespace Kola;

/// <summary>What is known of each <see cref="Feature"/>: who offers it and what a person can do when it is missing.</summary>
/// <param name="OfferedBy">Who decides whether it is there.</param>
/// <param name="Missing">Completes "skipped: …", without a full stop.</param>
/// <param name="Remedy">What to do to run the test, as an imperative sentence.</param>
public sealed record FeatureFacts(FeatureSource OfferedBy, string Missing, string Remedy)
{
    /// <summary>The Ignition spec an image has to accept for it; null for what is no matter of a spec.</summary>
    public Version? IgnitionSpec { get; init; }

    /// <summary>One row per feature; a test holds the table complete.</summary>
    public static IReadOnlyDictionary<Feature, FeatureFacts> All { get; } = new Dictionary<Feature, FeatureFacts>
    {
        [Feature.Console] = new(FeatureSource.Platform, "the platform captures no serial console", "Run it on qemu."),
        [Feature.ExtraDisks] = new(FeatureSource.Platform, "the platform attaches no extra disks", "Run it on qemu."),
        [Feature.PrivateNetwork] = new(FeatureSource.Platform, "machines have no private network in common", "Run it on qemu."),
        [Feature.LinkFaults] = new(FeatureSource.Platform, "nothing can be done to the links of machines", "Run it on qemu."),
        [Feature.CardHotplug] = new(FeatureSource.Platform, "no card can be put into a running machine", "Run it on qemu."),
        [Feature.SegmentServers] = new(FeatureSource.Platform, "the harness serves nothing on segments of a test", "Install what does (apt-get install dnsmasq-base tinyproxy-bin socat nftables iproute2), as root, or where users may make namespaces and open /dev/net/tun."),
        [Feature.OutOfBand] = new(FeatureSource.Platform, "there is no way into a machine past its network", "Run it on qemu."),
        [Feature.Tpm] = new(FeatureSource.Platform, "no TPM 2.0 can be attached", "Install swtpm (apt-get install swtpm)."),
        [Feature.Uefi] = new(FeatureSource.Platform, "no UEFI firmware was found", "Install OVMF (apt-get install ovmf)."),
        [Feature.SecureBoot] = new(FeatureSource.Platform, "there is no firmware with Secure Boot keys that the image is signed by", "Install OVMF (apt-get install ovmf) and run it on the reference image; or say which variables hold the image's keys: --secure-boot-variables FILE."),
        [Feature.Numa] = new(FeatureSource.Platform, "machines are of one piece: no NUMA nodes", "Run it on qemu."),
        [Feature.BootLoader] = new(FeatureSource.Platform, "machines are booted with the image's kernel directly, its boot loader never runs", "Run with --firmware bios or --firmware uefi."),
        [Feature.UpdateEngine] = new(FeatureSource.Image, "the image has no update_engine", "Run it on a Flatcar release: --image FILE."),
        [Feature.Locksmith] = new(FeatureSource.Image, "the image has no locksmith", "Run it on a Flatcar release: --image FILE."),
        [Feature.CloudInit] = new(FeatureSource.Image, "the image has no coreos-cloudinit", "Run it on a Flatcar release: --image FILE."),
        [Feature.Selinux] = new(FeatureSource.Image, "the image has no SELinux policy", "Run it on a Flatcar release: --image FILE."),
        [Feature.Microcode] = new(FeatureSource.Image, "the image's kernel carries no CPU microcode", "Run it on a Flatcar release: --image FILE."),
        [Feature.IgnitionKernelArguments] = new(FeatureSource.Image, "the image's Ignition sets no kernel arguments", "Run it on a Flatcar release: --image FILE."),
        [Feature.IgnitionDisks] = new(FeatureSource.Image, "the image's Ignition runs no disks stage", "Run it on a Flatcar release: --image FILE."),
        [Feature.IgnitionLuks] = new(FeatureSource.Image, "the image's Ignition makes no LUKS volumes", "Run it on a Flatcar release: --image FILE."),
        [Feature.IgnitionV2] = new(FeatureSource.Image, "the image accepts Ignition 3.x only", "Run it on a Flatcar release: --image FILE."),
        [Feature.IgnitionSpec34] = SinceSpec("3.4.0"),
        [Feature.IgnitionSpec35] = SinceSpec("3.5.0"),
        [Feature.IgnitionSpec36] = SinceSpec("3.6.0"),
        [Feature.UserData] = new(FeatureSource.Platform, "the platform hands over no user data beside an Ignition config", "Install what makes a config drive (apt-get install dosfstools mtools)."),
        [Feature.WriteRecording] = new(FeatureSource.Platform, "the platform records no writes of a disk", "Run it on qemu."),
        [Feature.HarnessFiles] = new(FeatureSource.Platform, "machines do not reach the harness's server of files", "Run it on qemu."),
        [Feature.OmahaServer] = new(FeatureSource.Platform, "machines do not reach the harness's update server", "Run it on qemu."),
        [Feature.Internet] = new(FeatureSource.Run, "machines are not promised the internet", "Run with --internet on a host that has it."),
        [Feature.UpdatePayload] = new(FeatureSource.Run, "there is no payload to update to", "Give one: --update-payload FILE."),
        [Feature.UpdateReleases] = new(FeatureSource.Run, "there are no payloads of other releases", "Give them: --update-payload VERSION=FILE, one older than the image among them."),
        [Feature.Kubernetes] = new(FeatureSource.Run, "the run was given no Kubernetes", "Give it a distribution: --kubernetes DIR; scripts/kubernetes-distribution makes one."),
        [Feature.LongRun] = new(FeatureSource.Run, "it takes long, and one like it that does not is run", "Run with --long, or name it by its id."),
        [Feature.FullSpeed] = new(FeatureSource.Run, "machines are emulated, where it takes long, and one like it that does not is run", "Run it where KVM works, run with --long, or name it by its id."),
    };

    private static FeatureFacts SinceSpec(string spec) =>
        new(FeatureSource.Image, $"the image's Ignition is older than spec {spec}", "Run it on a newer Flatcar release: --image FILE.") { IgnitionSpec = Version.Parse(spec) };
}

/// <summary>Who decides whether a <see cref="Feature"/> is there.</summary>
public enum FeatureSource
{
    /// <summary>The platform lists what it offers.</summary>
    Platform,

    /// <summary>Every Flatcar image has it unless its description says it lacks it.</summary>
    Image,

    /// <summary>The person who starts the run says so.</summary>
    Run,
}
