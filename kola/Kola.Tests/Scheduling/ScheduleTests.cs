using CsCheck;
using Kola.Scheduling;
using Microsoft.Extensions.Time.Testing;

namespace Kola.Tests.Scheduling;

public sealed class ScheduleTests
{
    private static readonly Capacity s_two = new() { Machines = 2, MemoryMiB = 4096, Cpus = 4 };

    [Test]
    public void Nobody_goes_before_the_schedule_is_opened()
    {
        var schedule = new Schedule(s_two);
        Task<Turn> turn = schedule.TakeTurnAsync(Some.Case(), CancellationToken.None);
        Assert.That(turn.IsCompleted, Is.False);
        schedule.Open();
        Assert.That(() => turn.IsCompletedSuccessfully, Is.True.After(30_000, 5));
    }

    [Test]
    public async Task The_longest_goes_first_whoever_asked_first()
    {
        var schedule = new Schedule(new Capacity { Machines = 1, MemoryMiB = 4096, Cpus = 4 });
        Task<Turn> shorter = schedule.TakeTurnAsync(Some.Case("a", minutes: 5), CancellationToken.None);
        Task<Turn> longer = schedule.TakeTurnAsync(Some.Case("b", minutes: 30), CancellationToken.None);
        schedule.Open();
        Turn first = await longer.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That(shorter.IsCompleted, Is.False);
        first.Dispose();
        (await shorter.WaitAsync(TimeSpan.FromSeconds(30))).Dispose();
    }

    [Test]
    public async Task A_large_test_that_does_not_fit_yet_holds_back_those_behind_it_that_would_hold_it_up()
    {
        var time = new FakeTimeProvider();
        var schedule = new Schedule(s_two, time: time);
        schedule.Open();
        Turn running = await schedule.TakeTurnAsync(Item("running", 100), CancellationToken.None);
        Task<Turn> large = schedule.TakeTurnAsync(Item("large", 90, needs: s_two), CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(41));
        Task<Turn> small = schedule.TakeTurnAsync(Item("small", 60), CancellationToken.None);
        Assert.That(small.IsCompleted, Is.False, "one machine is free, but the large test would have to wait for it");
        Turn smaller = await schedule.TakeTurnAsync(Item("smaller", 59), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        time.Advance(TimeSpan.FromSeconds(60));
        running.Dispose();
        Assert.That(large.IsCompleted || small.IsCompleted, Is.False, "what should have ended has not, and nobody else goes before the large one");
        smaller.Dispose();
        (await large.WaitAsync(TimeSpan.FromSeconds(30))).Dispose();
        (await small.WaitAsync(TimeSpan.FromSeconds(30))).Dispose();
    }

    [Test]
    public async Task What_leaves_room_for_a_large_test_that_waits_may_be_long()
    {
        var schedule = new Schedule(new Capacity { Machines = 4, MemoryMiB = 4096, Cpus = 4 }, time: new FakeTimeProvider());
        schedule.Open();
        Turn running = await schedule.TakeTurnAsync(Item("running", 100, needs: s_two with { MemoryMiB = 64, Cpus = 2 }), CancellationToken.None);
        Task<Turn> large = schedule.TakeTurnAsync(Item("large", 3000, needs: new Capacity { Machines = 3, MemoryMiB = 2048, Cpus = 3 }), CancellationToken.None);
        Turn beside = await schedule.TakeTurnAsync(Item("beside", 2000, needs: new Capacity { Machines = 1, MemoryMiB = 64, Cpus = 1 }), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        Task<Turn> more = schedule.TakeTurnAsync(Item("more", 1000, needs: new Capacity { Machines = 1, MemoryMiB = 64, Cpus = 1 }), CancellationToken.None);
        Assert.That(more.IsCompleted, Is.False, "the one place beside it is taken");
        running.Dispose();
        Assert.That(() => large.IsCompletedSuccessfully, Is.True.After(30_000, 5));
        beside.Dispose();
        (await more.WaitAsync(TimeSpan.FromSeconds(30))).Dispose();
    }

    [Test]
    public async Task Who_gives_up_makes_room_in_the_queue()
    {
        var schedule = new Schedule(s_two);
        schedule.Open();
        Turn running = await schedule.TakeTurnAsync(Some.Case("running"), CancellationToken.None);
        using var giveUp = new CancellationTokenSource();
        Task<Turn> large = schedule.TakeTurnAsync(Some.Case("large", 10, Some.Machine("a"), Some.Machine("b")), giveUp.Token);
        Task<Turn> small = schedule.TakeTurnAsync(Some.Case("small"), CancellationToken.None);
        await giveUp.CancelAsync();
        Assert.That(async () => await large, Throws.InstanceOf<OperationCanceledException>());
        (await small.WaitAsync(TimeSpan.FromSeconds(30))).Dispose();
        running.Dispose();
        Assert.That(schedule.Queued, Is.Zero);
    }

    [Test]
    public void Giving_a_turn_back_twice_gives_back_once()
    {
        var schedule = new Schedule(new Capacity { Machines = 1, MemoryMiB = 1024, Cpus = 1 });
        schedule.Open();
        Turn turn = schedule.TakeTurnAsync(Some.Case("one"), CancellationToken.None).Result;
        turn.Dispose();
        turn.Dispose();
        using Turn two = schedule.TakeTurnAsync(Some.Case("two"), CancellationToken.None).Result;
        Assert.That(schedule.TakeTurnAsync(Some.Case("three"), CancellationToken.None).IsCompleted, Is.False);
    }

    [Test]
    public void Capacity_is_never_exceeded_and_everybody_gets_a_turn() =>
        Gen.Select(Gen.Int[1, 3], Gen.Double[0.05, 5], Gen.Int[64, 6000]).Array[1, 30].Sample(needs =>
        {
            var all = new Capacity { Machines = 3, MemoryMiB = 4096, Cpus = 4, Ports = 4 };
            var schedule = new Schedule(all);
            var gate = new Lock();
            Capacity left = all;
            int done = 0;
            bool exceeded = false;
            Task[] tests =
            [
                .. needs.Select((need, i) => Task.Run(async () =>
                {
                    var wanted = new Capacity { Machines = need.Item1, Cpus = need.Item2, MemoryMiB = need.Item3 };
                    // What is larger than all there is counts as all there is, and runs alone.
                    Capacity taken = wanted.AtMost(all);
                    using Turn turn = await schedule.TakeTurnAsync(Item($"t{i}", 10, needs: wanted), CancellationToken.None);
                    lock (gate)
                    {
                        exceeded |= !left.Holds(taken);
                        left = left.Minus(taken);
                    }

                    await Task.Yield();
                    lock (gate)
                        left = left.Plus(taken);
                    Interlocked.Increment(ref done);
                })),
            ];
            schedule.Open();
            return Task.WhenAll(tests).Wait(TimeSpan.FromSeconds(20)) && !exceeded && done == needs.Length;
        }, iter: 200);

    [Test]
    public async Task A_test_that_needs_more_cores_than_there_are_runs_alone()
    {
        var schedule = new Schedule(s_two);
        schedule.Open();
        Turn running = await schedule.TakeTurnAsync(Item("running", 5), CancellationToken.None);
        Task<Turn> hungry = schedule.TakeTurnAsync(Item("hungry", 99, needs: s_two with { Machines = 1, Cpus = 64 }), CancellationToken.None);
        Assert.That(hungry.IsCompleted, Is.False);
        running.Dispose();
        using Turn alone = await hungry.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That(schedule.TakeTurnAsync(Item("next", 1), CancellationToken.None).IsCompleted, Is.False);
    }

    [Test]
    public void Where_only_machines_are_counted_cores_do_not_matter()
    {
        var schedule = new Schedule(new Capacity { Machines = 3, MemoryMiB = 4096, Cpus = double.PositiveInfinity });
        schedule.Open();
        Task<Turn>[] turns = [.. Enumerable.Range(0, 4).Select(i => schedule.TakeTurnAsync(Item($"t{i}", 5, needs: new() { Machines = 1, MemoryMiB = 100, Cpus = 64 }), CancellationToken.None))];
        Assert.That(schedule.Given, Is.EqualTo(3));
        Assert.That(turns[3].IsCompleted, Is.False);
    }

    [Test]
    public void One_port_a_machine_is_counted()
    {
        var schedule = new Schedule(new Capacity { Machines = 9, MemoryMiB = 4096, Cpus = 9, Ports = 2 });
        schedule.Open();
        for (int i = 0; i < 3; i++)
            _ = schedule.TakeTurnAsync(Item($"t{i}", 5), CancellationToken.None);
        Assert.That(schedule.Given, Is.EqualTo(2));
    }

    [Test]
    public async Task What_waits_for_a_template_takes_nothing_and_holds_back_nobody()
    {
        var schedule = new Schedule(s_two);
        schedule.Open();
        Task<Turn> gated = schedule.TakeTurnAsync(Item("gated", 1000, ["template"]), CancellationToken.None);
        using Turn one = await schedule.TakeTurnAsync(Item("one", 1), CancellationToken.None);
        Turn making = await schedule.TakeTurnAsync(Item("template", 1), CancellationToken.None);
        Assert.That(gated.IsCompleted, Is.False);
        making.Dispose();
        (await gated.WaitAsync(TimeSpan.FromSeconds(30))).Dispose();
    }

    [Test]
    public async Task A_template_that_much_waits_for_goes_before_longer_work()
    {
        var schedule = new Schedule(new Capacity { Machines = 1, MemoryMiB = 4096, Cpus = 4 });
        var order = new System.Collections.Concurrent.ConcurrentDictionary<int, string>();
        Task[] all = [.. new[] { Item("long", 50), Item("few", 10), Item("a", 20, ["many"]), Item("many", 10), Item("b", 30, ["many"]) }.Select(TakeAsync)];
        schedule.Open();
        await Task.WhenAll(all).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That(order.OrderBy(o => o.Key).Select(o => o.Value), Is.EqualTo((string[])["many", "long", "b", "a", "few"]));

        async Task TakeAsync(WorkItem item)
        {
            using Turn turn = await schedule.TakeTurnAsync(item, CancellationToken.None);
            order[turn.Number] = item.Id;
        }
    }

    [Test]
    public async Task A_template_that_is_there_or_is_given_up_releases_those_that_wait()
    {
        var schedule = new Schedule(s_two);
        schedule.Open();
        schedule.Complete("there");
        (await schedule.TakeTurnAsync(Item("a", 1, ["there"]), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30))).Dispose();
        Task<Turn> b = schedule.TakeTurnAsync(Item("b", 1, ["base", "given-up"]), CancellationToken.None);
        using var giveUp = new CancellationTokenSource();
        Task<Turn> making = schedule.TakeTurnAsync(Item("given-up", 1, ["never"]), giveUp.Token);
        await giveUp.CancelAsync();
        Assert.That(async () => await making, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(b.IsCompleted, Is.False, "it waits for another one, too");
        schedule.Complete("base");
        schedule.Complete("base");
        (await b.WaitAsync(TimeSpan.FromSeconds(30))).Dispose();
        Assert.That(schedule.Queued, Is.Zero);
    }

    [Test]
    public void Who_waits_for_itself_is_told()
    {
        var schedule = new Schedule(s_two);
        _ = schedule.TakeTurnAsync(Item("a", 1, ["b"]), CancellationToken.None);
        _ = schedule.TakeTurnAsync(Item("b", 1, ["c"]), CancellationToken.None);
        Assert.That(async () => await schedule.TakeTurnAsync(Item("c", 1, ["a"]), CancellationToken.None), Throws.ArgumentException.With.Message.StartsWith("c waits for itself"));
    }

    [Test]
    public void Ranks_are_the_same_whoever_comes_first() =>
        Gen.Shuffle(Enumerable.Range(0, 12).ToArray()).Sample(order =>
        {
            // 0 gates 1 to 3, 2 gates 4 to 6, 3 gates 4 and 7, the rest are free.
            string[][] after = [[], ["0"], ["0"], ["0"], ["2", "3"], ["2"], ["2"], ["3"], [], [], [], []];
            var queue = new WorkQueue(seed: 5);
            Waiting[] waiting = [.. after.Select((gates, i) => new Waiting(Item($"{i}", 0.1 + i % 4, gates)))];
            foreach (int i in order)
                queue.Add(waiting[i]);
            // 4 hangs on 2 and on 3, and so counts in both; all of that hangs on 0.
            return waiting.Select(w => w.Rank).SequenceEqual([12_900L, 1_100L, 5_400L, 6_300L, 100L, 1_100L, 2_100L, 3_100L, 100L, 1_100L, 2_100L, 3_100L]);
        }, iter: 200);

    [Test]
    public void Equals_are_ordered_by_the_seed_and_by_nothing_else()
    {
        string[] ids = [.. Enumerable.Range(0, 20).Select(i => $"t{i}")];
        Assert.That(Order(ids, 1), Is.EqualTo(Order(ids.Reverse(), 1)));
        Assert.That(Order(ids, 1), Is.Not.EqualTo(Order(ids, 2)));
        // Of all processes and hosts: it must not change with the program, either.
        Assert.That(string.Join(' ', Order(ids, 1).Take(5)), Is.EqualTo("t15 t11 t14 t19 t0"));
    }

    private static List<string> Order(IEnumerable<string> ids, int seed)
    {
        var queue = new WorkQueue(seed);
        foreach (string id in ids)
            queue.Add(new Waiting(Item(id, 5)));
        var order = new List<string>();
        while (queue.First is { } next)
        {
            order.Add(next.Item.Id);
            queue.Remove(next);
        }

        return order;
    }

    private static WorkItem Item(string id, double seconds, string[]? after = null, Capacity? needs = null) =>
        new() { Id = id, Seconds = seconds, After = after ?? [], Need = needs ?? new Capacity { Machines = 1, MemoryMiB = 512, Cpus = 1 } };
}
