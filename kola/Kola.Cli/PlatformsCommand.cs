using System.CommandLine;
using Kola.Conformance;
using Kola.Platforms;

namespace Kola.Cli;

/// <summary><c>kola platforms [NAME]</c> and <c>kola platforms check NAME</c></summary>
internal static class PlatformsCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var name = new Argument<string?>("name") { Description = "Show one platform with its options: a name, or a file with a platform of your own.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("platforms", "Lists the platforms there are, with what they offer at best and their bounds.") { name, CreateCheck(surroundings) };
        command.SetAction(parsed => Console.Out.Write(parsed.GetValue(name) is { } one ? PlatformText.Of(Drivers.Find(one)) : PlatformText.Of(Drivers.All)));
        return command;
    }

    private static Command CreateCheck(Surroundings surroundings)
    {
        var name = new Argument<string>("name") { Description = "The platform: a name, or a file with a platform of your own." };
        var json = new Option<string?>("--json") { Description = $"Also write the matrix to a file, schema {ConformanceReport.CurrentSchema}.", HelpName = "FILE" };
        var output = new Option<string?>("--output", "-o") { Description = "Keep the machines' consoles in a new directory here. Default: nothing is kept.", HelpName = "DIR" };
        var target = new TargetOptions(surroundings);
        var command = new Command("check", "Tries all that a platform promises on a real endpoint, and prints a matrix. Boots two machines that stay, and a few that do not. Exit code 0: conforms, 1: does not, 2: wrong use, 3: the endpoint does not answer.") { name, json, output };
        target.AddAllButPlatform(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            if (parsed.GetValue(json) is { } file && (Directory.Exists(file) || !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(file)))))
                throw new UsageException($"--json {file}\n  wanted:  a file, in a directory that is there");
            IPlatformDriver driver = Drivers.Find(parsed.GetValue(name)!);
            await using Target opened = await target.OpenAsync(driver, parsed, new StandardErrorProgress(), interruptions.First);
            string? kept = parsed.GetValue(output) is { } directory ? Path.Combine(Path.GetFullPath(directory), opened.Request!.Tags.Run) : null;
            string place = Directory.CreateDirectory(kept ?? Directory.CreateTempSubdirectory("kola-check-").FullName).FullName;
            try
            {
                ConformanceReport report = await CheckAsync(opened, place, interruptions.First);
                Console.Out.Write(report.ForPeople());
                if (parsed.GetValue(json) is { } path)
                    await File.WriteAllTextAsync(path, report.ToJson(), CancellationToken.None);
                return report.Conforms ? ExitCode.Clean : ExitCode.Failed;
            }
            finally
            {
                if (kept is null)
                    Directory.Delete(place, recursive: true);
            }
        });
        return command;
    }

    private static async Task<ConformanceReport> CheckAsync(Target opened, string directory, CancellationToken cancel)
    {
        PlatformRequest request = opened.Request!;
        await using var kit = new ConformanceKit(new ConformanceRequest
        {
            Driver = opened.Driver!,
            Access = request.Access,
            Platform = opened.Platform,
            Image = opened.Image,
            Tags = request.Tags,
            Directory = directory,
        });
        return await kit.RunAsync(new Told(), cancel) with { Kola = VersionCommand.Text };
    }

    // The matrix goes to standard output when it is whole; a person who waits sees each row as it comes.
    private sealed class Told : IProgress<PromiseResult>
    {
        public void Report(PromiseResult value) => Console.Error.WriteLine($"kola: {ConformanceReport.Line(value)}");
    }
}
