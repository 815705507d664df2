namespace Kola.Qemu;

/// <summary>How machines are run by QEMU on this host. No privileges are needed.</summary>
public sealed record QemuOptions
{
    /// <summary>QEMU's program, a name on the path or an absolute file; null takes <c>qemu-system-x86_64</c> or <c>qemu-system-aarch64</c>, as the image is.</summary>
    public string? Binary { get; init; }

    /// <summary>
    /// QEMU's machine type: <c>q35</c> or <c>pc</c> for amd64, <c>virt</c> for arm64, or a version of one, as <c>-machine help</c> lists them
    /// (<c>pc-q35-9.0</c>). Null for <c>q35</c> or <c>virt</c>, as the image is.
    /// </summary>
    public string? MachineType { get; init; }

    /// <summary>
    /// Arguments put behind all others of every QEMU, each one word of its command line: <c>["-device", "virtio-balloon-pci"]</c>. They are tried once, when
    /// the platform is made; what QEMU refuses is the caller's mistake. Files are named by absolute paths. Default none.
    /// </summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>Default <see cref="AccelerationMode.Auto"/>.</summary>
    public AccelerationMode Acceleration { get; init; } = AccelerationMode.Auto;

    /// <summary>What machines that ask for <see cref="Firmware.Any"/> get. Default: direct boot where the image has a kernel beside it, else BIOS (UEFI on arm64).</summary>
    public Firmware DefaultFirmware { get; init; } = Firmware.Any;

    /// <summary>What the segments of a test are. Default <see cref="NetworkKind.User"/>.</summary>
    public NetworkKind Network { get; init; } = NetworkKind.User;

    /// <summary>Machines at once; null for as many as cores, memory and ports allow. At least 1.</summary>
    public int? Machines { get; init; }

    /// <summary>Memory of machines in use at once, MiB; null for what the host has available less 1 GiB. At least 256.</summary>
    public int? MemoryMiB { get; init; }

    /// <summary>Cores kept busy at once; null for all the host has, and for no bound where <see cref="Machines"/> is given. At least 1.</summary>
    public int? Cpus { get; init; }

    /// <summary>Room templates may take in the cache directory, MiB; the least recently used go first. Default 16384, at least 0.</summary>
    public int TemplatesMiB { get; init; } = 16384;

    /// <summary>Absolute directory for what outlives a run: templates, unpacked images, digests, the answer of the KVM probe.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>Absolute directory for templates; null for <c>templates</c> in <see cref="CacheDirectory"/>.</summary>
    public string? TemplatesDirectory { get; init; }

    /// <summary>
    /// Absolute directory for sockets and throw-away disks, at most 60 bytes long since a socket's path has 108. Not on a memory
    /// filesystem: overlays grow with what guests write. Default <c>/var/tmp/kola-USER</c>.
    /// </summary>
    public string RuntimeDirectory { get; init; } = DefaultRuntimeDirectory;

    /// <summary>That directory of this user's.</summary>
    public static string DefaultRuntimeDirectory => $"/var/tmp/kola-{Environment.UserName}";

    /// <summary>UEFI code, a raw flash file; null to look where distributions put it. Given together with <see cref="FirmwareVariables"/>.</summary>
    public string? FirmwareCode { get; init; }

    /// <summary>Template of the UEFI variables, copied for each machine; null to look where distributions put it.</summary>
    public string? FirmwareVariables { get; init; }

    /// <summary>UEFI code with Secure Boot in system management mode, a raw flash file; null for <c>/usr/share/OVMF/OVMF_CODE_4M.secboot.fd</c>.</summary>
    public string? SecureBootCode { get; init; }

    /// <summary>
    /// Template of UEFI variables with the keys in them that the image is signed by: <c>/usr/share/OVMF/OVMF_VARS_4M.ms.fd</c> for one that Microsoft's keys
    /// start. Null for <c>OVMF_VARS_4M.snakeoil.fd</c>, and then only for an image that says it is signed for tests.
    /// </summary>
    public string? SecureBootVariables { get; init; }

    /// <summary>All that is wrong with these options, a sentence each; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        AtLeast(problems, "machines at once", Machines, 1);
        AtLeast(problems, "memory of machines in MiB", MemoryMiB, 256);
        AtLeast(problems, "cores at once", Cpus, 1);
        AtLeast(problems, "room for templates in MiB", TemplatesMiB, 0);
        Absolute(problems, "cache directory", CacheDirectory);
        Absolute(problems, "runtime directory", RuntimeDirectory);
        if (TemplatesDirectory is { } templates)
            Absolute(problems, "directory for templates", templates);
        if (RuntimeDirectory.Length > 60)
            problems.Add($"runtime directory \"{RuntimeDirectory}\" is {RuntimeDirectory.Length} characters long; at most 60 leave room for socket names");
        if (FirmwareCode is null != FirmwareVariables is null)
            problems.Add("UEFI code and variables belong together: give both files or neither");
        foreach (string argument in Qemu.ExtraArguments.Refused(ExtraArguments))
            problems.Add($"QEMU's argument {argument} would let a machine outlive kola");
        foreach (string file in new[] { FirmwareCode, FirmwareVariables, SecureBootCode, SecureBootVariables }.OfType<string>().Where(f => !File.Exists(f)))
            problems.Add($"firmware file \"{file}\" does not exist");
        return problems;
    }

    private static void AtLeast(List<string> problems, string what, int? value, int minimum)
    {
        if (value < minimum)
            problems.Add($"{what} is {value}; at least {minimum}");
    }

    private static void Absolute(List<string> problems, string what, string path)
    {
        if (!Path.IsPathFullyQualified(path))
            problems.Add($"{what} \"{path}\" is not an absolute path");
    }
}

/// <summary>What runs the guest's instructions.</summary>
public enum AccelerationMode
{
    /// <summary>KVM if a probe guest really runs under it, else emulation.</summary>
    Auto,

    /// <summary>KVM or nothing.</summary>
    Kvm,

    /// <summary>Emulation by QEMU's TCG, many times slower.</summary>
    Tcg,
}
