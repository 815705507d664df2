using System.Buffers.Binary;
using CliWrap;
using CliWrap.Buffered;

namespace Kola.OpenStack;

/// <summary>A disk as it goes to glance.</summary>
/// <param name="file">Its file.</param>
/// <param name="own">Whether the file goes with this.</param>
internal sealed class Disk(string file, bool own) : IDisposable
{
    // Magic and version, two words of a backing file, and then how large the disk is: 51 46 49 fb 00 00 00 03 …
    private const int SizeAt = 24;
    private static readonly byte[] s_magic = [0x51, 0x46, 0x49, 0xfb];

    /// <summary>Its file.</summary>
    internal string File => file;

    /// <summary>Has an image as glance is to have it.</summary>
    /// <param name="image">Raw or qcow2.</param>
    /// <param name="format">What it is to be: <c>raw</c> or <c>qcow2</c>, which has no holes that would go over the wire as zeros.</param>
    /// <param name="directory">For what is written out.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    /// <exception cref="UsageException">This host has no qemu-img.</exception>
    /// <exception cref="PlatformException">The image cannot be converted.</exception>
    internal static async Task<Disk> OpenAsync(Image image, string format, string directory, CancellationToken cancel)
    {
        if (image.Format == format)
            return new Disk(image.File, own: false);
        var disk = new Disk(Path.Combine(directory, $"openstack-{Guid.NewGuid():N}.{format}"), own: true);
        try
        {
            BufferedCommandResult result = await Cli.Wrap("qemu-img").WithArguments(["convert", "-f", image.Format, "-O", format, image.File, disk.File])
                .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancel);
            return result.ExitCode == 0 ? disk
                : throw new PlatformException(Signal.ImageStore, $"openstack: {image.File} could not be made a {format}\n  got:     qemu-img: {result.StandardError.Trim()}");
        }
        catch (System.ComponentModel.Win32Exception none)
        {
            throw new UsageException($"openstack: `qemu-img` cannot be used on this host\n  wanted:  the program on the path, to make a {format} of a {image.Format} image\n  got:     no such program\n  next:    apt-get install qemu-utils, or --openstack-disk-format {image.Format}", none);
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    /// <summary>How large a disk it is for a machine, in GiB, rounded up.</summary>
    /// <exception cref="UsageException">It is no qcow2.</exception>
    internal static async Task<int> GiBAsync(Image image, CancellationToken cancel)
    {
        await using FileStream stream = System.IO.File.OpenRead(image.File);
        long bytes = stream.Length;
        if (image.Format != "raw")
        {
            byte[] head = new byte[SizeAt + sizeof(long)];
            if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancel) < head.Length || !head.AsSpan(0, 4).SequenceEqual(s_magic))
                throw new UsageException($"openstack: {image.File} is no qcow2\n  wanted:  a raw or a qcow2 image");
            bytes = BinaryPrimitives.ReadInt64BigEndian(head.AsSpan(SizeAt));
        }

        return Whole(bytes);
    }

    /// <summary>Bytes as GiB, rounded up.</summary>
    internal static int Whole(long bytes) => (int)((bytes + (1L << 30) - 1) >> 30);

    /// <summary>Removes what was written out.</summary>
    public void Dispose()
    {
        if (own)
            System.IO.File.Delete(file);
    }
}
