namespace Kola.Cli;

/// <summary>A file that nobody needs afterwards.</summary>
internal static class Scratch
{
    internal static async Task WithAsync(string file, Func<Task> step)
    {
        try
        {
            await step();
        }
        finally
        {
            File.Delete(file);
        }
    }
}
