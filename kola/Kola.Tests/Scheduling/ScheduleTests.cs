using CsCheck;
using Kola.Scheduling;

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
        Assert.That(() => turn.IsCompletedSuccessfully, Is.True.After(1000, 5));
    }

    [Test]
    public async Task The_longest_goes_first_whoever_asked_first()
    {
        var schedule = new Schedule(new Capacity { Machines = 1, MemoryMiB = 4096, Cpus = 4 });
        Task<Turn> shorter = schedule.TakeTurnAsync(Some.Case("a", minutes: 5), CancellationToken.None);
        Task<Turn> longer = schedule.TakeTurnAsync(Some.Case("b", minutes: 30), CancellationToken.None);
        schedule.Open();
        Turn first = await longer.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.That(shorter.IsCompleted, Is.False);
        first.Dispose();
        (await shorter.WaitAsync(TimeSpan.FromSeconds(5))).Dispose();
    }

    [Test]
    public async Task A_large_test_that_does_not_fit_yet_holds_back_the_small_ones_behind_it()
    {
        var schedule = new Schedule(s_two);
        schedule.Open();
        Turn running = await schedule.TakeTurnAsync(Some.Case("running"), CancellationToken.None);
        Task<Turn> large = schedule.TakeTurnAsync(Some.Case("large", 10, Some.Machine("a"), Some.Machine("b")), CancellationToken.None);
        Task<Turn> small = schedule.TakeTurnAsync(Some.Case("small"), CancellationToken.None);
        Assert.That(small.IsCompleted, Is.False, "one machine is free, but the large test would starve");
        running.Dispose();
        (await large.WaitAsync(TimeSpan.FromSeconds(5))).Dispose();
        (await small.WaitAsync(TimeSpan.FromSeconds(5))).Dispose();
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
        (await small.WaitAsync(TimeSpan.FromSeconds(5))).Dispose();
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
        Gen.Int[1, 3].Array[1, 30].Sample(sizes =>
        {
            var schedule = new Schedule(new Capacity { Machines = 3, MemoryMiB = 8192, Cpus = 8 });
            int inUse = 0, most = 0, done = 0;
            Task[] tests =
            [
                .. sizes.Select((size, i) => Task.Run(async () =>
                {
                    TestCase test = Some.Case($"t{i}", 10, [.. Enumerable.Range(0, size).Select(m => Some.Machine($"m{m}"))]);
                    using (await schedule.TakeTurnAsync(test, CancellationToken.None))
                    {
                        int now = Interlocked.Add(ref inUse, size);
                        most = Math.Max(most, now);
                        await Task.Yield();
                        Interlocked.Add(ref inUse, -size);
                        Interlocked.Increment(ref done);
                    }
                })),
            ];
            schedule.Open();
            return Task.WhenAll(tests).Wait(TimeSpan.FromSeconds(20)) && most <= 3 && done == sizes.Length;
        }, iter: 200);
}
