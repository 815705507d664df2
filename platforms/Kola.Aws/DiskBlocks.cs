using CliWrap;
using CliWrap.Buffered;

namespace Kola.Aws;

/// <summary>The contents of a disk image as a snapshot takes them: blocks of 512 KiB, those of nothing but zeros left out.</summary>
internal sealed class DiskBlocks : IDisposable
{
    private readonly string _raw;
    private readonly bool _own;

    private DiskBlocks(string raw, bool own)
    {
        _raw = raw;
        _own = own;
        Bytes = new FileInfo(raw).Length;
    }

    /// <summary>Size of the disk as the guest sees it.</summary>
    internal long Bytes { get; }

    /// <summary>Size of the smallest volume that holds it.</summary>
    internal int Gibibytes => (int)((Bytes + (1L << 30) - 1) >> 30);

    /// <summary>Opens an image; one that is not raw is written out beside it as it is for a guest, sparsely, and removed with this.</summary>
    /// <param name="image">The image.</param>
    /// <param name="directory">Existing directory for what is written out.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    /// <exception cref="UsageException">This host has no qemu-img.</exception>
    /// <exception cref="PlatformException">The image could not be read.</exception>
    internal static async Task<DiskBlocks> OpenAsync(Image image, string directory, CancellationToken cancel)
    {
        if (image.Format == "raw")
            return new DiskBlocks(image.File, own: false);
        string raw = Path.Combine(directory, $"aws-{Guid.NewGuid():N}.raw");
        try
        {
            BufferedCommandResult result = await Cli.Wrap("qemu-img").WithArguments(["convert", "-f", image.Format, "-O", "raw", image.File, raw])
                .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancel);
            return result.ExitCode == 0 ? new DiskBlocks(raw, own: true)
                : throw new PlatformException(Signal.ImageStore, $"aws: {image.File} could not be read\n  got:     qemu-img: {result.StandardError.Trim()}");
        }
        catch (System.ComponentModel.Win32Exception none)
        {
            throw new UsageException("aws: `qemu-img` cannot be used on this host\n  wanted:  the program on the path, to read a qcow2 image\n  got:     no such program\n  next:    apt-get install qemu-utils", none);
        }
        catch
        {
            File.Delete(raw);
            throw;
        }
    }

    /// <summary>Reads the blocks that are not all zeros, in order. The last one is filled up with zeros.</summary>
    internal IEnumerable<(int Index, byte[] Block)> Read()
    {
        using var file = new FileStream(_raw, FileMode.Open, FileAccess.Read, FileShare.Read, EbsDirect.BlockBytes, FileOptions.SequentialScan);
        byte[] block = new byte[EbsDirect.BlockBytes];
        for (int index = 0; ; index++)
        {
            int read = file.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
            if (read == 0)
                yield break;
            block.AsSpan(read).Clear();
            if (!block.AsSpan().ContainsAnyExcept((byte)0))
                continue;
            yield return (index, block);
            block = new byte[EbsDirect.BlockBytes];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_own)
            File.Delete(_raw);
    }
}
