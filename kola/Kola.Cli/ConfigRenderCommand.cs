using System.CommandLine;
using Kola.Ignition;

namespace Kola.Cli;

/// <summary><c>kola config render FILE</c></summary>
internal static class ConfigRenderCommand
{
    internal static Command Create()
    {
        var file = new Argument<string>("file") { Description = "A config; - is standard input." };
        Option<string?> directory = ConfigCommand.FilesDirectory();
        var translate = new Option<bool>("--translate") { Description = "Translate Ignition 1 and 2 to 3.1.0, as Flatcar's initrd does. Default: leave it as it is." };
        var output = new Option<string?>("--output", "-o") { Description = "Write there instead of to standard output.", HelpName = "FILE" };
        var command = new Command("render", "Prints the Ignition JSON a machine would get for a config.") { file, directory, translate, output };
        command.SetAction(parsed =>
        {
            ConfigFile read = ConfigFile.Read(parsed.GetValue(file)!, parsed.GetValue(directory));
            Write(Rendered(read, parsed.GetValue(translate)), parsed.GetValue(output));
            return ExitCode.Clean;
        });
        return command;
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
