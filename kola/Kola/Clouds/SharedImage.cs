using Kola.Platforms;

namespace Kola.Clouds;

/// <summary>Images in a cloud that are brought there once for each digest, and stay for all runs.</summary>
public static class SharedImage
{
    /// <summary>Run whose resources images are.</summary>
    public const string Run = "image";

    private const string WorkMark = "-work-";
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);

    /// <summary>How long an image stays when nobody uses it.</summary>
    public static TimeSpan Kept { get; } = TimeSpan.FromDays(30);

    /// <summary>What an image is called there: <c>kola-</c>, 24 digits of its digest, and what else makes it another one.</summary>
    public static string NameOf(Image image, string more) => $"kola-{image.Digest["sha256:".Length..][..24]}{(more.Length > 0 ? "-" : "")}{more}";

    /// <summary>The tags of a whole image.</summary>
    public static ResourceTags Tags(TimeProvider clock) => new() { Run = Run, Owner = "kola", Expires = clock.GetUtcNow() + Kept };

    /// <summary>Whether an image is to be given more time, since it is used.</summary>
    public static bool IsOld(ResourceTags? tags, TimeProvider clock) => tags is null || tags.Run != Run || tags.Expires - clock.GetUtcNow() < Kept / 2;

    /// <summary>Finds an image, or brings it. Runs of this host take turns, so that one of them brings it and the others find it.</summary>
    /// <param name="access">Says where turns are taken.</param>
    /// <param name="name">Of the image, with what tells clouds apart.</param>
    /// <param name="find">Finds a whole image; null when there is none.</param>
    /// <param name="bring">Brings it; nothing that is not whole is left when that fails.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<T> BringAsync<T>(PlatformAccess access, string name, Func<CancellationToken, Task<T?>> find, Func<CancellationToken, Task<T>> bring, CancellationToken cancel)
        where T : class
    {
        Directory.CreateDirectory(access.CacheDirectory);
        await using FileStream turn = await TurnAsync(Path.Combine(access.CacheDirectory, $"{name}.lock"), access.Clock, cancel);
        return await find(cancel) ?? await bring(cancel);
    }

    /// <summary>Makes a directory an image is made ready in. A killed kola leaves it, with the whole of the image: see <see cref="WorkLeft"/>.</summary>
    /// <param name="access">Says where.</param>
    /// <param name="cloud">The platform's name.</param>
    /// <returns>Its absolute path.</returns>
    public static string MakeWork(PlatformAccess access, string cloud) =>
        Directory.CreateDirectory(Path.Combine(access.CacheDirectory, $"{cloud}{WorkMark}{Maker.Self}-{Guid.NewGuid():N}")).FullName;

    /// <summary>The directories of <see cref="MakeWork"/> that are there, each until the process that made it is gone.</summary>
    /// <param name="access">Says where.</param>
    /// <param name="cloud">The platform's name.</param>
    public static IEnumerable<ILeftover> WorkLeft(PlatformAccess access, string cloud)
    {
        foreach (string directory in Directory.Exists(access.CacheDirectory) ? Directory.EnumerateDirectories(access.CacheDirectory, $"{cloud}{WorkMark}*") : [])
        {
            // gcp-work-1a2b3c4d5e6f-4711-123456-0123456789abcdef0123456789abcdef
            string maker = Path.GetFileName(directory)[(cloud.Length + WorkMark.Length)..];
            var tags = new ResourceTags { Run = Run, Owner = "kola", Expires = DateTimeOffset.MaxValue, MadeBy = maker[..Math.Max(0, maker.LastIndexOf('-'))] };
            yield return new CloudLeftover("directory", directory, tags, true, _ => Task.Run(() => Drop(directory), CancellationToken.None));
        }
    }

    private static void Drop(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // It went meanwhile.
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException(Signal.HostStorage, $"{directory} could not be deleted: {fault.Message}", fault);
        }
    }

    private static async Task<FileStream> TurnAsync(string file, TimeProvider clock, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(s_pause, clock, cancel);
            }
        }
    }
}
