using System.CommandLine;
using Flatcar.Tests.Guest;

namespace Kola.Cli;

/// <summary>The Kubernetes a run's clusters are made of: the same for whoever plans a run.</summary>
internal sealed class KubernetesOption
{
    private readonly Option<string?> _directory = new("--kubernetes") { Description = "A Kubernetes distribution, which tests make clusters of: a directory with kubernetes.json, SHA256SUMS and what they speak of. scripts/kubernetes-distribution makes one. Default: none, and tests that need one are skipped.", HelpName = "DIR" };

    internal void AddTo(Command command) => command.Add(_directory);

    /// <summary>What the command line says, read and held against its own digests; none when it says nothing.</summary>
    /// <exception cref="UsageException">It is no distribution, or not whole.</exception>
    internal IReadOnlyDictionary<string, SuiteInput> Read(ParseResult parsed) => parsed.GetValue(_directory) is { } directory
        ? new Dictionary<string, SuiteInput> { [SuiteInput.Kubernetes] = KubernetesDistribution.Check(directory) }
        : new Dictionary<string, SuiteInput>();

    /// <summary>As <see cref="Read(ParseResult)"/>, where nothing is said what an earlier run was given.</summary>
    /// <exception cref="UsageException">It is not there any more, or another than that run's.</exception>
    internal IReadOnlyDictionary<string, SuiteInput> Read(ParseResult parsed, RunStarted recorded)
    {
        string? directory = parsed.GetValue(_directory) ?? recorded.CommandLine.SkipWhile(word => word != _directory.Name).Skip(1).FirstOrDefault();
        if (directory is null || recorded.Inputs?.GetValueOrDefault(SuiteInput.Kubernetes) is not { } digest)
            return new Dictionary<string, SuiteInput>();
        SuiteInput input = KubernetesDistribution.Check(directory);
        return input.Digest == digest
            ? new Dictionary<string, SuiteInput> { [SuiteInput.Kubernetes] = input }
            : throw new UsageException($"{_directory.Name} {directory} is another than that of the run\n  wanted:  {digest}\n  got:     {input.Digest}\n  next:    say where that one is: {_directory.Name} DIR");
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
