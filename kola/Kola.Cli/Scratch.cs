namespace Kola.Cli;

/// <summary>A directory that nobody needs afterwards.</summary>
internal static class Scratch
{
    /// <exception cref="PlatformException">There is no room for what is put there.</exception>
    internal static async Task WithAsync(Func<string, Task> step)
    {
        string? directory = null;
        try
        {
            directory = Directory.CreateTempSubdirectory("kola-").FullName;
            await step(directory);
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException(Signal.HostStorage, $"{directory ?? Path.GetTempPath()}: {full.Message}\n  wanted:  room for what comes of the payload\n  next:    set TMPDIR to a directory with more", full);
        }
        finally
        {
            if (directory is not null && Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
        }
    }
}
