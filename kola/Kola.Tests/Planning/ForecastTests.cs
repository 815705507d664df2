using System.Collections.Concurrent;
using System.Globalization;
using CsCheck;
using Kola.Planning;
using Kola.Scheduling;
using Microsoft.Extensions.Time.Testing;

namespace Kola.Tests.Planning;

public sealed class ForecastTests
{
    private static readonly Capacity s_host = new() { Machines = 8, MemoryMiB = 4096, Cpus = 3 };

    [Test]
    public void Nothing_to_run_takes_no_time() =>
        Assert.That(Of(new Plan { Tests = [new PlannedTest(Some.Case(), new Skip("no", "none"))] }, [s_host]), Has.Property("Seconds").Zero.And.Property("Turns").Empty);

    [Test]
    public void The_longest_comes_first_and_the_rest_fills_the_room_beside_it()
    {
        Forecast forecast = Of(PlanOf(Some.Case("long", 9), Some.Case("short", 3), Some.Case("middle", 5)), [s_host with { Machines = 2 }]);
        Assert.That(forecast.Turns.Select(t => (t.Id, t.Start, t.End)), Is.EqualTo(((string, double, double)[])[("long", 0, 540), ("middle", 0, 300), ("short", 300, 480)]));
        Assert.That(forecast.Seconds, Is.EqualTo(540));
    }

    [Test]
    public void While_a_test_of_two_machines_waits_for_a_long_one_shorter_ones_go()
    {
        TestCase[] cases = [Some.Case("long", 30), Some.Case("two", 12, Some.Machine("a"), Some.Machine("b")), .. "vwxyz".Select(letter => Some.Case($"{letter}", 5)), Some.Case("longer", 20)];
        Forecast forecast = Of(PlanOf(cases), [s_host with { Machines = 2 }]);
        Assert.That(forecast.Turns.Single(t => t.Id == "two"), Has.Property("Start").EqualTo(1800).And.Property("End").EqualTo(3240));
        Assert.That(forecast.Turns.Where(t => t.Id is not "two").Select(t => t.End), Is.EqualTo(new double[] { 1800, 1200, 1500, 1800, 3540, 3540, 3840 }), "two of five have room between the one of twenty minutes and the pair");
        Assert.That(forecast.Seconds, Is.EqualTo(3840));
    }

    [Test]
    public void Tests_that_look_at_a_first_boot_a_TPM_or_firmware_are_no_copies()
    {
        Assert.That(TemplatePlan.MayClone(Some.Case()), Is.True);
        Assert.That(TemplatePlan.MayClone(Some.Case() with { Fresh = true }), Is.False);
        Assert.That(TemplatePlan.MayClone(Some.Case("t", 10, Some.Machine(), Some.Machine("b") with { Tpm = true })), Is.False);
        Assert.That(TemplatePlan.MayClone(Some.Case("t", 10, Some.Machine() with { Firmware = Firmware.Uefi })), Is.False);
        Assert.That(TemplatePlan.ByShape.KeysOf(Some.Case("t", 10, Some.Machine("a"), Some.Machine("b"), Some.Machine("c") with { MemoryMiB = 512 })), Has.Count.EqualTo(2));
    }

    [Test]
    public void A_template_is_made_once_and_first_and_those_that_are_there_are_not_made()
    {
        Plan plan = PlanOf(Some.Case("a", 2), Some.Case("b", 3), Some.Case("cold", 1) with { Fresh = true });
        Forecast forecast = Forecast.Of(plan, [s_host], new Expectation(), 0, Keyed("key"));
        Assert.That(forecast.Turns.Select(t => (t.Id, t.IsTemplate, t.Start)), Is.EqualTo(((string, bool, double)[])[("key", true, 0), ("cold", false, 0), ("b", false, 60), ("a", false, 60)]));
        forecast = Forecast.Of(plan, [s_host], new Expectation(), 0, Keyed("key") with { Present = new HashSet<string> { "key" } });
        Assert.That(forecast.Turns.Select(t => (t.Id, t.Start)), Is.EqualTo(((string, double)[])[("b", 0), ("a", 0), ("cold", 0)]));
    }

    [Test]
    public void Templates_that_are_made_together_are_one_turn_of_all_their_machines()
    {
        Plan plan = PlanOf(Some.Case("a", 2, Some.Machine("hub"), Some.Machine("spoke")) with { Prepared = "pair" }, Some.Case("b", 3, Some.Machine("hub"), Some.Machine("spoke")) with { Prepared = "pair" });
        TemplatePlan templates = TemplatePlan.ByShape with { KeyOf = (_, machine) => machine.Name };
        Forecast forecast = Forecast.Of(plan, [s_host with { Machines = 2 }], new Expectation(), 0, templates);
        Assert.That(forecast.Turns.Select(t => (t.Id, t.IsTemplate, t.Start)), Is.EqualTo(((string, bool, double)[])[("hub", true, 0), ("b", false, 120), ("a", false, 480)]));
    }

    [Test]
    public void Many_hosts_share_the_work_and_each_keeps_its_capacity()
    {
        Plan plan = PlanOf([.. Enumerable.Range(0, 200).Select(i => Some.Case($"t{i}", 1 + i % 13, [.. Enumerable.Range(0, 1 + i % 3).Select(m => Some.Machine($"m{m}"))]))]);
        Capacity[] hosts = [.. Enumerable.Range(0, 7).Select(i => s_host with { Cpus = 2 + i % 3, MemoryMiB = 3072 + 1024 * (i % 2) })];
        Forecast forecast = Of(plan, hosts);
        Assert.That(forecast.Turns.Select(t => t.Id), Is.EquivalentTo(plan.ToRun.Select(t => t.Id)));
        Assert.That(forecast.Turns.Select(t => t.Host).Distinct(), Has.Exactly(7).Items);
        var machines = plan.ToRun.ToDictionary(t => t.Id, t => t.Machines.Count);
        foreach (ForecastTurn turn in forecast.Turns)
        {
            int[] beside = [.. forecast.Turns.Where(t => t.Host == turn.Host && t.Start <= turn.Start && t.End > turn.Start).Select(t => machines[t.Id])];
            // One of three machines is alone where there are two cores.
            Assert.That(beside.Sum() <= hosts[turn.Host].Cpus || beside.Length == 1, Is.True, turn.ToString());
            Assert.That(beside.Sum() * 1024, Is.AtMost(hosts[turn.Host].MemoryMiB));
        }
    }

    [Test]
    public void What_is_too_large_for_one_host_goes_to_another_and_what_is_for_all_to_the_largest()
    {
        Capacity small = s_host with { MemoryMiB = 1024 }, large = s_host with { MemoryMiB = 2048 };
        Forecast forecast = Of(PlanOf(Some.Case("two", 9, Some.Machine("a"), Some.Machine("b")), Some.Case("huge", 1, Some.Machine() with { MemoryMiB = 9999 })), [small, large]);
        Assert.That(forecast.Turns.Select(t => (t.Id, t.Host, t.Start)), Is.EqualTo(((string, int, double)[])[("two", 1, 0), ("huge", 1, 1080)]));
    }

    [Test]
    public void The_seed_orders_equals_and_changes_nothing_else()
    {
        Plan plan = PlanOf([.. Enumerable.Range(0, 50).Select(i => Some.Case($"t{i}", 5))]);
        Forecast once = Of(plan, [s_host], 7), again = Of(plan, [s_host], 7), other = Of(plan, [s_host], 8);
        Assert.That(again.Turns, Is.EqualTo(once.Turns));
        Assert.That(other.Turns, Is.Not.EqualTo(once.Turns));
        Assert.That(other.Seconds, Is.EqualTo(once.Seconds));
    }

    [Test]
    public void What_is_forecast_is_what_the_schedule_does() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[1, 3], Gen.Int[0, 4], Gen.Bool).Array[1, 60].Select(Gen.Int[0, 1000]).Sample((tests, seed) =>
        {
            TestCase[] cases = [.. tests.Select((t, i) => Some.Case($"t{i}", t.Item1, [.. Enumerable.Range(0, t.Item2).Select(m => Some.Machine($"m{m}") with { MemoryMiB = 512 * (1 + (t.Item3 + m) % 5) })]) with { Fresh = t.Item4 })];
            TemplatePlan templates = TemplatePlan.ByShape with { KeyOf = (_, m) => m.MemoryMiB == 1024 ? null : string.Create(CultureInfo.InvariantCulture, $"key-{m.MemoryMiB}"), Present = new HashSet<string> { "key-512" } };
            Forecast forecast = Forecast.Of(PlanOf(cases), [s_host], new Expectation(), seed, templates);
            return forecast.Turns.Select(t => (t.Id, t.Start)).SequenceEqual(Scheduled(cases, templates, seed));
        }, iter: 60);

    // The real schedule, by a clock that goes from one turn's end to the next.
    private static List<(string Id, double Start)> Scheduled(TestCase[] cases, TemplatePlan templates, int seed)
    {
        var expected = new Expectation();
        var time = new FakeTimeProvider();
        var schedule = new Schedule(s_host, seed, expected, time);
        foreach (string key in templates.Present)
            schedule.Complete(key);
        WorkItem[] items = [.. cases.Select(c => expected.Of(c, templates.KeysOf(c))), .. templates.ToMake(cases).Select(t => expected.OfTemplate(t.Key, t.Machine, []))];
        var given = new ConcurrentDictionary<int, (WorkItem Item, Turn Turn)>();
        Task all = Task.WhenAll(items.Select(TakeAsync));
        schedule.Open();
        var starts = new List<(string, double)>();
        var ends = new PriorityQueue<Turn, (double, int)>();
        double now = 0;
        for (int seen = 0; ;)
        {
            while (seen < schedule.Given)
            {
                seen++;
                Assert.That(() => given.ContainsKey(seen), Is.True.After(30_000, 1));
                (WorkItem item, Turn turn) = given[seen];
                starts.Add((item.Id, now));
                ends.Enqueue(turn, (now + item.Seconds, seen));
            }

            if (!ends.TryDequeue(out Turn? done, out (double At, int) end))
                break;
            time.Advance(TimeSpan.FromSeconds(end.At - now));
            now = end.At;
            done.Dispose();
        }

        Assert.That(all.Wait(TimeSpan.FromSeconds(30)), Is.True, "somebody never got a turn");
        return starts;

        async Task TakeAsync(WorkItem item)
        {
            Turn turn = await schedule.TakeTurnAsync(item, CancellationToken.None);
            given[turn.Number] = (item, turn);
        }
    }

    private static TemplatePlan Keyed(string key) => new() { KeyOf = (_, _) => key };

    private static Plan PlanOf(params TestCase[] cases) => new() { Tests = [.. cases.Select(c => new PlannedTest(c, null))] };

    private static Forecast Of(Plan plan, Capacity[] hosts, int seed = 0) => Forecast.Of(plan, hosts, new Expectation(), seed, TemplatePlan.None);
}
