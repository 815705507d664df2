using System.CommandLine;
using Kola.Cli.Agreement;
using Kola.Qemu;
using Kola.Reporting;

namespace Kola.Cli.Bench;

/// <summary><c>kola bench</c></summary>
internal static class BenchCommand
{
    private static readonly string[] s_parts = [MachineParts.Boot, MachineParts.Templates, MemoryPart.Name, CommandPart.Name, NetworkPart.Name, TestsPart.Name, PlanPart.Name, PagePart.Name, ConfigsPart.Name, PayloadPart.Name];

    internal static Command Create(Surroundings surroundings)
    {
        var target = new TargetOptions(surroundings);
        var parts = new Argument<string[]>("part") { Description = $"What is measured: {string.Join(", ", s_parts)}. Default: all.", Arity = ArgumentArity.ZeroOrMore };
        var count = new Option<int?>("--count", "-n") { Description = "How often everything is measured. Default: 3 boots, 10 clones, 8 idle clones at most, 50 commands, 5 transfers, 30 tests (a fifth of them cold), 5 plans, 5 pages, 1 payload." };
        var json = new Option<string?>("--json") { Description = $"Also write the figures to a file, schema {BenchReport.CurrentSchema}.", HelpName = "FILE" };
        var output = new Option<string?>("--output", "-o") { Description = "Keep what the machines and runs wrote in a new directory here. Default: nothing is kept.", HelpName = "DIR" };
        parts.AcceptOnlyFromAmong(s_parts);
        var command = new Command("bench", "Measures what machines, copies of them, commands, tests, plans and reports cost on this host, in seconds, CPU seconds and memory, beside what they should cost. Machines run one at a time but where many are measured.") { parts, count, json, output };
        target.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(count) is < 1 or > 1000)
                throw new UsageException($"--count {parsed.GetValue(count)}\n  wanted:  1 to 1000");
            if (parsed.GetValue(json) is { } file && (Directory.Exists(file) || !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(file)))))
                throw new UsageException($"--json {file}\n  wanted:  a file, in a directory that is there");
            using var interruptions = Interruptions.Of(cancel);
            // The program configs are compared with is rarely on a host; who wants all wants what can be had.
            string[] asked = parsed.GetValue(parts) is { Length: > 0 } some ? [.. s_parts.Where(some.Contains)]
                : await IgnitionValidate.VersionAsync(interruptions.First) is null ? [.. s_parts.Where(p => p != ConfigsPart.Name)] : s_parts;
            // It goes with this process, however that ends: the next kola sweeps what a killed one left.
            using RuntimeDirectory place = RuntimeDirectory.Create(new QemuOptions { CacheDirectory = surroundings.CacheDirectory }.RuntimeDirectory);
            BenchReport report = await MeasureAsync(asked, parsed.GetValue(count), place.Path, KeptIn(parsed.GetValue(output)) ?? place.Path, templates => target.OpenAsync(parsed, new StandardErrorProgress(), interruptions.First, templates), interruptions);
            report.Write(Console.Out);
            if (parsed.GetValue(json) is { } path)
                await WriteAsync(path, report.ToJson());
            return report.Problems.Count == 0 ? ExitCode.Clean : ExitCode.Broken;
        });
        return command;
    }

    private static async Task<BenchReport> MeasureAsync(string[] parts, int? count, string directory, string kept, Func<string, Task<Target>> open, Interruptions interruptions)
    {
        TimeProvider time = TimeProvider.System;
        DateTimeOffset date = time.GetUtcNow();
        BenchHost host = BenchHost.Now();
        BenchSubject? subject = null;
        var figures = new List<Figure>();
        var problems = new Dictionary<string, string>();
        async Task TryAsync(string part, Func<Task<IReadOnlyList<Figure>>> measure)
        {
            if (!parts.Contains(part))
                return;
            interruptions.First.ThrowIfCancellationRequested();
            Console.Error.WriteLine($"kola: measuring {part}");
            try
            {
                figures.AddRange(await measure());
            }
            catch (Exception fault) when (fault is PlatformException or MachineException)
            {
                problems[part] = fault.Message;
            }
        }

        if (parts.Any(p => p is not (PlanPart.Name or PagePart.Name or ConfigsPart.Name or PayloadPart.Name)))
        {
            await using Target target = await open(BenchLab.TemplatesIn(directory));
            subject = BenchSubject.Of(target);
            await using var lab = new BenchLab(target, directory, kept, time, interruptions.First);
            await TryAsync(MachineParts.Boot, () => MachineParts.BootAsync(lab, count ?? 3));
            IReadOnlyList<Figure> boots = [.. figures];
            await TryAsync(MachineParts.Templates, () => MachineParts.TemplatesAsync(lab, count ?? 10, boots));
            await TryAsync(MemoryPart.Name, () => MemoryPart.MeasureAsync(lab, count ?? 8));
            await TryAsync(CommandPart.Name, () => CommandPart.MeasureAsync(lab, count ?? 50));
            await TryAsync(NetworkPart.Name, () => NetworkPart.MeasureAsync(lab, count ?? 5));
            await TryAsync(TestsPart.Name, () => TestsPart.MeasureAsync(lab, count ?? 30, interruptions));
        }

        await TryAsync(PlanPart.Name, () => Task.FromResult(PlanPart.Measure(count ?? 5, interruptions.First)));
        await TryAsync(PagePart.Name, () => PagePart.MeasureAsync(count ?? 5, kept, time, interruptions.First));
        await TryAsync(ConfigsPart.Name, () => ConfigsPart.MeasureAsync(interruptions.First));
        await TryAsync(PayloadPart.Name, () => PayloadPart.MeasureAsync(count ?? 1, kept, time, interruptions.First));
        return new BenchReport { Date = date, Kola = VersionCommand.Text, Host = host with { LoadAfter = BenchHost.Load() }, Subject = subject, Count = count, Figures = figures, Problems = problems };
    }

    private static string? KeptIn(string? output) => output is null ? null : Path.Combine(Path.GetFullPath(output), RunDirectory.NameOf("bench", TimeProvider.System.GetUtcNow(), Environment.ProcessId));

    private static async Task WriteAsync(string file, string text)
    {
        try
        {
            await File.WriteAllTextAsync(file, text);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException(Signal.HostStorage, $"{file} cannot be written: {fault.Message}", fault);
        }
    }
}
