using System.Globalization;
using CliWrap;
using Kola.Cli.Agreement;
using SharpFuzz;

namespace Kola.Fuzz;

/// <summary>A run of AFL++ over an instrumented copy of this program.</summary>
internal static class Fuzzing
{
    private const string Program = "afl-fuzz";

    // dotnet takes seconds to start on a busy host; one text takes milliseconds.
    private static readonly Dictionary<string, string?> s_environment = new()
    {
        ["AFL_SKIP_BIN_CHECK"] = "1", // the program is dotnet, which nobody instrumented
        ["AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES"] = "1", // a core pattern that pipes: SharpFuzz says itself what crashed
        ["AFL_SKIP_CPUFREQ"] = "1",
        ["AFL_NO_AFFINITY"] = "1",
        ["AFL_NO_UI"] = "1",
        ["AFL_FORKSRV_INIT_TMOUT"] = "120000",
        ["DOTNET_TieredPGO"] = "0",
    };

    /// <summary>What of AFL++'s counts a person asks for.</summary>
    internal static readonly string[] Counted = ["run_time", "execs_done", "execs_per_sec", "corpus_count", "edges_found", "bitmap_cvg", "saved_crashes", "saved_hangs"];

    /// <summary>Fuzzes for a while.</summary>
    /// <param name="directory">New directory for the copy, the seeds and what is found.</param>
    /// <param name="payloads">What reads payloads is fuzzed, not what reads configs.</param>
    /// <param name="minutes">How long.</param>
    /// <param name="cancel">Ends it before.</param>
    /// <returns>What AFL++ counted: <c>execs_done</c>, <c>edges_found</c>, <c>saved_crashes</c>…</returns>
    /// <exception cref="UsageException">AFL++ is not here.</exception>
    internal static async Task<IReadOnlyDictionary<string, string>> RunAsync(string directory, bool payloads, int minutes, CancellationToken cancel)
    {
        string copy = Copy(directory, payloads ? "Kola.Updates." : "Kola.Ignition.");
        string seeds = payloads ? PayloadSeeds(directory) : Seeds(directory);
        string findings = Path.Combine(directory, "findings");
        string[] arguments =
        [
            "-i", seeds, "-o", findings, .. payloads ? Array.Empty<string>() : ["-x", Dictionary(directory)], "-V", (minutes * 60).ToString(CultureInfo.InvariantCulture), "-m", "none", "-t", "5000+",
            "--", Environment.ProcessPath!, Path.Combine(copy, Path.GetFileName(typeof(Fuzzing).Assembly.Location)), payloads ? "read-payload" : "read",
        ];
        try
        {
            await CliWrap.Cli.Wrap(Program).WithArguments(arguments).WithEnvironmentVariables(s_environment)
                .WithStandardOutputPipe(PipeTarget.ToFile(Path.Combine(directory, "afl-fuzz.txt"))).WithStandardErrorPipe(PipeTarget.ToStream(Console.OpenStandardError()))
                .WithValidation(CommandResultValidation.None).ExecuteAsync(cancel);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new UsageException($"{Program} is not here\n  wanted:  AFL++, which drives the fuzzing\n  next:    apt-get install afl++");
        }

        string counted = Path.Combine(findings, "default", "fuzzer_stats");
        if (!File.Exists(counted))
            throw new PlatformException(Signal.Harness, $"{Program} did not begin: see {Path.Combine(directory, "afl-fuzz.txt")}");
        return File.ReadLines(counted).Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0].Trim(), pair => pair[1].Trim());
    }

    /// <summary>Says of each text it is given by AFL++ which ways it takes.</summary>
    internal static void Read() => Fuzzer.OutOfProcess.Run(ConfigTarget.Try);

    /// <summary>The same of payloads.</summary>
    internal static void ReadPayloads() => Fuzzer.OutOfProcess.Run(PayloadTarget.Try);

    // Only what reads them: where branches are counted is where the fuzzer looks for more.
    private static string Copy(string directory, string names)
    {
        string copy = Directory.CreateDirectory(Path.Combine(directory, "program")).FullName;
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        Fuzzer.Instrument(Path.Combine(copy, "Kola.dll"), name => name.StartsWith(names, StringComparison.Ordinal), Options.Value);
        return copy;
    }

    private static string PayloadSeeds(string directory)
    {
        string seeds = Directory.CreateDirectory(Path.Combine(directory, "seeds")).FullName;
        foreach ((int index, byte[] bytes) in PayloadTarget.Seeds().Index())
            File.WriteAllBytes(Path.Combine(seeds, index.ToString("0000", CultureInfo.InvariantCulture)), bytes);
        return seeds;
    }

    // One spec of each case of the corpus, and a config of each other language.
    private static string Seeds(string directory)
    {
        const int Largest = 3000;
        string seeds = Directory.CreateDirectory(Path.Combine(directory, "seeds")).FullName;
        string[] texts =
        [
            .. Corpus.All().Where(c => c.Version is null or Corpus.Experimental).Select(c => c.Text),
            .. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Seeds")).Order(StringComparer.Ordinal).Select(File.ReadAllText),
        ];
        foreach ((int index, string text) in texts.Where(t => t.Length is > 0 and < Largest).Distinct().Index())
            File.WriteAllText(Path.Combine(seeds, index.ToString("0000", CultureInfo.InvariantCulture)), text);
        return seeds;
    }

    private static string Dictionary(string directory)
    {
        string file = Path.Combine(directory, "words.dict");
        IEnumerable<string> words = KnownKeys.All().Concat(["3.4.0", "3.0.0", "2.3.0", "variant: ", "version: ", "flatcar", "fcos", "data:,", "data:;base64,", "sha512-", "https://", "s3://", "[Unit]", "[Install]", "null", "true", "\\ud83d"]);
        File.WriteAllLines(file, words.Distinct().Select((word, i) => string.Create(CultureInfo.InvariantCulture, $"w{i}=\"{word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"")));
        return file;
    }
}
