using Kola.Cli;

namespace Kola.Tests.Cli;

/// <summary>A command line as a person types it, in this process: whoever uses it must not run beside others, for the console is the process's.</summary>
internal static class Typed
{
    internal static async Task<(int Code, string Output, string Error)> RunAsync(Surroundings surroundings, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        TextWriter before = Console.Out, errorBefore = Console.Error;
        Console.SetOut(output);
        Console.SetError(error);
        try
        {
            int code = await Program.RunAsync(arguments, surroundings);
            return (code, output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(before);
            Console.SetError(errorBefore);
        }
    }
}
