using System.Text;
using Kola.Checks;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Running;

/// <summary>Reads a console's file while the machine writes it, and holds every line against the checks.</summary>
internal sealed class ConsoleTail(string file, Action<Finding> found, TimeProvider time)
{
    private const int BytesLookedAt = 32 * 1024;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    private readonly Scanner _scanner = new("console");
    private readonly byte[] _buffer = new byte[64 * 1024];
    private long _read;

    /// <summary>Reads until cancelled, then once more to the end.</summary>
    internal async Task RunAsync(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            ReadOn();
            try
            {
                await Wait.PauseAsync(s_pause, time, over);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        ReadOn();
        Tell(_scanner.Complete());
    }

    /// <summary>The last lines so far, without escape sequences.</summary>
    internal string[] LastLines(int count)
    {
        if (!File.Exists(file))
            return [];
        using FileStream stream = Open();
        stream.Seek(-Math.Min(stream.Length, BytesLookedAt), SeekOrigin.End);
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n').Select(line => PlainText.Clean(line).TrimEnd()).Where(line => line.Length > 0).TakeLast(count)];
    }

    /// <summary>Masks secrets in the file, which nobody writes to any more. Every line stays where it is.</summary>
    internal void Mask(Masking masking)
    {
        if (!File.Exists(file))
            return;
        // A console may hold any bytes, and they stay as they are.
        string text = File.ReadAllText(file, Encoding.Latin1);
        string masked = LineMasking.MaskLines(masking, text);
        if (masked == text)
            return;
        string aside = $"{file}.new";
        File.WriteAllText(aside, masked, Encoding.Latin1);
        File.Move(aside, file, overwrite: true);
    }

    private void ReadOn()
    {
        if (!File.Exists(file))
            return;
        long before = _read;
        using FileStream stream = Open();
        stream.Seek(_read, SeekOrigin.Begin);
        for (int got = stream.Read(_buffer); got > 0; got = stream.Read(_buffer))
        {
            _read += got;
            Tell(_scanner.Feed(_buffer.AsSpan(0, got)));
        }

        // A prompt that waits for somebody to type, "grub rescue> ", never ends its line.
        if (_read == before)
            Tell(_scanner.Peek());
    }

    private FileStream Open() => new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private void Tell(IReadOnlyList<Finding> findings)
    {
        foreach (Finding finding in findings)
            found(finding);
    }
}
