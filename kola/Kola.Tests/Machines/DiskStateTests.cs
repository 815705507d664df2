using Kola.Machines;

namespace Kola.Tests.Machines;

public sealed class DiskStateTests
{
    private static readonly DiskWrite s_flush = new(DiskWriteKind.Flush, 0, 0);

    private static readonly DiskWrite[] s_writes = [Write(0, 8), s_flush, Write(4, 16), Write(0, 1) with { Durable = true }, s_flush, Write(100, 64), new(DiskWriteKind.Discard, 8, 8)];

    [TestCase(0, 0)]
    [TestCase(1, 0)]
    [TestCase(2, 2)]
    [TestCase(4, 2)]
    [TestCase(5, 5)]
    [TestCase(7, 5)]
    public void All_up_to_the_last_flush_is_durable(int entry, int durable) =>
        Assert.That(DiskState.DurableEntries(s_writes, new CutPoint { Entry = entry }), Is.EqualTo(durable));

    [TestCase(-1)]
    [TestCase(8)]
    public void A_point_outside_of_the_recording_is_the_callers_mistake(int entry) =>
        Assert.That(() => DiskState.DurableEntries(s_writes, new CutPoint { Entry = entry }), Throws.TypeOf<UsageException>().With.Message.Contains("wanted:  0 to 7"));

    [Test]
    public void Nothing_lost_keeps_each_write_whole_and_all_lost_keeps_what_needs_no_flush()
    {
        Assert.That(DiskState.Survivors(s_writes, new CutPoint { Entry = 4 }), Is.EqualTo(new[] { new DiskExtent(2, 4, 16), new DiskExtent(3, 0, 1) }));
        Assert.That(DiskState.Survivors(s_writes, new CutPoint { Entry = 4, Lost = LostWrites.All }), Is.EqualTo(new[] { new DiskExtent(3, 0, 1) }));
    }

    [Test]
    public void Chance_tears_at_4_KiB_of_the_disk_and_the_same_seed_tears_alike()
    {
        var seen = new HashSet<string>();
        for (int seed = 0; seed < 200; seed++)
        {
            var point = new CutPoint { Entry = 6, Lost = LostWrites.Random(seed) };
            DiskExtent[] kept = [.. DiskState.Survivors(s_writes, point)];
            Assert.That(DiskState.Survivors(s_writes, point), Is.EqualTo(kept));
            foreach (DiskExtent extent in kept)
            {
                Assert.That(extent.Sector == 100 || extent.Sector % 8 == 0, Is.True);
                Assert.That(extent.Sector + extent.Sectors == 164 || (extent.Sector + extent.Sectors) % 8 == 0, Is.True);
            }

            seen.Add(string.Join(' ', kept));
        }

        // Nine pieces: 512 outcomes.
        Assert.That(seen, Has.Count.GreaterThan(150));
        double taken = Enumerable.Range(0, 10_000).Average(i => LostWrites.Random(3).Takes(i / 100, i % 100) ? 1.0 : 0.0);
        Assert.That(taken, Is.EqualTo(0.5).Within(0.02));
    }

    [Test]
    public void A_sweep_is_spread_over_the_stretches_between_flushes_in_order_and_is_the_same_again()
    {
        DiskWrite[] writes = [.. Enumerable.Range(0, 300).SelectMany(i => i == 100 ? Enumerable.Repeat(Write(i, 8), 5000) : [Write(i, 8), s_flush])];
        IReadOnlyList<CutPoint> points = Sweep.Points(writes, 20, writes.Length, most: 60, seed: 1);
        Assert.That(points, Has.Count.EqualTo(60));
        Assert.That(points.Select(p => p.Entry), Is.Ordered.And.Unique);
        Assert.That(points.Count(p => p.Entry is > 200 and <= 5200), Is.LessThan(3), "many writes of one stretch");
        Assert.That(points.Select(p => p.Lost).Distinct().Count(), Is.GreaterThan(10));
        Assert.That(points.All(p => p.Entry > 20 && DiskState.DurableEntries(writes, p) < p.Entry), Is.True, "each has something to lose");
        Assert.That(Sweep.Points(writes, 20, writes.Length, most: 60, seed: 1), Is.EqualTo(points));
        Assert.That(Sweep.Points(writes, 20, writes.Length, most: 60, seed: 2), Is.Not.EqualTo(points));
    }

    [Test]
    public void Fewer_writes_than_points_give_each_write_one()
    {
        Assert.That(Sweep.Points(s_writes, 0, s_writes.Length, most: 60, seed: 0).Select(p => p.Entry), Is.EqualTo(new[] { 1, 3, 4, 6, 7 }));
        Assert.That(Sweep.Points(s_writes, 4, 5, most: 60, seed: 0), Is.Empty);
        Assert.That(Sweep.Points([], 0, 0, most: 60, seed: 0), Is.Empty);
    }

    private static DiskWrite Write(long sector, long sectors) => new(DiskWriteKind.Write, sector, sectors);
}
