using System.Text;
using CsCheck;
using Kola.Cli.Agreement;
using Kola.Fuzz;
using Kola.Ignition;

namespace Kola.Tests.Ignition;

/// <summary>What holds of every text and every config: the same things the fuzzer looks for, on texts made here. The long search is <c>scripts/fuzz</c>.</summary>
public sealed class ConfigPropertyTests
{
    private static readonly string[] s_texts = [.. Corpus.All().Where(c => c.Text.Length < 3000).Select(c => c.Text)];
    private static readonly IgnitionConfig[] s_configs = [.. Corpus.All().Select(c => IgnitionConfig.Read(c.Text).Config).OfType<IgnitionConfig>()];
    private static readonly Gen<IgnitionConfig> s_config = OneOf(s_configs);

    // What a person leaves behind: a piece taken out, put in, changed, or moved from another config.
    private static readonly Gen<string> s_mutated = Gen.Select(OneOf(s_texts), OneOf(s_texts), Gen.Double[0, 1], Gen.Int[0, 12], Gen.Double[0, 1], Gen.Int[0, 40]).Select((text, other, at, taken, from, put) =>
    {
        int start = (int)(at * text.Length);
        int piece = (int)(from * other.Length);
        return text[..start] + other[piece..Math.Min(other.Length, piece + put)] + text[Math.Min(text.Length, start + taken)..];
    });

    [Test]
    public void No_text_is_too_odd_to_be_read() => Gen.String[Gen.Char, 0, 200].Sample(text => ConfigTarget.Try(text), iter: 2000);

    [Test]
    public void No_bytes_are_too_odd_to_be_read() => Gen.Byte.Array[0, 200].Sample(bytes => ConfigTarget.Try(new MemoryStream(bytes)), iter: 1000);

    [Test]
    public void No_config_somebody_broke_is_too_odd_to_be_read() => s_mutated.Sample(text => ConfigTarget.Try(text), iter: 3000);

    // Found by the fuzzer: YamlDotNet's scanner throws InvalidOperationException of these.
    [TestCase("uments\": {\ngnition\":{\"version\":\"3.2.0\"},\"storage\": {\"files\": [{\"path\": \"/a\", \"contents\": {\"source\": \"data:text/plain,x\"}}]}}")]
    public void What_was_found_once_is_read(string text)
    {
        ConfigTarget.Try(text);
        ConfigProblem problem = ButaneConfig.Translate(text, null).Errors.First();
        Assert.That(problem.At, Is.Not.Null);
    }

    [Test]
    public void A_config_that_is_rendered_and_read_is_the_same() => s_config.Sample(config =>
    {
        IgnitionConfig read = IgnitionConfig.Parse(config.ToString(), "rendered");
        return read.ToString() == config.ToString() && ConfigDiff.Of(read, config).Changes.Count == 0 && config.RenderedBytes == Encoding.UTF8.GetByteCount(config.ToString());
    }, iter: 2000);

    [Test]
    public void Merging_with_nothing_changes_nothing() => s_config.Sample(config =>
        config.MergedWith(IgnitionConfig.Empty).ToString() == config.ToString() && (IgnitionConfig.Empty with { Ignition = new IgnitionSection { Version = config.Version.ToString() } }).MergedWith(config).ToString() == config.ToString(), iter: 2000);

    [Test]
    public void What_the_child_says_of_a_path_is_what_is_left_of_it() => Gen.Select(s_config, s_config).Sample((parent, child) =>
    {
        IgnitionConfig merged = parent.MergedWith(child);
        static IEnumerable<string> Paths(IgnitionConfig config) => config.Storage.Files.Select(f => "file " + f.Path).Concat(config.Storage.Links.Select(l => "link " + l.Path)).Concat(config.Storage.Directories.Select(d => "directory " + d.Path));
        return Paths(child).All(Paths(merged).Contains) && Paths(merged).Select(p => p.Split(' ', 2)[1]).Distinct().Count() == Paths(merged).Count();
    }, iter: 2000);

    /// <summary>
    /// But where an entry goes from one list to another and back, or finds its key on the way (a path that is a file, a link, a file; a partition that gets
    /// its number later; a header that is taken away): there Ignition's own merging depends on the order too.
    /// </summary>
    [Test]
    public void It_is_all_the_same_which_two_of_three_are_merged_first() => Gen.Select(s_config, s_config, s_config).Where((a, b, c) => KeepsItsLists([a, b, c])).Sample((a, b, c) =>
        a.MergedWith(b).MergedWith(c).ToString() == a.MergedWith(b.MergedWith(c)).ToString(), iter: 1000);

    private static bool KeepsItsLists(IReadOnlyList<IgnitionConfig> configs)
    {
        IEnumerable<(string Key, string List)> places = configs.SelectMany(c => c.Storage.Files.Select(f => (f.Path, "file")).Concat(c.Storage.Links.Select(l => (l.Path, "link"))).Concat(c.Storage.Directories.Select(d => (d.Path, "directory")))
            .Concat(c.KernelArguments.ShouldExist.Select(k => (k, "there"))).Concat(c.KernelArguments.ShouldNotExist.Select(k => (k, "not there"))));
        return places.Distinct().GroupBy(p => p.Key).All(p => p.Count() == 1)
            && !configs.Any(c => c.Storage.Disks.Any(d => d.Partitions.Count > 0) || c.ToString().Contains("\"httpHeaders\"", StringComparison.Ordinal));
    }

    private static Gen<T> OneOf<T>(T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
