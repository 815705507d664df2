using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Kola.Platforms.Tests.Gcp;

/// <summary>A bucket images go through, in files, and what Compute Engine unpacks of them.</summary>
/// <param name="directory">Where all that is kept.</param>
internal sealed class GcpBucket(string directory)
{
    private const int HeadBytes = 512;

    /// <summary>Names of what is in it.</summary>
    public SortedSet<string> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>The raw disk an image was made of.</summary>
    public string DiskOf(string image) => Path.Combine(directory, $"image-{image}", "disk.raw");

    /// <summary>Keeps what was uploaded.</summary>
    public void Keep(string name, string file)
    {
        File.Move(file, FileOf(name), overwrite: true);
        Objects.Add(name);
    }

    /// <summary>Deletes it.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Drop(string name)
    {
        File.Delete(FileOf(name));
        return Objects.Remove(name);
    }

    /// <summary>Unpacks an image: a tar of the old GNU kind with a disk.raw of whole GiB in it, and nothing else.</summary>
    /// <param name="image">Its name.</param>
    /// <param name="name">Of the object.</param>
    /// <returns>What is wrong; null when nothing is.</returns>
    public async Task<(string Code, string Message)?> UnpackAsync(string image, string name)
    {
        await Task.Yield();
        if (!Objects.Contains(name))
            return ("RESOURCE_NOT_FOUND", $"The resource '{name}' was not found.");
        byte[] head = new byte[HeadBytes];
        await using (var packed = new GZipStream(File.OpenRead(FileOf(name)), CompressionMode.Decompress))
            await packed.ReadExactlyAsync(head);
        if (Encoding.ASCII.GetString(head, 257, 8) != "ustar  \0")
            return ("INVALID_USAGE", "The tar archive is not of the old GNU format.");
        string place = Directory.CreateDirectory(Path.GetDirectoryName(DiskOf(image))!).FullName;
        await Recording.GuestHost.RunAsync("tar", "-xzf", FileOf(name), "-C", place);
        string[] inside = [.. Directory.GetFiles(place).Select(f => string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(f)} of {new FileInfo(f).Length} bytes"))];
        return inside is [var one] && one.StartsWith("disk.raw ", StringComparison.Ordinal) && new FileInfo(DiskOf(image)).Length % (1L << 30) == 0 ? null
            : ("INVALID_USAGE", $"The tar archive has to have one file disk.raw of whole GB, and has {string.Join(", ", inside)}.");
    }

    private string FileOf(string name) => Path.Combine(directory, name);
}
