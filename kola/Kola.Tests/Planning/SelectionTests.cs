using Kola.Discovery;
using Kola.Planning;

namespace Kola.Tests.Planning;

public sealed class SelectionTests
{
    private static readonly Catalog s_catalog = Catalog.Of(
    [
        Some.Case("cl.basic") with { Tags = ["boot"] },
        Some.Case("cl.filesystem"),
        Some.Case("coreos.ignition.once") with { Formerly = "old.once" },
    ]);

    [TestCase("*", "cl.basic cl.filesystem coreos.ignition.once")]
    [TestCase("cl.*", "cl.basic cl.filesystem")]
    [TestCase("cl.b?sic", "cl.basic")]
    [TestCase("old.once", "coreos.ignition.once")]
    public void Patterns_are_globs_over_ids_old_and_new(string pattern, string ids) =>
        Assert.That(Ids(new Selection { Patterns = [pattern] }), Is.EqualTo(ids));

    [Test]
    public void What_is_excluded_is_left_out() => Assert.That(Ids(new Selection { Exclude = ["cl.*"] }), Is.EqualTo("coreos.ignition.once"));

    [Test]
    public void Tags_narrow() => Assert.That(Ids(new Selection { Tags = ["boot"] }), Is.EqualTo("cl.basic"));

    [Test]
    public void A_pattern_that_selects_nothing_is_an_error_even_beside_one_that_does() =>
        Assert.That(() => Ids(new Selection { Patterns = ["cl.*", "cl.basci"] }), Throws.TypeOf<UsageException>().With.Message.Contains("\"cl.basci\"").And.Message.Contains("nearest: cl.basic"));

    [Test]
    public void Far_off_names_get_no_guess() =>
        Assert.That(() => Ids(new Selection { Patterns = ["zzzzzzzzzzz"] }), Throws.TypeOf<UsageException>().With.Message.Not.Contains("nearest"));

    [Test]
    public void Selecting_nothing_at_all_is_an_error() =>
        Assert.That(() => Ids(new Selection { Exclude = ["*"] }), Throws.TypeOf<UsageException>().With.Message.StartsWith("nothing is selected"));

    [Test]
    public void An_unknown_tag_is_an_error_that_names_the_known_ones() =>
        Assert.That(() => Ids(new Selection { Tags = ["bot"] }), Throws.TypeOf<UsageException>().With.Message.Contains("one of boot"));

    [Test]
    public void Two_tests_with_one_id_are_refused_and_both_places_named() =>
        Assert.That(
            () => Catalog.Of([Some.Case("cl.a") with { Source = "A.One" }, Some.Case("cl.a") with { Source = "B.Two" }]),
            Throws.TypeOf<UsageException>().With.Message.Contains("A.One").And.Message.Contains("B.Two"));

    [TestCase("Cl.basic")]
    [TestCase("cl basic")]
    [TestCase("")]
    [TestCase("cl.")]
    public void Ids_are_lowercase_and_dotted(string id) => Assert.That(() => Catalog.Of([Some.Case(id)]), Throws.TypeOf<UsageException>());

    private static string Ids(Selection selection) => string.Join(' ', selection.From(s_catalog).Select(c => c.Id));
}
