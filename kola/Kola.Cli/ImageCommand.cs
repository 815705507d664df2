using System.CommandLine;
using Flatcar.Reference;

namespace Kola.Cli;

/// <summary><c>kola image build</c></summary>
internal static class ImageCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var build = new Command("build", "Builds the reference image from Debian packages, unless the cache has it, and prints its path. Needs root.");
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
        try
        {
            return (await ReferenceImage.BuildAsync(new ReferenceImageOptions { CacheDirectory = surroundings.CacheDirectory }, progress, cancel)).Image;
        }
        catch (ReferenceImageException cannot)
        {
            throw new UsageException(cannot.Message, cannot);
        }
    }
}
