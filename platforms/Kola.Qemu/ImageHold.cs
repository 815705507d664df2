namespace Kola.Qemu;

/// <summary>
/// An image in use. The file itself is locked, by whoever uses it together, by who removes it alone: kola keeps no book, and a lock ends with
/// its process.
/// </summary>
internal static class ImageHold
{
    private const int HeldByAnother = 11;

    /// <summary>Keeps <c>kola cache</c> from removing an image while the returned object lives, and notes that it was used.</summary>
    /// <returns>Null for a file that cannot be opened, which is for others to complain about.</returns>
    /// <exception cref="PlatformException">It is just being removed.</exception>
    public static FileStream? Take(string image, string cacheDirectory, TimeProvider clock)
    {
        try
        {
            var held = new FileStream(image, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (ImageDigest.FileFor(image, cacheDirectory) is var note && File.Exists(note))
                File.SetLastWriteTimeUtc(note, clock.GetUtcNow().UtcDateTime);
            return held;
        }
        catch (IOException held) when (held.HResult == HeldByAnother)
        {
            throw new PlatformException(Signal.ImageStore, $"image: \"{image}\" is being removed by another kola\n  next:    run again", held);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Holds it alone, for removal; null when somebody uses it or it cannot be opened.</summary>
    public static FileStream? TryTakeAlone(string image)
    {
        try
        {
            return new FileStream(image, FileMode.Open, FileAccess.Read, FileShare.None, bufferSize: 0);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
