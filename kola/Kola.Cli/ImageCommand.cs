using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using Flatcar.Reference;

namespace Kola.Cli;

/// <summary><c>kola image build</c></summary>
internal static class ImageCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var build = new Command("build", "Builds the reference image from Debian packages, unless the cache has it, and prints its path. Needs root; asks sudo.");
        build.SetAction(async (_, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            Console.Out.WriteLine(await ReferenceAsync(surroundings, new StandardErrorProgress(), interruptions.First));
        });
        return new Command("image", "Works on images.") { build };
    }

    /// <summary>Path of the reference image, built if need be.</summary>
    /// <exception cref="UsageException">It cannot be built here.</exception>
    internal static async Task<string> ReferenceAsync(Surroundings surroundings, IProgress<string> progress, CancellationToken cancel)
    {
        var options = new ReferenceImageOptions { CacheDirectory = surroundings.CacheDirectory };
        if (ReferenceImage.Find(options) is { } found)
            return found.Image;
        if (!Environment.IsPrivilegedProcess)
            await BuildAsRootAsync(surroundings, cancel);
        try
        {
            return (await ReferenceImage.BuildAsync(options, progress, cancel)).Image;
        }
        catch (ReferenceImageException cannot)
        {
            throw new UsageException(cannot.Message, cannot);
        }
    }

    // The same program as root, with this user's cache: the image is then read without privileges, and machines never run with them. Not through
    // CliWrap: sudo asks for the password on the terminal.
    private static async Task BuildAsRootAsync(Surroundings surroundings, CancellationToken cancel)
    {
        Directory.CreateDirectory(surroundings.CacheDirectory);
        string cacheHome = Path.GetDirectoryName(surroundings.CacheDirectory)!;
        string[] arguments = ["env", $"XDG_CACHE_HOME={cacheHome}", Environment.ProcessPath!, typeof(ImageCommand).Assembly.Location, "image", "build"];
        Console.Error.WriteLine("kola: the reference image is built as root, once: sudo " + string.Join(' ', arguments));
        try
        {
            using Process sudo = Process.Start(new ProcessStartInfo("sudo", arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
            // It prints the path, which this process finds by itself.
            await sudo.StandardOutput.ReadToEndAsync(cancel);
            await sudo.WaitForExitAsync(cancel);
            if (sudo.ExitCode != 0)
                throw new UsageException($"the reference image could not be built as root: sudo ended with exit code {sudo.ExitCode}\n  wanted:  root, once; running machines needs none\n  next:    have it built by somebody who may, or give another image: --image FILE");
        }
        catch (Win32Exception fault)
        {
            throw new UsageException($"the reference image has to be built as root, and there is no sudo here: {fault.Message}\n  next:    as root: XDG_CACHE_HOME={cacheHome} scripts/kola image build, or give another image: --image FILE", fault);
        }
    }
}
