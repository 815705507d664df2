using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Kola.Qemu;

/// <summary>What a probe of KVM found, kept per host kernel, QEMU version and guest kernel.</summary>
internal sealed record KvmAnswer
{
    // A host that was overloaded, or has had nested virtualization switched on since, must not be emulated for ever.
    private static readonly TimeSpan s_noHolds = TimeSpan.FromHours(24);
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Whether a kernel ran.</summary>
    public required bool Works { get; init; }

    /// <summary>What was seen, one line.</summary>
    public required string Detail { get; init; }

    /// <summary>How long the probe took.</summary>
    public required double Seconds { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset MeasuredAt { get; init; }

    /// <summary>The file an answer is kept in.</summary>
    public static string FileFor(string cacheDirectory, string hostKernel, Version qemu, string guestKernelDigest)
    {
        byte[] key = SHA256.HashData(Encoding.UTF8.GetBytes($"{hostKernel}\n{qemu}\n{guestKernelDigest}"));
        return Path.Combine(cacheDirectory, $"kvm-{Convert.ToHexStringLower(key)[..16]}.json");
    }

    /// <summary>The kept answer; null when there is none, it cannot be read, or it is a "no" older than 24 hours.</summary>
    public static async Task<KvmAnswer?> ReadAsync(string file, TimeProvider clock, CancellationToken cancel)
    {
        try
        {
            KvmAnswer? answer = JsonSerializer.Deserialize<KvmAnswer>(await File.ReadAllTextAsync(file, cancel), s_json);
            return answer is null || !answer.Works && clock.GetUtcNow() - answer.MeasuredAt > s_noHolds ? null : answer;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Keeps it. A cache that cannot be written costs the next run a probe, no more.</summary>
    public async Task WriteAsync(string file, CancellationToken cancel)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            string fresh = $"{file}.{Environment.ProcessId}";
            await File.WriteAllTextAsync(fresh, JsonSerializer.Serialize(this, s_json), cancel);
            File.Move(fresh, file, overwrite: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
        }
    }
}
