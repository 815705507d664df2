using System.Globalization;
using CliWrap;
using Kola.Updates;

namespace Kola.Cli.Bench;

/// <summary>What it costs to make, check and take apart a whole payload of a GiB, beside what bzip2 alone takes for the same bytes. Boots nothing.</summary>
internal static class PayloadPart
{
    internal const string Name = "payload";

    private const int ImageMiB = 1024;
    private const int KernelMiB = 12;

    internal static async Task<IReadOnlyList<Figure>> MeasureAsync(int count, string directory, TimeProvider time, CancellationToken cancel)
    {
        string place = Directory.CreateDirectory(Path.Combine(directory, "payload")).FullName;
        string image = Path.Combine(place, "image"), kernel = Path.Combine(place, "kernel"), payload = Path.Combine(place, "payload.gz");
        await WriteAsync(image, ImageMiB, cancel);
        await WriteAsync(kernel, KernelMiB, cancel);
        List<double> created = [], verified = [], alone = [], ratios = [];
        for (int i = 0; i < count; i++)
        {
            created.Add(await TimedAsync(() => PayloadWriter.WriteAsync(new PayloadSource { Image = ByteRange.Of(image), Kernel = ByteRange.Of(kernel) }, payload, [], cancel)));
            verified.Add(await TimedAsync(() => PayloadCheck.VerifyAsync(PayloadFile.Open(payload), null, cancel)));
            alone.Add(await TimedAsync(() => CliWrap.Cli.Wrap("bzip2").WithArguments(["-9", "-c", image]).WithStandardOutputPipe(PipeTarget.ToStream(Stream.Null)).ExecuteAsync(cancel)));
            ratios.Add(created[^1] / (alone[^1] / Environment.ProcessorCount));
        }

        string what = string.Create(CultureInfo.InvariantCulture, $"{ImageMiB} MiB and a kernel of {KernelMiB} MiB");
        return
        [
            Seconds($"{what}: payload made", created, $"{Environment.ProcessorCount} cores"),
            Seconds($"{what}: payload checked", verified, "one core"),
            Seconds($"bzip2 -9 of the {ImageMiB} MiB, one core", alone, "the program of the system, by turns with the lines above"),
            Figure.Ratio(Name, "payload made / bzip2 by the number of cores", ratios, target: 1),
            Figure.MiB(Name, "payload: size", [new FileInfo(payload).Length / (double)(1 << 20)]),
            Figure.MiB(Name, "kola: most memory so far", [MostMemoryMiB()], "VmHWM of the process, whatever else it has measured before among it"),
        ];

        async Task<double> TimedAsync(Func<Task> step)
        {
            long start = time.GetTimestamp();
            await step();
            return time.GetElapsedTime(start).TotalSeconds;
        }
    }

    // As a /usr is: part of it packs well, part hardly, part is nothing at all. Always the same.
    private static async Task WriteAsync(string file, int mebibytes, CancellationToken cancel)
    {
        var random = new Random(4711);
        byte[] mebibyte = new byte[1 << 20];
        await using FileStream stream = File.Create(file);
        for (int i = 0; i < mebibytes; i++)
        {
            Array.Clear(mebibyte);
            if (i % 8 < 5)
            {
                random.NextBytes(mebibyte.AsSpan(0, mebibyte.Length / 4));
                for (int at = mebibyte.Length / 4; at < mebibyte.Length; at++)
                    mebibyte[at] = (byte)"the quick brown fox jumps over the lazy dog\n"[(at * 7 + mebibyte[at & 0xFFFF]) % 44];
            }

            await stream.WriteAsync(mebibyte, cancel);
        }
    }

    // VmHWM:	  123456 kB
    private static double MostMemoryMiB() =>
        double.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;

    private static Figure Seconds(string what, IReadOnlyList<double> values, string note) => new() { Part = Name, What = what, Unit = "s", Values = values, Note = note };
}
