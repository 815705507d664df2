using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kola.Machines;

namespace Kola.Qemu;

/// <summary>Templates of machines under QEMU on this host.</summary>
internal sealed class QemuTemplates(QemuHost host, TemplateStore store, Func<InstanceSpec, QemuOrigin, CancellationToken, Task<QemuInstance>> start) : ITemplates
{
    // Changed when copies need something templates made before do not have.
    private const int Generation = 1;

    /// <inheritdoc/>
    public string KeyOf(TemplateSpec spec)
    {
        Firmware firmware = host.FirmwareFor(spec.Machine.Firmware, spec.Machine.Tpm, spec.Image);
        // Whatever is said of the same machine, names and addresses apart, is part of it: the arguments are themselves.
        var shape = new QemuArguments
        {
            Id = "template",
            Architecture = spec.Image.Architecture,
            MachineType = host.MachineType,
            Acceleration = host.Acceleration,
            MemoryMiB = spec.Machine.MemoryMiB,
            Cpus = spec.Machine.Cpus,
            NumaNodes = spec.Machine.NumaNodes,
            Uuid = Guid.Empty,
            Disks = [new QemuDisk("disk", "primary-disk"), .. spec.Machine.Disks.Select(d => new QemuDisk("disk", d.Serial, d.Bus))],
            ConsoleFile = "console",
            QmpSocket = "qmp",
            Management = !spec.Machine.Offline,
            Mac = "mac",
            IgnitionFile = "config",
            Direct = firmware == Firmware.Direct ? spec.Image.Direct : null,
            Uefi = host.FilesFor(firmware) is { } flash ? (Stamp(flash.Code), Stamp(flash.Variables)) : null,
            SecureBoot = firmware == Firmware.SecureBoot,
            Cards = [.. Enumerable.Range(0, spec.Cards).Select(card => new QemuCard("card", "port", InstanceLink.UnconfiguredMac(card)))],
            SerialPorts = SerialPorts.In("ports"),
            Memory = new QemuMemoryFile("memory", Shared: true),
            Extra = host.ExtraArguments,
        };
        object all = new
        {
            Generation,
            TemplateManifest.CurrentFormat,
            Arguments = shape.ToList(),
            host.Program.VersionText,
            Program = Stamp(host.Program.Path),
            Processor = host.Acceleration.Kvm ? HostProcessor.Describe(File.ReadAllText("/proc/cpuinfo")) : "",
            SshClient = typeof(Renci.SshNet.SshClient).Assembly.GetName().Version?.ToString(),
            spec.Image.Digest,
            spec.Image.File,
            Kernel = firmware == Firmware.Direct ? Stamp(spec.Image.Direct!.Kernel) + Stamp(spec.Image.Direct.Initrd) : "",
            spec.Machine.DiskMiB,
            Sizes = spec.Machine.Disks.Select(d => d.SizeMiB),
            spec.Machine.User,
            spec.Ignition,
            spec.Preparation,
            spec.Checks,
        };
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(all))));
    }

    /// <inheritdoc/>
    public async Task<ITemplate?> FindAsync(string key, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return await store.FindAsync(key, cancel) is { } found ? new QemuTemplate(this, store, found.Lock, found.Manifest) : null;
    }

    /// <inheritdoc/>
    public async Task<ITemplateDraft?> BeginAsync(string key, CancellationToken cancel) =>
        await store.BeginAsync(key, cancel) is { } held ? new QemuTemplateDraft(this, store, key, held) : null;

    /// <inheritdoc/>
    public Task ForgetAsync(string key)
    {
        store.Distrust(key);
        return Task.CompletedTask;
    }

    internal Task<QemuInstance> StartAsync(InstanceSpec spec, QemuOrigin origin, CancellationToken cancel) => start(spec, origin, cancel);

    // Content is not read again for each key: a file that was written to has another time.
    private static string Stamp(string file)
    {
        var info = new FileInfo(file);
        return info.Exists ? $"{info.FullName} {info.Length} {info.LastWriteTimeUtc:O}" : file;
    }
}

/// <summary>Where a machine comes from: null members for one that is switched on.</summary>
internal sealed record QemuOrigin
{
    /// <summary>A machine switched on for its test.</summary>
    public static QemuOrigin Cold { get; } = new();

    /// <summary>Directory of the template it is a copy of.</summary>
    public string? Template { get; init; }

    /// <summary>What is known of that template.</summary>
    public TemplateManifest? Manifest { get; init; }

    /// <summary>Directory of the template it is to become.</summary>
    public string? Draft { get; init; }
}
