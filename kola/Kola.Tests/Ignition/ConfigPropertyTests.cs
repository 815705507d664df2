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

    /// <summary>But for a header without value, which takes the parent's away and is not one itself.</summary>
    [Test]
    public void It_is_all_the_same_which_two_of_three_are_merged_first() => Gen.Select(s_config.Where(c => !HasBareHeader(c)), s_config.Where(c => !HasBareHeader(c)), s_config.Where(c => !HasBareHeader(c))).Sample((a, b, c) =>
        Sorted(a.MergedWith(b).MergedWith(c)) == Sorted(a.MergedWith(b.MergedWith(c))), iter: 2000);

    private static Gen<T> OneOf<T>(T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static bool HasBareHeader(IgnitionConfig config) => config.ToString().Contains("\"httpHeaders\"", StringComparison.Ordinal);

    // Entries come in another order when one goes from one list to another and back.
    private static string Sorted(IgnitionConfig config) => string.Join('\n', config.ToString().Split('\n').Select(line => line.TrimEnd(',')).Order(StringComparer.Ordinal));
}
