namespace Kola.Updates;

/// <summary>Files that are there whole or not at all.</summary>
internal static class NewFile
{
    /// <summary>Has a file written under another name beside it, and gives it its own when it is whole. Nothing is left where that fails.</summary>
    /// <param name="file">Where it is to be; what is there already is replaced.</param>
    /// <param name="write">Writes it, under the name it is given.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="PlatformException">There is no room for it.</exception>
    /// <exception cref="UsageException">It cannot be there.</exception>
    public static async Task WriteAsync(string file, Func<string, CancellationToken, Task> write, CancellationToken cancel)
    {
        const int noSpaceLeft = 28;
        if (new FileInfo(file) is { Exists: true } there && (there.Attributes & (FileAttributes.Device | FileAttributes.ReparsePoint)) != 0 || Path.GetFullPath(file).StartsWith("/dev/", StringComparison.Ordinal))
            throw new UsageException($"{file} cannot be written\n  wanted:  a file: it is replaced whole, which a device or a link does not survive");
        string aside = $"{file}.{Environment.ProcessId}.new";
        try
        {
            await write(aside, cancel);
            File.Move(aside, file, overwrite: true);
        }
        catch (IOException full) when (full.HResult == noSpaceLeft)
        {
            throw new PlatformException(Signal.HostStorage, $"{file} cannot be written: {full.Message}\n  wanted:  room for it, and for its data once more while it is made", full);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} cannot be written: {fault.Message}", fault);
        }
        finally
        {
            if (Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(aside))))
                File.Delete(aside);
        }
    }
}
