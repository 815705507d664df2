using System.CommandLine;
using Kola.Checks;

namespace Kola.Cli;

/// <summary><c>kola check-console FILE…</c></summary>
internal static class CheckConsoleCommand
{
    internal static Command Create()
    {
        var files = new Argument<string[]>("file") { Description = "Files with console or journal text; - is standard input.", Arity = ArgumentArity.ZeroOrMore };
        var list = new Option<bool>("--list") { Description = "Print the checks with their ids instead." };
        var command = new Command("check-console", "Holds saved consoles and journals against the checks. Exit code 1 when one fires.") { files, list };
        command.SetAction(parsed => parsed.GetValue(list) ? List() : Check(parsed.GetValue(files) ?? []));
        return command;
    }

    private static int List()
    {
        foreach (Check check in CheckTable.All)
            Console.Out.WriteLine($"{check.Id,-32} {check.Title}{(check.Fatal ? " (ends the test)" : "")}");
        return ExitCode.Clean;
    }

    private static int Check(string[] files)
    {
        if (files.Length == 0)
            throw new UsageException("check-console: no file was given\n  wanted:  one or more files, or - for standard input\n  next:    kola check-console console.txt");
        int findings = 0;
        foreach (string file in files)
        {
            using TextReader reader = Open(file);
            foreach (Finding finding in Scanner.Scan(reader, file))
            {
                findings++;
                Console.Out.WriteLine($"{file}:{finding.Line}: {finding.Check.Title} ({finding.Check.Id}): {finding.Text}");
            }
        }

        return findings == 0 ? ExitCode.Clean : ExitCode.Failed;
    }

    private static TextReader Open(string file)
    {
        if (file == "-")
            return Console.In;
        try
        {
            return new StreamReader(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"check-console: cannot read {file}: {fault.Message}\n  wanted:  a readable file", fault);
        }
    }
}
