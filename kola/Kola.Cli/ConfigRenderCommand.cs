using System.CommandLine;
using Kola.Ignition;

namespace Kola.Cli;

/// <summary><c>kola config render FILE</c></summary>
internal static class ConfigRenderCommand
{
    internal static Command Create()
    {
        var file = new Argument<string?>("file") { Description = "A config; - is standard input.", Arity = ArgumentArity.ZeroOrOne };
        var test = new Option<string?>("--for") { Description = "Instead of a file: what the machines of this test would get, with who put each part there.", HelpName = "TEST" };
        var machine = new Option<string?>("--machine") { Description = "One machine of that test. Default: all of them.", HelpName = "ROLE" };
        Option<string?> suite = Suites.Option();
        var json = new Option<bool>("--json") { Description = "With --for: config and origins of each machine as JSON." };
        Option<string?> directory = ConfigCommand.FilesDirectory();
        var translate = new Option<bool>("--translate") { Description = "Translate Ignition 1 and 2 to 3.1.0, as Flatcar's initrd does. Default: leave it as it is." };
        var output = new Option<string?>("--output", "-o") { Description = "Write there instead of to standard output.", HelpName = "FILE" };
        var command = new Command("render", "Prints the Ignition JSON a machine would get for a config.") { file, test, machine, suite, json, directory, translate, output };
        command.SetAction(parsed =>
        {
            string text = (parsed.GetValue(file), parsed.GetValue(test)) switch
            {
                ({ } path, null) => Rendered(ConfigFile.Read(path, parsed.GetValue(directory)), parsed.GetValue(translate)),
                (null, { } id) => OfTest(TestConfigs.Of(parsed.GetValue(suite), id, parsed.GetValue(machine)), parsed.GetValue(json)),
                _ => throw new UsageException("config render: a file or --for TEST\n  wanted:  one of both\n  next:    kola config render --help"),
            };
            Write(text, parsed.GetValue(output));
            return ExitCode.Clean;
        });
        return command;
    }

    // The configs are what a program reads, who put what there is for a person.
    private static string OfTest(IReadOnlyList<TestConfig> configs, bool json)
    {
        if (json)
            return TestConfigs.Json(configs) + "\n";
        foreach (string line in configs.SelectMany(TestConfigs.Origins))
            Console.Error.WriteLine(line);
        return string.Concat(configs.Select(c => c.Ignition));
    }

    /// <summary>What a machine would get. Warnings go to standard error.</summary>
    /// <exception cref="UsageException">There is an error in it, or it is nothing Ignition takes.</exception>
    internal static string Rendered(ConfigFile file, bool translate)
    {
        IgnitionConfig? ignition = file.Ignition;
        IReadOnlyList<ConfigProblem> problems = file.Problems;
        if (translate && file.Legacy is { } legacy)
        {
            ConfigReading<IgnitionConfig> translated = legacy.Translate();
            (ignition, problems) = (translated.Config, [.. problems, .. translated.Problems]);
        }

        _ = new ConfigReading<object>(file.Text, problems).Demand(file.Name);
        foreach (ConfigProblem warning in problems)
            Console.Error.WriteLine(warning.Describe(file.Name));
        if (Reference.In(file.Text) is [{ } reference, ..])
            throw new UsageException($"{file.Name}:{reference.At}: ${{{reference.Key}}} is known to a run only\n  wanted:  a config without references\n  next:    kola config render --for TEST");
        return ignition?.ToString() ?? file.Legacy?.ToString()
            ?? throw new UsageException($"{file.Name}: {file.Language}, which machines get as it is\n  wanted:  Butane or Ignition");
    }

    private static void Write(string text, string? file)
    {
        if (file is null)
        {
            Console.Out.Write(text);
            return;
        }

        try
        {
            File.WriteAllText(file, text);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--output {file}: {wrong.Message}\n  wanted:  a file that can be written", wrong);
        }
    }
}
