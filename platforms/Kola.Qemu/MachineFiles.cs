using System.Globalization;
using CliWrap.Buffered;
using Kola.Machines;

namespace Kola.Qemu;

/// <summary>What one machine needs on disk: overlay, extra disks, Ignition config, UEFI variables, sockets, TPM state.</summary>
internal sealed class MachineFiles : IDisposable
{
    private readonly List<HeldFile> _held = [];

    private MachineFiles(string directory) => Directory = directory;

    /// <summary>The machine's directory for sockets.</summary>
    public string Directory { get; }

    /// <summary>Boot disk first.</summary>
    public IReadOnlyList<QemuDisk> Disks { get; private set; } = [];

    /// <summary>The boot disk's recording; null when its writes are not recorded.</summary>
    public RecordedDisk? Recorded { get; private set; }

    /// <summary>Ignition config; null for none.</summary>
    public string? Ignition { get; private set; }

    /// <summary>Disk with the user data; null for none.</summary>
    public string? ConfigDrive { get; private set; }

    /// <summary>File of the guest's memory; null for memory of QEMU's own.</summary>
    public QemuMemoryFile? Memory { get; private set; }

    /// <summary>This machine's UEFI variables; null without UEFI.</summary>
    public string? UefiVariables { get; private set; }

    /// <summary>Makes them all in <paramref name="directory"/>, or in the machine's own directory where they are to be kept.</summary>
    /// <exception cref="PlatformException">qemu-img failed, or the disk is full.</exception>
    public static async Task<MachineFiles> CreateAsync(InstanceSpec spec, QemuOrigin origin, string directory, string? uefiTemplate, CancellationToken cancel)
    {
        var files = new MachineFiles(directory);
        try
        {
            bool keep = spec.Keep || origin.Draft is not null;
            string place = origin.Draft ?? (spec.Keep ? spec.Directory : directory);
            await files.CreateMemoryAsync(spec, origin, cancel);
            files.Disks = origin.Template is null
                ? await files.CreateDisksAsync(spec, place, keep, cancel)
                : await files.CopyDisksAsync(spec, origin, place, keep, cancel);
            // What becomes a template is frozen before its test sees it.
            if (spec.Machine.RecordsWrites && origin.Draft is null)
                files.Recorded = await files.RecordAsync(spec, origin, place, keep, cancel);
            if (spec.Ignition is not null)
                files.Ignition = files.Take(await WriteSecretAsync(Path.Combine(directory, "config.ign"), spec.Ignition, cancel), keep: false);
            if (spec.UserData is { } data)
                files.ConfigDrive = files.Take(await Qemu.ConfigDrive.CreateAsync(spec.Id, data, directory, cancel), keep: false);
            if (uefiTemplate is not null)
            {
                string variables = Path.Combine(place, "uefi-variables.fd");
                // Copied by content: the template belongs to root and may be read-only.
                string from = origin.Template is null ? uefiTemplate : Path.Combine(origin.Template, TemplateFiles.UefiVariables);
                await File.WriteAllBytesAsync(variables, await File.ReadAllBytesAsync(from, cancel), cancel);
                files.UefiVariables = files.Take(variables, keep);
            }

            // From the first byte, and never what an earlier attempt left. A copy's begins with its template's boot: that is its own, too.
            byte[] before = origin.Template is null ? [] : await File.ReadAllBytesAsync(Path.Combine(origin.Template, TemplateFiles.Console), cancel);
            await File.WriteAllBytesAsync(ConsoleOf(spec), before, cancel);
            return files;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            files.Dispose();
            throw new PlatformException(Signal.HostStorage, $"{spec.Id}: its files could not be made: {problem.Message}", problem);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Where the machine's console is written.</summary>
    public static string ConsoleOf(InstanceSpec spec) => Path.Combine(spec.Directory, "console.txt");

    /// <summary>Removes them, but for what is kept.</summary>
    public void Dispose()
    {
        Recorded?.Dispose();
        foreach (HeldFile file in _held)
            file.Dispose();
        RuntimeDirectory.Remove(Directory);
    }

    // A copy starts from its template's memory and keeps what it writes to itself; what becomes a template writes into a file of its own.
    private async Task CreateMemoryAsync(InstanceSpec spec, QemuOrigin origin, CancellationToken cancel)
    {
        string? template = origin.Template is null ? null : Path.Combine(origin.Template, TemplateFiles.Memory);
        if (origin.Draft is null)
        {
            Memory = template is null ? null : new QemuMemoryFile(template, Shared: false);
            return;
        }

        Memory = new QemuMemoryFile(Path.Combine(origin.Draft, TemplateFiles.Memory), Shared: true);
        foreach (string file in template is null ? [] : Memory.Files(spec.Machine.NumaNodes))
            await CopyAsync(spec.Id, Path.Combine(origin.Template!, Path.GetFileName(file)), file, cancel);
    }

    private async Task<List<QemuDisk>> CopyDisksAsync(InstanceSpec spec, QemuOrigin origin, string place, bool keep, CancellationToken cancel)
    {
        var disks = new List<QemuDisk>();
        foreach (QemuDisk disk in origin.Manifest!.Disks)
        {
            string template = Path.Combine(origin.Template!, disk.File);
            string own = Path.Combine(place, disk.File);
            // A template must not lean on another one, which may be removed before it.
            if (origin.Draft is null)
                await CreateImageAsync(spec.Id, ["-b", template, "-F", "qcow2", own], cancel);
            else
                await CopyAsync(spec.Id, template, own, cancel);
            disks.Add(disk with { File = Take(own, keep) });
        }

        return disks;
    }

    private static async Task CopyAsync(string id, string from, string to, CancellationToken cancel)
    {
        BufferedCommandResult result = await HostTool.RunAsync("cp", ["--sparse=always", "--reflink=auto", "--", from, to], cancel);
        if (result.ExitCode != 0)
            throw new PlatformException(Signal.HostStorage, $"{id}: {from} could not be copied\n  got:     {HostTool.LastLine(result.StandardError)}");
    }

    private async Task<List<QemuDisk>> CreateDisksAsync(InstanceSpec spec, string place, bool keep, CancellationToken cancel)
    {
        string boot = Path.Combine(place, "disk.qcow2");
        await CreateImageAsync(spec.Id, ["-b", spec.Image.File, "-F", spec.Image.Format, boot], cancel);
        if (spec.Machine.DiskMiB is { } size)
            await GrowAsync(spec.Id, boot, size, cancel);
        var disks = new List<QemuDisk> { new(Take(boot, keep), "primary-disk") };
        foreach (ExtraDisk disk in spec.Machine.Disks)
        {
            string file = Path.Combine(place, $"disk-{disks.Count}.qcow2");
            await CreateImageAsync(spec.Id, [file, string.Create(CultureInfo.InvariantCulture, $"{disk.SizeMiB}M")], cancel);
            disks.Add(new QemuDisk(Take(file, keep), disk.Serial, disk.Bus));
        }

        return disks;
    }

    private async Task<RecordedDisk> RecordAsync(InstanceSpec spec, QemuOrigin origin, string place, bool keep, CancellationToken cancel)
    {
        long bytes = (await InfoAsync(Disks[0].File, spec.Id, cancel)).VirtualBytes;
        return RecordedDisk.Create(place, keep, origin.Template is { } template
            ? (Path.Combine(template, origin.Manifest!.Disks[0].File), "qcow2", bytes)
            : (Path.GetFullPath(spec.Image.File), spec.Image.Format, bytes));
    }

    private static async Task<DiskInfo> InfoAsync(string file, string id, CancellationToken cancel) => await DiskInfo.ReadAsync(file, cancel)
        ?? throw new PlatformException(Signal.HostStorage, $"{id}: qemu-img cannot read the overlay it just made: {file}");

    private static async Task GrowAsync(string id, string file, int sizeMiB, CancellationToken cancel)
    {
        DiskInfo info = await InfoAsync(file, id, cancel);
        // A smaller size is no wish to cut the image off.
        if (info.VirtualBytes >= (long)sizeMiB << 20)
            return;
        await ImgAsync(id, ["resize", "-q", "-f", "qcow2", file, string.Create(CultureInfo.InvariantCulture, $"{sizeMiB}M")], cancel);
    }

    private static Task CreateImageAsync(string id, IEnumerable<string> arguments, CancellationToken cancel) =>
        ImgAsync(id, ["create", "-q", "-f", "qcow2", "-o", "lazy_refcounts=on", .. arguments], cancel);

    private static async Task ImgAsync(string id, string[] arguments, CancellationToken cancel)
    {
        BufferedCommandResult result = await HostTool.RunAsync("qemu-img", arguments, cancel);
        if (result.ExitCode != 0)
            throw new PlatformException(Signal.HostStorage, $"{id}: `qemu-img {string.Join(' ', arguments)}` failed\n  got:     {HostTool.LastLine(result.StandardError)}");
    }

    private static async Task<string> WriteSecretAsync(string file, string text, CancellationToken cancel)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using var writer = new StreamWriter(file, options);
        await writer.WriteAsync(text.AsMemory(), cancel);
        return file;
    }

    private string Take(string file, bool keep)
    {
        HeldFile held = HeldFile.Take(file, keep);
        _held.Add(held);
        return held.Path;
    }
}
