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
        var version = new Option<string?>("--version") { Description = "Version it is to have. Images of two versions differ as two releases do: in /usr, its hash tree, and the root hash in the kernel.", HelpName = "X.Y.Z" };
        var build = new Command("build", "Builds the reference image from Debian packages, unless the cache has it, and prints its path. Needs root; asks sudo.") { version };
        build.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            Console.Out.WriteLine(await ReferenceAsync(surroundings, parsed.GetValue(version), new StandardErrorProgress(), interruptions.First));
        });
        return new Command("image", "Works on images.") { build };
    }

    /// <summary>Path of the reference image, built if need be.</summary>
    /// <param name="surroundings">Where the cache is.</param>
    /// <param name="version">Version it is to have; null for that of the image tests run on.</param>
    /// <param name="progress">Told what takes long.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="UsageException">It cannot be built here, or that is no version.</exception>
    internal static async Task<string> ReferenceAsync(Surroundings surroundings, string? version, IProgress<string> progress, CancellationToken cancel)
    {
        var options = new ReferenceImageOptions { CacheDirectory = surroundings.CacheDirectory };
        if (version is not null)
            options = options with { Version = version };
        try
        {
            if (ReferenceImage.Find(options) is { } found)
                return found.Image;
            if (!Environment.IsPrivilegedProcess)
                await BuildAsRootAsync(surroundings, "the reference image", "give another image: --image FILE", ["image", "build", .. version is null ? Array.Empty<string>() : ["--version", version]], cancel);
            return (await ReferenceImage.BuildAsync(options, progress, cancel)).Image;
        }
        catch (ReferenceBuildException cannot)
        {
            throw new UsageException(cannot.Message, cannot);
        }
    }

    /// <summary>Runs the same program as root, with this user's cache: what it builds is then read without privileges, and machines never run with them.</summary>
    /// <param name="surroundings">Where the cache is.</param>
    /// <param name="what">What it builds.</param>
    /// <param name="otherwise">What a person can do who cannot build it.</param>
    /// <param name="command">Arguments of the program.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="UsageException">There is no root to be had, or the build failed.</exception>
    internal static async Task BuildAsRootAsync(Surroundings surroundings, string what, string otherwise, IReadOnlyList<string> command, CancellationToken cancel)
    {
        // Not through CliWrap: sudo asks for the password on the terminal.
        Directory.CreateDirectory(surroundings.CacheDirectory);
        string cacheHome = Path.GetDirectoryName(surroundings.CacheDirectory)!;
        string[] arguments = ["env", $"XDG_CACHE_HOME={cacheHome}", Environment.ProcessPath!, typeof(ImageCommand).Assembly.Location, .. command];
        Console.Error.WriteLine($"kola: {what} is built as root, once: sudo " + string.Join(' ', arguments));
        try
        {
            using Process sudo = Process.Start(new ProcessStartInfo("sudo", arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
            // It prints the path, which this process finds by itself.
            await sudo.StandardOutput.ReadToEndAsync(cancel);
            await sudo.WaitForExitAsync(cancel);
            if (sudo.ExitCode != 0)
                throw new UsageException($"{what} could not be built as root: sudo ended with exit code {sudo.ExitCode}\n  wanted:  root, once; running machines needs none\n  next:    have it built by somebody who may, or {otherwise}");
        }
        catch (Win32Exception fault)
        {
            throw new UsageException($"{what} has to be built as root, and there is no sudo here: {fault.Message}\n  next:    as root: XDG_CACHE_HOME={cacheHome} scripts/kola {string.Join(' ', command)}, or {otherwise}", fault);
        }
    }
}
