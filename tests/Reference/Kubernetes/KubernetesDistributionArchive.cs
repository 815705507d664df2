using System.ComponentModel;
using System.Security.Cryptography;
using Flatcar.Reference.Building;

namespace Flatcar.Reference.Kubernetes;

/// <summary>
/// A distribution that came as one file: an archive of tar's, in any compression tar knows, or a file system of squashfs, as images of system
/// extensions are. It is unpacked once, under the file's digest.
/// </summary>
public static class KubernetesDistributionArchive
{
    private static readonly byte[] SquashfsMagic = "hsqs"u8.ToArray();

    // Distributions take a few times their archive's size.
    internal static BuildKind Kind { get; } = new("Kubernetes distribution", "kubernetes-archives", "the unpacked distribution's size", null);

    /// <summary>
    /// Directory of the distribution in the file: that of the only <c>kubernetes.json</c> in it, at whatever depth. What it holds is not looked at.
    /// Several callers wait for one another; one that is interrupted leaves nothing that looks finished. Never write to it.
    /// </summary>
    /// <param name="file">The archive; only read.</param>
    /// <param name="cacheDirectory">Directory of kola's caches; it goes below <c>kubernetes-archives/</c> in it.</param>
    /// <param name="progress">Told what takes long.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ReferenceBuildException">It is no archive, not whole, or has no distribution in it; a program is missing, or the disk is full.</exception>
    public static async Task<string> UnpackAsync(string file, string cacheDirectory, IProgress<string> progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(progress);
        string digest;
        await using (FileStream content = File.OpenRead(file))
            digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel));
        var final = BuildCache.ResultDirectory(Kind, cacheDirectory, digest);
        if (!Directory.Exists(final))
        {
            await BuildCache.HoldingAsync(
                Kind, cacheDirectory, progress,
                async cache =>
                {
                    if (!Directory.Exists(final))
                        await UnpackAsync(Path.GetFullPath(file), cache.NewTemporary(), final, progress, cancel);
                    return final;
                },
                cancel);
        }

        // When it was used last.
        Directory.SetLastWriteTimeUtc(final, TimeProvider.System.GetUtcNow().UtcDateTime);
        return Path.GetDirectoryName(Find(final)[0])!;
    }

    /// <summary>Directories of unpacked archives, the last used first, each with the file in it that describes the distribution.</summary>
    /// <param name="cacheDirectory">The cache directory; it need not exist.</param>
    public static IReadOnlyList<(string Directory, string Manifest)> All(string cacheDirectory) =>
        [.. BuildCache.NewestFirst(BuildCache.RootDirectory(Kind, cacheDirectory), d => Path.GetFileName(d) != "tmp" && Find(d).Length == 1).Select(d => (d, Find(d)[0]))];

    /// <summary>Keeps others from unpacking while the returned object lives; null when one does, or this user may not.</summary>
    /// <param name="cacheDirectory">The cache directory; the folder of archives in it exists.</param>
    public static IDisposable? TryHold(string cacheDirectory) => BuildCache.TryHold(Kind, cacheDirectory);

    private static async Task UnpackAsync(string file, string temporary, string final, IProgress<string> progress, CancellationToken cancel)
    {
        progress.Report($"unpacking {Path.GetFileName(file)}, once");
        string[] command = await IsSquashfsAsync(file, cancel)
            ? ["unsquashfs", "-no-progress", "-no-xattrs", "-force", "-dest", temporary, file]
            : ["tar", "--extract", "--file", file, "--directory", temporary, "--no-same-owner", "--no-same-permissions"];
        string? failure;
        try
        {
            failure = await Tool.FailureOfAsync(command, temporary, cancel);
        }
        catch (ReferenceBuildException e) when (e.InnerException is Win32Exception missing)
        {
            throw Wrong(file, "cannot be unpacked", $"the program {command[0]}", missing.Message, $"apt-get install {(command[0] == "tar" ? "tar" : "squashfs-tools")}", e);
        }

        if (failure is not null)
            throw Wrong(file, "cannot be unpacked", "an archive of tar's (.tar, .tar.gz, .tar.xz, .tar.zst …) or a squashfs, whole", failure.Split('\n')[0], "make or fetch it again, or give the directory it was made of");
        var found = Find(temporary);
        if (found.Length != 1)
        {
            throw Wrong(
                file, "is no distribution", $"one {KubernetesDistribution.ManifestName} in it, with the rest of the distribution beside it",
                found.Length == 0 ? "none" : string.Join(", ", found.Select(f => Path.GetRelativePath(temporary, f))), "see docs/kubernetes-distribution.md");
        }

        BuildCache.Publish(temporary, final);
    }

    private static ReferenceBuildException Wrong(string file, string what, string wanted, string got, string next, Exception? inner = null) =>
        ReferenceBuildException.Of($"{file} {what}", wanted, got, next, inner);

    private static async Task<bool> IsSquashfsAsync(string file, CancellationToken cancel)
    {
        var start = new byte[SquashfsMagic.Length];
        await using FileStream content = File.OpenRead(file);
        return await content.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancel) == start.Length && start.AsSpan().SequenceEqual(SquashfsMagic);
    }

    private static string[] Find(string directory) =>
        Directory.GetFiles(directory, KubernetesDistribution.ManifestName, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint });
}
