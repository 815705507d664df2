using Kola.Updates;
using Kola.Updates.Payloads;

namespace Kola.Fuzz;

/// <summary>What reads update payloads. Whatever the bytes, nothing but a <see cref="PayloadException"/> is thrown, and what can be read can be written.</summary>
internal static class PayloadTarget
{
    /// <summary>Reads bytes as a payload and as a manifest, and carries out what they say.</summary>
    /// <exception cref="FuzzingException">Something that always holds does not.</exception>
    internal static void Try(Stream bytes)
    {
        using var memory = new MemoryStream();
        bytes.CopyTo(memory);
        byte[] all = memory.ToArray();
        Refusing(() => Written(PayloadManifest.Parse(all)));
        Refusing(() => PayloadSignature.ParseAll(all, 0));
        Refusing(() =>
        {
            memory.Position = 0;
            var payload = PayloadFile.Read("payload", memory);
            Written(payload.Manifest);
            using AscendingHash partition = new(1 << 16), kernel = new(1 << 12);
            payload.ApplyAsync(new MemoryStream(all), new Kola.Updates.PayloadTarget(partition, kernel), CancellationToken.None).GetAwaiter().GetResult();
        });
    }

    /// <summary>A small payload, and its manifest alone: what the fuzzer begins with.</summary>
    internal static IEnumerable<byte[]> Seeds()
    {
        string directory = Directory.CreateTempSubdirectory("kola-fuzz-").FullName;
        try
        {
            string image = Path.Combine(directory, "image"), payload = Path.Combine(directory, "payload");
            File.WriteAllBytes(image, [.. Enumerable.Range(0, 8192).Select(i => (byte)(i * i >> 3))]);
            var source = new PayloadSource { Image = ByteRange.Of(image), Kernel = ByteRange.Of(image).First(100), SignatureSizes = [64] };
            PayloadWriter.WriteAsync(source, payload, [], CancellationToken.None).GetAwaiter().GetResult();
            byte[] bytes = File.ReadAllBytes(payload);
            return [bytes, PayloadFile.Open(payload).Manifest.ToBytes(), bytes[^80..]];
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Written(PayloadManifest manifest)
    {
        byte[] bytes = manifest.ToBytes();
        if (!PayloadManifest.Parse(bytes).ToBytes().AsSpan().SequenceEqual(bytes))
            throw new FuzzingException("a manifest that was read and written reads otherwise");
    }

    private static void Refusing(Action step)
    {
        try
        {
            step();
        }
        catch (PayloadException)
        {
            // Its answer to what is no payload.
        }
    }
}
