using System.ComponentModel;
using CliWrap;
using CliWrap.Exceptions;
using ICSharpCode.SharpZipLib;
using ICSharpCode.SharpZipLib.BZip2;
using ICSharpCode.SharpZipLib.GZip;
using ZstdSharp;

namespace Kola.Qemu;

/// <summary>Images come compressed; each is unpacked once, into the cache, under the digest of what was downloaded.</summary>
internal static class UnpackedImage
{
    private const int BlockBytes = 1 << 20;
    private const int NoSpaceLeft = 28;

    /// <summary>The file itself, or its unpacked copy when it is compressed.</summary>
    public static async Task<string> OfAsync(string file, string cacheDirectory, IProgress<string>? progress, CancellationToken cancel)
    {
        Packing packing = await DetectAsync(file, cancel);
        if (packing == Packing.None)
            return file;
        string digest = await ImageDigest.OfAsync(file, cacheDirectory, cancel);
        string directory = Path.Combine(cacheDirectory, "images");
        string unpacked = Path.Combine(directory, $"{digest["sha256:".Length..][..16]}.img");
        if (File.Exists(unpacked))
            return unpacked;

        progress?.Report($"unpacking {Path.GetFileName(file)}, once");
        Directory.CreateDirectory(directory);
        string fresh = $"{unpacked}.{Environment.ProcessId}";
        try
        {
            await UnpackAsync(file, packing, fresh, cancel);
            File.Move(fresh, unpacked, overwrite: true);
            return unpacked;
        }
        catch (IOException problem) when (problem.HResult == NoSpaceLeft)
        {
            throw new PlatformException(Signal.HostStorage, $"image: no room to unpack \"{file}\"\n  wanted:  space for the whole image in {directory}\n  got:     {problem.Message}\n  next:    make room there, or name another cache directory", problem);
        }
        catch (Exception problem) when (problem is InvalidDataException or SharpZipBaseException or ZstdException or CommandExecutionException or EndOfStreamException)
        {
            throw ImageFile.Unusable(file, $"a whole {packing} file", HostTool.LastLine(problem.Message), "download it again");
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    private static async Task<Packing> DetectAsync(string file, CancellationToken cancel)
    {
        byte[] magic = new byte[6];
        await using FileStream content = File.OpenRead(file);
        await content.ReadAtLeastAsync(magic, magic.Length, throwOnEndOfStream: false, cancel);
        return magic switch
        {
            [(byte)'B', (byte)'Z', (byte)'h', ..] => Packing.Bzip2,
            [0x1F, 0x8B, ..] => Packing.Gzip,
            [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0] => Packing.Xz,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Packing.Zstd,
            _ => Packing.None,
        };
    }

    private static async Task UnpackAsync(string file, Packing packing, string target, CancellationToken cancel)
    {
        await using FileStream packed = File.OpenRead(file);
        await using var image = new SparseFile(target);
        if (packing == Packing.Xz)
        {
            await UnpackXzAsync(packed, image, cancel);
        }
        else
        {
            await using Stream content = packing switch
            {
                Packing.Bzip2 => new BZip2InputStream(packed),
                // GZipStream of .NET takes a cut-off file for a whole one.
                Packing.Gzip => new GZipInputStream(packed),
                _ => new DecompressionStream(packed),
            };
            await content.CopyToAsync(image, BlockBytes, cancel);
        }

        image.Finish();
    }

    // No maintained .NET library reads xz; it breaks at kola's end through its pipes.
    private static async Task UnpackXzAsync(Stream packed, Stream image, CancellationToken cancel)
    {
        try
        {
            await Cli.Wrap("xz").WithArguments(["--decompress", "--stdout"]).WithStandardInputPipe(PipeSource.FromStream(packed))
                .WithStandardOutputPipe(PipeTarget.ToStream(image)).ExecuteAsync(cancel);
        }
        catch (Win32Exception)
        {
            throw HostTool.Missing("xz", "the program on the path, to unpack an .xz image");
        }
    }

    private enum Packing
    {
        None,
        Bzip2,
        Gzip,
        Xz,
        Zstd,
    }

    /// <summary>Leaves out blocks of zeros, which most of a fresh image is.</summary>
    private sealed class SparseFile(string path) : Stream
    {
        private readonly FileStream _file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.Span.ContainsAnyExcept((byte)0))
                await _file.WriteAsync(buffer, cancellationToken);
            else
                _file.Seek(buffer.Length, SeekOrigin.Current);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => _file.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        /// <summary>The end may be a hole.</summary>
        public void Finish() => _file.SetLength(_file.Position);

        public override async ValueTask DisposeAsync()
        {
            await _file.DisposeAsync();
            await base.DisposeAsync();
        }
    }
}
