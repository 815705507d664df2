using System.Text;
using System.Text.Json;

namespace Flatcar.Reference.Init;

/// <summary>
/// Runs the stages of Ignition that a config gives work to: always fetch-offline and files. A config that needs the network or
/// changes disks is not for init: see <see cref="SecondStage"/>.
/// </summary>
internal sealed class IgnitionRun(string platform, IReadOnlyList<string> environment)
{
    private const string Program = "/usr/lib/flatcar/ignition";
    private const string Output = "/run/ignition.log";
    private const string FetchedConfig = "/run/ignition.json";
    private const string NeedsNetwork = "/run/ignition/neednet";
    private const string FlatcarConfig = "/sys/firmware/qemu_fw_cfg/by_name/opt/org.flatcar-linux/config";
    private const string OemDevice = "/dev/disk/by-label/OEM", OemMountPoint = "/sysroot/oem";
    private const string SystemConfig = "/run/ignition-system";

    private static readonly string[] DiskSections = ["disks", "raid", "filesystems", "luks"];

    private static readonly string[] NodeSections = ["files", "directories", "links"];

    private readonly IReadOnlyList<string> environment = [.. environment, "IGNITION_SYSTEM_CONFIG_DIR=" + SystemConfig];
    private bool mountsOem;
    // The output of both stages is one file; what is in it already was reported by the other.
    private int outputRead = File.Exists(Output) ? (int)new FileInfo(Output).Length : 0;

    /// <summary>Fetches and merges the config. Returns what of it needs the second stage, "" when nothing does.</summary>
    public string Fetch()
    {
        OfferFlatcarConfig();
        Stage("fetch-offline");
        if (WantsNetwork)
            return "the network";
        if (!IsFetched)
            throw new BootException("Ignition fetched no config and says nothing of the network");
        using var config = JsonDocument.Parse(File.ReadAllBytes(FetchedConfig));
        return BeyondInit(config.RootElement);
    }

    /// <summary>A config is there, from this boot's fetch-offline or fetch.</summary>
    public static bool IsFetched => File.Exists(FetchedConfig);

    /// <summary>Ignition has asked for the network: for the config itself, or for something that it names.</summary>
    public static bool WantsNetwork => File.Exists(NeedsNetwork);

    /// <summary>Writes files, users and units below /sysroot.</summary>
    public void Apply() => Stage("files");

    /// <summary>What <see cref="Fetch"/> could not do without the network.</summary>
    public void FetchFromNetwork() => Stage("fetch");

    /// <summary>Kernel arguments, then partitions, RAID, LUKS and file systems. New arguments restart the machine.</summary>
    public void PrepareDisks()
    {
        AdaptToOem();
        using (var config = JsonDocument.Parse(File.ReadAllBytes(FetchedConfig)))
        {
            if (HasKernelArguments(config.RootElement))
                Stage("kargs");
        }
        if (KernelArguments.HaveChanged)
        {
            BootLog.Info("restarting with the kernel arguments of the config");
            Native.Reboot();
        }
        Stage("disks");
    }

    /// <summary>As <see cref="Apply"/>, with the config's own file systems mounted below /sysroot meanwhile, and OEM where it writes to it.</summary>
    public void ApplyWithMounts()
    {
        if (mountsOem)
            Native.Mount(OemDevice, OemMountPoint, FileSystemProbe.Probe(OemDevice)!.Type, Native.NoDev);
        Stage("mount");
        Stage("files");
        Stage("umount");
        if (mountsOem)
            Native.Unmount(OemMountPoint);
    }

    private void AdaptToOem()
    {
        var format = File.Exists(OemDevice) ? FileSystemProbe.Probe(OemDevice)?.Type : null;
        File.WriteAllText(FetchedConfig, OemContract.Adapt(File.ReadAllText(FetchedConfig), format, out mountsOem));
    }

    private void Stage(string stage)
    {
        var code = ChildProcess.Run(
            [Program, "--root=/sysroot", "--platform=" + platform, "--stage=" + stage, "--log-to-stdout"], environment, Output);
        var output = File.ReadAllBytes(Output);
        var text = Encoding.UTF8.GetString(output.AsSpan(outputRead));
        outputRead = output.Length;
        BootLog.Info(text, "ignition");
        if (code == 0)
            return;
        // What is wrong may stand far above the end, which is the whole config.
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var wrong = lines.SkipLast(5).Where(l => l.StartsWith("ERROR ", StringComparison.Ordinal) || l.StartsWith("CRITICAL ", StringComparison.Ordinal));
        BootLog.Error(string.Join('\n', wrong.TakeLast(10).Concat(lines.TakeLast(5))), "ignition");
        throw new BootException($"Ignition failed: stage {stage} ended with {code}");
    }

    /// <summary>Debian's Ignition knows only the CoreOS name of the fw_cfg file; Flatcar's is handed to it as the system's config.</summary>
    private static void OfferFlatcarConfig()
    {
        Directory.CreateDirectory(SystemConfig);
        foreach (var fragments in (string[])["base.d", "base.platform.d"])
        {
            if (Directory.Exists("/usr/lib/ignition/" + fragments))
                File.CreateSymbolicLink($"{SystemConfig}/{fragments}", "/usr/lib/ignition/" + fragments);
        }
        if (!File.Exists(FlatcarConfig + "/raw"))
            return;
        // In one read: the device reads a byte at a time from the start of the file, whatever the offset.
        var config = new byte[int.Parse(File.ReadAllText(FlatcarConfig + "/size"))];
        using var raw = new FileStream(FlatcarConfig + "/raw", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        raw.ReadExactly(config);
        File.WriteAllBytes(SystemConfig + "/user.ign", config);
    }

    private static string BeyondInit(JsonElement config)
    {
        var found = new List<string>();
        if (config.TryGetProperty("storage", out var storage))
        {
            found.AddRange(DiskSections.Where(s => storage.TryGetProperty(s, out var list) && list.GetArrayLength() > 0).Select(s => "storage." + s));
            if (NodeSections.Any(s => storage.TryGetProperty(s, out var list) && list.EnumerateArray().Any(WritesToOem)))
                found.Add("the OEM partition");
        }
        if (HasKernelArguments(config))
            found.Add("kernelArguments");
        if (EnablesInstance(config))
            found.Add("an enabled instance of a template unit");
        return string.Join(", ", found);
    }

    private static bool WritesToOem(JsonElement node) =>
        node.TryGetProperty("path", out var path) && path.GetString() is { } text && OemContract.IsOnOem(text);

    private static bool HasKernelArguments(JsonElement config) =>
        config.TryGetProperty("kernelArguments", out var arguments)
        && arguments.EnumerateObject().Any(p => p.Value.ValueKind == JsonValueKind.Array && p.Value.GetArrayLength() > 0);

    /// <summary>For these Ignition asks the running systemd for its version.</summary>
    private static bool EnablesInstance(JsonElement config) =>
        config.TryGetProperty("systemd", out var systemd)
        && systemd.TryGetProperty("units", out var units)
        && units.EnumerateArray().Any(u => u.TryGetProperty("enabled", out var enabled) && enabled.ValueKind == JsonValueKind.True
            && u.GetProperty("name").GetString() is { } name && name.Contains('@', StringComparison.Ordinal)
            && !name.Contains("@.", StringComparison.Ordinal));
}
