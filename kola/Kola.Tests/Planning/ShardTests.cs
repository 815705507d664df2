using Kola.Discovery;
using Kola.Planning;

namespace Kola.Tests.Planning;

public sealed class ShardTests
{
    private static readonly Catalog s_catalog = Catalog.Of(Enumerable.Range(0, 500).Select(i => Some.Case($"some.test{i}")));

    [TestCase("1/1", 1, 1)]
    [TestCase("2/3", 2, 3)]
    public void A_shard_is_read_as_part_of_how_many(string text, int number, int of) => Assert.That(Shard.Parse(text), Is.EqualTo(new Shard(number, of)));

    [TestCase("")]
    [TestCase("3")]
    [TestCase("0/3")]
    [TestCase("4/3")]
    [TestCase("1/0")]
    [TestCase("-1/3")]
    [TestCase("1/3/5")]
    [TestCase("1/999999999")]
    [TestCase("a/b")]
    public void Anything_else_is_none(string text) => Assert.That(Shard.Parse(text), Is.Null);

    // Hosts of other makes and later versions have to draw the same. By hand: sha256sum of the id, its first 16 hex digits mod 7, plus 1.
    [TestCase("cl.basic", 1)]
    [TestCase("coreos.ignition.once", 3)]
    [TestCase("kubeadm.v1.34.1.calico.base", 1)]
    public void Which_part_a_test_is_in_depends_on_its_id_alone(string id, int part) =>
        Assert.That(Enumerable.Range(1, 7).Where(n => new Shard(n, 7).Holds(id)), Is.EqualTo(new[] { part }));

    [Test]
    public void Every_test_is_in_exactly_one_part_and_no_part_is_far_from_its_share()
    {
        string[][] parts = [.. Enumerable.Range(1, 5).Select(n => new Selection { Shard = new Shard(n, 5) }.From(s_catalog).Select(test => test.Id).ToArray())];
        Assert.That(parts.SelectMany(part => part), Is.EquivalentTo(s_catalog.Cases.Select(test => test.Id)));
        Assert.That(parts.Select(part => part.Length), Has.All.InRange(60, 140));
    }

    [Test]
    public void All_shards_of_a_selection_agree_in_its_digest_and_another_selection_has_another_one()
    {
        string?[] digests = [.. Enumerable.Range(1, 3).Select(n => new Selection { Shard = new Shard(n, 3) }.DigestOf(s_catalog))];
        Assert.That(digests.Distinct().Single(), Is.EqualTo(Shard.DigestOf(s_catalog.Cases.Select(test => test.Id).Reverse())));
        Assert.That(new Selection { Patterns = ["some.test1*"], Shard = new Shard(1, 3) }.DigestOf(s_catalog), Is.Not.EqualTo(digests[0]));
        Assert.That(new Selection().DigestOf(s_catalog), Is.Null);
    }

    [Test]
    public void A_shard_may_be_empty_and_a_selection_may_not()
    {
        Catalog one = Catalog.Of([Some.Case("some.test")]);
        Assert.That(Enumerable.Range(1, 4).Sum(n => new Selection { Shard = new Shard(n, 4) }.From(one).Count), Is.EqualTo(1));
        Assert.That(() => new Selection { Exclude = ["*"], Shard = new Shard(1, 4) }.From(one), Throws.TypeOf<UsageException>());
    }
}
