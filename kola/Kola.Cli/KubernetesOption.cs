using System.CommandLine;
using Flatcar.Reference;
using Flatcar.Reference.Kubernetes;
using KubernetesDistribution = Flatcar.Tests.Guest.KubernetesDistribution;

namespace Kola.Cli;

/// <summary>The Kubernetes a run's clusters are made of: the same for whoever plans a run.</summary>
/// <param name="surroundings">Where one that came as an archive is unpacked.</param>
internal sealed class KubernetesOption(Surroundings surroundings)
{
    private readonly Option<string?> _distribution = new("--kubernetes") { Description = "A Kubernetes distribution, which tests make clusters of: a directory with kubernetes.json, SHA256SUMS and what they speak of, or an archive of one (tar, squashfs). scripts/kubernetes-distribution makes one. Default: none, and tests that need one are skipped.", HelpName = "DIR|FILE" };

    internal void AddTo(Command command) => command.Add(_distribution);

    /// <summary>What the command line says, read and held against its own digests; none when it says nothing.</summary>
    /// <exception cref="UsageException">It is no distribution, or not whole.</exception>
    internal async Task<IReadOnlyDictionary<string, SuiteInput>> ReadAsync(ParseResult parsed, CancellationToken cancel) => parsed.GetValue(_distribution) is { } given
        ? new Dictionary<string, SuiteInput> { [SuiteInput.Kubernetes] = await CheckAsync(given, cancel) }
        : new Dictionary<string, SuiteInput>();

    /// <summary>As <see cref="ReadAsync(ParseResult, CancellationToken)"/>, where nothing is said what an earlier run was given.</summary>
    /// <exception cref="UsageException">It is not there any more, or another than that run's.</exception>
    internal async Task<IReadOnlyDictionary<string, SuiteInput>> ReadAsync(ParseResult parsed, RunStarted recorded, CancellationToken cancel)
    {
        string? given = parsed.GetValue(_distribution) ?? recorded.CommandLine.SkipWhile(word => word != _distribution.Name).Skip(1).FirstOrDefault();
        if (given is null || recorded.Inputs?.GetValueOrDefault(SuiteInput.Kubernetes) is not { } digest)
            return new Dictionary<string, SuiteInput>();
        SuiteInput input = await CheckAsync(given, cancel);
        return input.Digest == digest
            ? new Dictionary<string, SuiteInput> { [SuiteInput.Kubernetes] = input }
            : throw new UsageException($"{_distribution.Name} {given} is another than that of the run\n  wanted:  {digest}\n  got:     {input.Digest}\n  next:    say where that one is: {_distribution.Name} DIR|FILE");
    }

    private async Task<SuiteInput> CheckAsync(string given, CancellationToken cancel)
    {
        if (!File.Exists(given))
            return KubernetesDistribution.Check(given);
        string unpacked;
        try
        {
            unpacked = await KubernetesDistributionArchive.UnpackAsync(given, surroundings.CacheDirectory, new StandardErrorProgress(), cancel);
        }
        catch (ReferenceBuildException cannot)
        {
            throw new UsageException(cannot.Message, cannot);
        }
        catch (UnauthorizedAccessException cannot)
        {
            throw new UsageException($"{_distribution.Name} {given}: it cannot be unpacked\n  wanted:  a file this user may read, and a cache directory it may write to\n  got:     {cannot.Message}\n  next:    let it, or give the directory the file was made of", cannot);
        }

        try
        {
            return KubernetesDistribution.Check(unpacked);
        }
        catch (UsageException wrong)
        {
            // Who gave a file has not heard of the directory.
            throw new UsageException(wrong.Message.Replace(unpacked, given, StringComparison.Ordinal), wrong);
        }
    }

    /// <summary>Keeps <c>kola cache</c> from taking it away while this lives; null where there is none.</summary>
    internal static FileStream? Hold(IReadOnlyDictionary<string, SuiteInput> inputs) => inputs.TryGetValue(SuiteInput.Kubernetes, out SuiteInput? input)
        ? new FileStream(Path.Combine(input.Path, KubernetesDistribution.Manifest), FileMode.Open, FileAccess.Read, FileShare.Read)
        : null;

    /// <summary>What that lets tests of an image ask for.</summary>
    /// <exception cref="UsageException">It is for another architecture than the image.</exception>
    internal static IEnumerable<Feature> FeaturesOf(IReadOnlyDictionary<string, SuiteInput> inputs, Image image)
    {
        if (!inputs.TryGetValue(SuiteInput.Kubernetes, out SuiteInput? input))
            return [];
        KubernetesDistribution.Fit(input, image.Architecture);
        return [Feature.Kubernetes];
    }
}
