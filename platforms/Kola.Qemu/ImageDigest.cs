using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using Microsoft.Win32.SafeHandles;

namespace Kola.Qemu;

/// <summary>SHA-256 of large files, remembered until the file changes: hashing 12 GiB takes longer than a boot.</summary>
internal static class ImageDigest
{
    private const int BlockBytes = 1 << 20;

    /// <summary>Digest of a file's content, <c>sha256:</c> and 64 hex digits.</summary>
    public static async Task<string> OfAsync(string file, string cacheDirectory, CancellationToken cancel)
    {
        string identity = await IdentityOfAsync(file, cancel);
        string kept = FileFor(file, cacheDirectory);
        if (await ReadAsync(kept, cancel) is { } known && known.Identity == identity)
            return known.Digest;

        string digest = "sha256:" + Convert.ToHexStringLower(await HashAsync(file, cancel));
        await WriteAsync(kept, new Known(file, identity, digest), cancel);
        return digest;
    }

    /// <summary>Where a file's digest is remembered. It is written to by nobody else but who notes that the file was used.</summary>
    public static string FileFor(string file, string cacheDirectory) =>
        Path.Combine(cacheDirectory, $"digest-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file)))[..16]}.json");

    /// <summary>The file a remembered digest is of; null when it cannot be read.</summary>
    public static async Task<string?> SubjectAsync(string kept, CancellationToken cancel) => (await ReadAsync(kept, cancel))?.File;

    // A fresh image is 12 GiB of which one holds data: holes are hashed as the zeros they are, and not read.
    private static async Task<byte[]> HashAsync(string file, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using SafeFileHandle content = File.OpenHandle(file, options: FileOptions.Asynchronous);
        byte[] zeros = new byte[BlockBytes];
        byte[] block = new byte[BlockBytes];
        long size = RandomAccess.GetLength(content);
        foreach ((long start, long length, bool isData) in await ExtentsAsync(file, size, cancel))
        {
            int step;
            for (long at = start; at < start + length; at += step)
            {
                cancel.ThrowIfCancellationRequested();
                step = (int)Math.Min(BlockBytes, start + length - at);
                if (isData && (step = await RandomAccess.ReadAsync(content, block.AsMemory(0, step), at, cancel)) == 0)
                    throw new PlatformException(Signal.ImageStore, $"image: \"{file}\" became shorter while it was read");
                hash.AppendData(isData ? block : zeros, 0, step);
            }
        }

        return hash.GetHashAndReset();
    }

    // [{ "start": 0, "length": 1048576, "depth": 0, "present": true, "zero": false, "data": true, "offset": 0}, …]
    // qemu-img counts in whole sectors, so the last extent may reach beyond the file's end.
    private static async Task<IEnumerable<(long Start, long Length, bool IsData)>> ExtentsAsync(string file, long size, CancellationToken cancel)
    {
        BufferedCommandResult map = await HostTool.RunAsync("qemu-img", ["map", "-f", "raw", "--output=json", file], cancel);
        if (map.ExitCode != 0)
            return [(0, size, true)];
        return JsonNode.Parse(map.StandardOutput)!.AsArray().Select(extent =>
        {
            long start = extent!["start"]!.GetValue<long>();
            return (start, Math.Min(extent["length"]!.GetValue<long>(), size - start), extent["data"]!.GetValue<bool>());
        });
    }

    // Device, inode, size, and the two times to the nanosecond: 65024:1835021:5368709120:1795372245.323714123:1795372245.323714123
    // The change time betrays a file that was written and had its modification time set back.
    private static async Task<string> IdentityOfAsync(string file, CancellationToken cancel)
    {
        BufferedCommandResult stat = await HostTool.RunAsync("stat", ["-L", "--format=%d:%i:%s:%.9Y:%.9Z", "--", file], cancel);
        return stat.ExitCode == 0 ? stat.StandardOutput.Trim() : throw new UsageException($"image: \"{file}\" cannot be read: {HostTool.LastLine(stat.StandardError)}");
    }

    private static async Task<Known?> ReadAsync(string kept, CancellationToken cancel)
    {
        try
        {
            return JsonSerializer.Deserialize<Known>(await File.ReadAllTextAsync(kept, cancel));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private static async Task WriteAsync(string kept, Known known, CancellationToken cancel)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
            string fresh = $"{kept}.{Environment.ProcessId}";
            await File.WriteAllTextAsync(fresh, JsonSerializer.Serialize(known), cancel);
            File.Move(fresh, kept, overwrite: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // Then it is hashed again next time.
        }
    }

    private sealed record Known(string File, string Identity, string Digest);
}
