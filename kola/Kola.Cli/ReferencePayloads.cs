using System.Security.Cryptography;
using System.Text;
using Flatcar.Reference;
using Kola.Updates;

namespace Kola.Cli;

/// <summary>
/// Payloads of the releases around the reference image: the next one, whole, as released ones are, and all of them with what differs between any of them, which
/// installs in a tenth of the time. Kept in the cache directory.
/// </summary>
internal sealed class ReferencePayloads(Surroundings surroundings, Image image)
{
    /// <summary>In the cache directory.</summary>
    internal const string DirectoryName = "payloads";

    // What a payload carries of a USR partition: released ones fit the partitions of older releases, which were this large.
    private const long PartitionBytes = 1 << 30;

    // Changed when payloads made before are not what is wanted any more.
    private const int Generation = 1;

    /// <summary>Whether the image is one whose older and newer releases can be made.</summary>
    internal static bool CanBeMadeFor(Image image) => image.Variant == "reference" && image.Version is not null;

    /// <summary>What was chosen; made if need be, which takes a minute and root.</summary>
    /// <exception cref="UsageException">They cannot be made here.</exception>
    internal async Task<UpdatePayloads> GetAsync(UpdateChoice choice, IProgress<string> progress, CancellationToken cancel)
    {
        if (!choice.Makes(image))
            return new UpdatePayloads { All = choice.Files, Key = choice.Key };
        int here = int.Parse(image.Version!.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture);
        string[] versions = [.. new[] { here - 2, here - 1, here, here + 1 }.Select(major => $"{major}{image.Version.Split('+')[0][image.Version.IndexOf('.')..]}")];
        string directory = Path.Combine(surroundings.CacheDirectory, DirectoryName, KeyOf(versions)[..20]);
        IReadOnlyList<UpdatePayload> all = [new UpdatePayload(versions[^1], Path.Combine(directory, $"whole-{versions[^1]}.gz")), .. versions.Select(v => new UpdatePayload(v, Path.Combine(directory, $"flatcar-{v}.gz")) { Whole = false })];
        if (!Directory.Exists(directory))
            await MakeAsync(directory, versions, all, progress, cancel);
        return new UpdatePayloads { All = all, Key = choice.Key };
    }

    private string KeyOf(IEnumerable<string> versions) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Generation} {image.Digest} {string.Join(' ', versions)} {ReferenceImage.Digest(Options(versions.First()))}")));

    private ReferenceImageOptions Options(string version) => new() { CacheDirectory = surroundings.CacheDirectory, Version = version };

    private async Task MakeAsync(string directory, IReadOnlyList<string> versions, IReadOnlyList<UpdatePayload> all, IProgress<string> progress, CancellationToken cancel)
    {
        string aside = $"{directory}.{Environment.ProcessId}.new";
        try
        {
            Directory.CreateDirectory(aside);
            var releases = new List<ReferenceRelease>();
            foreach (string version in versions)
                releases.Add(await ReferenceImage.BuildReleaseAsync(Options(version), Directory.CreateDirectory(Path.Combine(aside, version)).FullName, progress, cancel));
            progress.Report("update payloads");
            using var key = RSA.Create();
            key.ImportFromPem(ReferenceImage.UpdateKey);
            // The image under test may be of another build of the same recipe: what it really holds is what counts.
            var here = new ByteRange(image.File, ReferenceImage.UsrOffset, PartitionBytes);
            foreach (UpdatePayload payload in all)
            {
                ReferenceRelease release = releases.Single(r => r.Version == payload.Version);
                var source = new PayloadSource { Image = ByteRange.Of(release.Usr).First(PartitionBytes), Kernel = ByteRange.Of(release.Kernel) };
                if (!payload.Whole)
                    source = source with { OldImages = [here, .. releases.Select(r => ByteRange.Of(r.Usr).First(PartitionBytes))], OldKernels = [.. releases.Select(r => ByteRange.Of(r.Kernel))] };
                await PayloadWriter.WriteAsync(source, Path.Combine(aside, Path.GetFileName(payload.File)), [key], cancel);
            }

            foreach (string version in versions)
                Directory.Delete(Path.Combine(aside, version), recursive: true);
            Directory.Move(aside, directory);
        }
        catch (ReferenceBuildException cannot)
        {
            throw new UsageException(cannot.Message, cannot);
        }
        catch (IOException) when (Directory.Exists(directory))
        {
            // Another kola was quicker.
        }
        finally
        {
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
        }
    }
}
