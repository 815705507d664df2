using System.Runtime.InteropServices;
using System.Text;

namespace Kola.Reporting;

/// <summary>Writes a report that is a directory.</summary>
internal static class ReportFolder
{
    /// <summary>
    /// Writes the directory aside, takes an older one away and renames. A file of the run is linked, not copied, where the file system can: logs have tens of MB.
    /// </summary>
    /// <param name="path">Where the directory is to be.</param>
    /// <param name="run">The run's directory.</param>
    /// <param name="files">What it is to hold.</param>
    /// <exception cref="PlatformException">It cannot be written; an older one is as it was.</exception>
    internal static void Write(string path, string run, IReadOnlyList<ReportFile> files)
    {
        string aside = $"{path}.new";
        string old = $"{path}.old";
        try
        {
            Remove(aside);
            Directory.CreateDirectory(aside);
            foreach (ReportFile file in files)
                Write(Path.Combine(aside, file.Name), run, file);
            Remove(old);
            if (Directory.Exists(path))
                Directory.Move(path, old);
            Directory.Move(aside, path);
            Remove(old);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException(Signal.HostStorage, $"{path} cannot be written: {fault.Message}", fault);
        }
    }

    private static void Write(string target, string run, ReportFile file)
    {
        if (file.Text is { } text)
            File.WriteAllText(target, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        else if (file.Source is { } source && Rendering.Inside(run, source) is { } path && Link(path, target) != 0)
            File.Copy(path, target);
    }

    private static void Remove(string directory)
    {
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
    }

    // The framework makes symbolic links only, and those would be torn off when the directory is uploaded by itself.
    [DllImport("libc", EntryPoint = "link", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);
}
