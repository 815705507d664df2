using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CliWrap.Buffered;

namespace Kola.Qemu;

/// <summary>SHA-256 of large files, remembered until the file changes: hashing 12 GiB takes longer than a boot.</summary>
internal static class ImageDigest
{
    /// <summary>Digest of a file's content, <c>sha256:</c> and 64 hex digits.</summary>
    public static async Task<string> OfAsync(string file, string cacheDirectory, CancellationToken cancel)
    {
        string identity = await IdentityOfAsync(file, cancel);
        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file)))[..16];
        string kept = Path.Combine(cacheDirectory, $"digest-{name}.json");
        if (await ReadAsync(kept, cancel) is { } known && known.Identity == identity)
            return known.Digest;

        await using FileStream content = File.OpenRead(file);
        string digest = "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel));
        await WriteAsync(kept, new Known(file, identity, digest), cancel);
        return digest;
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
