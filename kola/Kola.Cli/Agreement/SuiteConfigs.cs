namespace Kola.Cli.Agreement;

/// <summary>The configs of the suites, as they lie beside them.</summary>
internal static class SuiteConfigs
{
    /// <summary>Those that refer to nothing a run makes: an address or a port is not known here.</summary>
    internal static IReadOnlyList<CorpusConfig> All()
    {
        string root = Path.GetDirectoryName(typeof(Flatcar.Tests.SuiteMarker).Assembly.Location)!;
        return
        [
            .. Directory.EnumerateFiles(root, "*.ign", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                .Select(file => new CorpusConfig(Path.GetRelativePath(root, file), null, File.ReadAllText(file)))
                .Where(config => !config.Text.Contains("${", StringComparison.Ordinal))
                .Select(config => config with { Version = config.Text.Contains($"\"{Corpus.Experimental}\"", StringComparison.Ordinal) ? Corpus.Experimental : null }),
        ];
    }
}
