using System.Buffers.Binary;
using CliWrap.Buffered;

namespace Kola.Qemu;

/// <summary>Takes a file a person named and makes an <see cref="Image"/> of it.</summary>
public static class ImageFile
{
    private const int SectorBytes = 512;

    /// <summary>
    /// Unpacks the file if it is compressed (bzip2, gzip, xz, zstd; once, into the cache), checks that it is a whole disk image and
    /// reads what is said of it in the <c>.json</c> beside it. The file is never written to.
    /// </summary>
    /// <param name="path">A raw or qcow2 disk image, or one of these compressed.</param>
    /// <param name="cacheDirectory">Where unpacked images and digests are kept.</param>
    /// <param name="progress">Told what takes long, a sentence each; null for nobody.</param>
    /// <param name="cancel">Ends it; no half-written file is left.</param>
    /// <exception cref="UsageException">It is no disk image, damaged, or described wrongly.</exception>
    /// <exception cref="PlatformException">It could not be unpacked: the disk is full.</exception>
    public static async Task<Image> PrepareAsync(string path, string cacheDirectory, IProgress<string>? progress, CancellationToken cancel)
    {
        string given = Path.GetFullPath(path);
        CheckFile(given);
        string file = await UnpackedImage.OfAsync(given, cacheDirectory, progress, cancel);
        DiskInfo info = await CheckDiskAsync(given, file, cancel);
        progress?.Report($"reading {Path.GetFileName(file)}");
        var image = new Image
        {
            File = file,
            Format = info.Format,
            Digest = await ImageDigest.OfAsync(file, cacheDirectory, cancel),
            Name = Path.GetFileName(given),
        };
        return await ImageSidecar.DescribeAsync(image, ImageSidecar.PathFor(given), cancel);
    }

    private static void CheckFile(string path)
    {
        if (Directory.Exists(path))
            throw Unusable(path, "a disk image file", "a directory");
        if (!File.Exists(path))
            throw Unusable(path, "a disk image file", "no such file");
        if (new FileInfo(path).Length == 0)
            throw Unusable(path, "a disk image", "an empty file");
    }

    private static async Task<DiskInfo> CheckDiskAsync(string given, string file, CancellationToken cancel)
    {
        const string wanted = "a raw or qcow2 disk image";
        DiskInfo info = await DiskInfo.ReadAsync(file, cancel) ?? throw Unusable(given, wanted, "a file qemu-img cannot open");
        if (info.Format is not ("raw" or "qcow2"))
            throw Unusable(given, wanted, $"format \"{info.Format}\"", $"qemu-img convert -O qcow2 {given} FILE.qcow2");
        if (info.Format == "qcow2")
            await CheckQcow2Async(given, file, cancel);
        byte[] start = info.Format == "raw" ? await ReadStartAsync(file, cancel) : await ReadStartThroughQemuAsync(given, file, cancel);
        if (WhatIsWrong(start, info.VirtualBytes) is { } wrong)
            throw Unusable(given, "a whole disk image with a partition table", wrong);
        return info;
    }

    /// <summary>What is wrong with a disk of which the first two sectors are known; null when nothing is.</summary>
    internal static string? WhatIsWrong(ReadOnlySpan<byte> start, long bytes)
    {
        if (start.Length < 2 * SectorBytes)
            return $"{start.Length} bytes";
        ReadOnlySpan<byte> header = start[SectorBytes..];
        if (!header.StartsWith("EFI PART"u8))
            return start[510] == 0x55 && start[511] == 0xAA ? null : "neither a GPT nor a boot sector";
        // The backup of the table is in the last sector; its number stands at offset 32.
        long sectors = BinaryPrimitives.ReadInt64LittleEndian(header[32..]) + 1;
        return bytes < sectors * SectorBytes ? $"{bytes} bytes of {sectors * SectorBytes}: the file is cut off" : null;
    }

    // qemu-img opens a cut-off qcow2 without complaint; check finds the clusters that are missing. Leaked clusters (3) harm nobody.
    private static async Task CheckQcow2Async(string given, string file, CancellationToken cancel)
    {
        BufferedCommandResult check = await HostTool.RunAsync("qemu-img", ["check", "-q", "-f", "qcow2", file], cancel);
        if (check.ExitCode is not (0 or 3))
            throw Unusable(given, "a qcow2 without errors", HostTool.LastLine(check.StandardError + "\n" + check.StandardOutput), $"qemu-img check {given}");
    }

    private static async Task<byte[]> ReadStartAsync(string file, CancellationToken cancel)
    {
        byte[] start = new byte[2 * SectorBytes];
        await using FileStream disk = File.OpenRead(file);
        int length = await disk.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancel);
        return start[..length];
    }

    private static async Task<byte[]> ReadStartThroughQemuAsync(string given, string file, CancellationToken cancel)
    {
        string copy = Path.GetTempFileName();
        try
        {
            string[] arguments = ["dd", "-f", "qcow2", "-O", "raw", $"bs={SectorBytes}", "count=2", $"if={file}", $"of={copy}"];
            BufferedCommandResult dd = await HostTool.RunAsync("qemu-img", arguments, cancel);
            return dd.ExitCode == 0 ? await ReadStartAsync(copy, cancel) : throw Unusable(given, "a readable qcow2", HostTool.LastLine(dd.StandardError));
        }
        finally
        {
            File.Delete(copy);
        }
    }

    internal static UsageException Unusable(string path, string wanted, string got, string? next = null) =>
        new($"image: \"{path}\" cannot be used\n  wanted:  {wanted}\n  got:     {got}\n  next:    {next ?? "give the path of an image: --image FILE"}");
}
