using System.CommandLine;
using Flatcar.Reference;
using Flatcar.Reference.Kubernetes;

namespace Kola.Cli;

/// <summary><c>kola kubernetes build</c></summary>
internal static class KubernetesCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var build = new Command("build", "Builds a Kubernetes distribution from Debian packages and sources, unless the cache has it, and prints its directory. Needs root; asks sudo.");
        build.SetAction(async (_, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            Console.Out.WriteLine(await DistributionAsync(surroundings, new StandardErrorProgress(), interruptions.First));
        });
        return new Command("kubernetes", "Works on what clusters are made of.") { build };
    }

    private static async Task<string> DistributionAsync(Surroundings surroundings, IProgress<string> progress, CancellationToken cancel)
    {
        var options = new KubernetesDistributionOptions { CacheDirectory = surroundings.CacheDirectory };
        try
        {
            if (KubernetesDistribution.Find(options) is null && !Environment.IsPrivilegedProcess)
                await ImageCommand.BuildAsRootAsync(surroundings, "the Kubernetes distribution", "give a distribution: --kubernetes DIR", ["kubernetes", "build"], cancel);
            return await KubernetesDistribution.BuildAsync(options, progress, cancel);
        }
        catch (ReferenceBuildException cannot)
        {
            throw new UsageException(cannot.Message, cannot);
        }
    }
}
