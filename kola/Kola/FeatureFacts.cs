namespace Kola;

/// <summary>What is known of each <see cref="Feature"/>: who offers it and what a person can do when it is missing.</summary>
/// <param name="OfferedBy">Who decides whether it is there.</param>
/// <param name="Missing">Completes "skipped: …", without a full stop.</param>
/// <param name="Remedy">What to do to run the test, as an imperative sentence.</param>
public sealed record FeatureFacts(FeatureSource OfferedBy, string Missing, string Remedy)
{
    /// <summary>One row per feature; a test holds the table complete.</summary>
    public static IReadOnlyDictionary<Feature, FeatureFacts> All { get; } = new Dictionary<Feature, FeatureFacts>
    {
        [Feature.Console] = new(FeatureSource.Platform, "the platform captures no serial console", "Run it on qemu."),
        [Feature.ExtraDisks] = new(FeatureSource.Platform, "the platform attaches no extra disks", "Run it on qemu."),
        [Feature.PrivateNetwork] = new(FeatureSource.Platform, "machines have no private network in common", "Run it on qemu."),
        [Feature.Tpm] = new(FeatureSource.Platform, "no TPM 2.0 can be attached", "Install swtpm (apt-get install swtpm)."),
        [Feature.Uefi] = new(FeatureSource.Platform, "no UEFI firmware was found", "Install OVMF (apt-get install ovmf)."),
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
        [Feature.Internet] = new(FeatureSource.Run, "machines are not promised the internet", "Run with --internet on a host that has it."),
    };
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
