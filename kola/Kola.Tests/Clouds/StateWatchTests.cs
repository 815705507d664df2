using System.Collections.Concurrent;
using Kola.Clouds;
using Microsoft.Extensions.Time.Testing;

namespace Kola.Tests.Clouds;

/// <summary>Machines of a cloud, looked at together.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StateWatchTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly ConcurrentDictionary<string, string> _there = new();
    private int _looks;
    private Exception? _fault;

    [Test]
    public async Task A_change_is_told_to_who_waits_for_it()
    {
        await using StateWatch<string> watch = Watch(TimeSpan.Zero);
        _there["one"] = "starting";
        watch.Add("one", "asked for");
        Task<string> running = watch.UntilAsync("one", s => s == "running", TimeSpan.FromDays(1), CancellationToken.None);
        await LooksAsync(3);
        Assert.That((running.IsCompleted, watch.StateOf("one")), Is.EqualTo((false, "starting")));
        _there["one"] = "running";
        await LooksAsync(2);
        Assert.That(await running, Is.EqualTo("running"));
    }

    [Test]
    public async Task What_was_never_seen_is_gone_after_two_minutes_and_not_before()
    {
        await using StateWatch<string> watch = Watch(TimeSpan.Zero);
        DateTimeOffset start = _clock.GetUtcNow();
        watch.Add("one", "asked for");
        while (watch.StateOf("one") == "asked for")
            await LooksAsync(1);
        Assert.That(watch.StateOf("one"), Is.EqualTo("gone"));
        Assert.That(_clock.GetUtcNow() - start, Is.AtLeast(TimeSpan.FromMinutes(2)));
    }

    [TestCase(0, 0)]
    [TestCase(60, 60)]
    public async Task What_was_seen_and_is_missing_is_gone_as_soon_as_answers_can_be_trusted(int missing, int least)
    {
        await using StateWatch<string> watch = Watch(TimeSpan.FromSeconds(missing));
        _there["one"] = "running";
        watch.Add("one", "asked for");
        await LooksAsync(2);
        Assert.That(watch.StateOf("one"), Is.EqualTo("running"));
        _there.Clear();
        DateTimeOffset start = _clock.GetUtcNow();
        int looks = _looks;
        while (watch.StateOf("one") == "running")
            await LooksAsync(1);
        Assert.That(watch.StateOf("one"), Is.EqualTo("gone"));
        // A look that was on its way had seen it a pause before.
        Assert.That(_clock.GetUtcNow() - start, Is.AtLeast(TimeSpan.FromSeconds(least - 10)));
        if (missing == 0)
            Assert.That(_looks - looks, Is.LessThanOrEqualTo(3));
    }

    [Test]
    public async Task A_fault_of_any_kind_is_no_end_of_looking()
    {
        await using StateWatch<string> watch = Watch(TimeSpan.Zero);
        _fault = new InvalidOperationException("an answer nobody expected");
        watch.Add("one", "asked for");
        await LooksAsync(3);
        (_fault, _there["one"]) = (null, "running");
        await LooksAsync(2);
        Assert.That(watch.StateOf("one"), Is.EqualTo("running"));
    }

    [Test]
    public async Task Who_waits_for_a_machine_that_is_not_looked_at_any_more_sees_it_gone()
    {
        StateWatch<string> watch = Watch(TimeSpan.Zero);
        watch.Add("one", "asked for");
        watch.Add("two", "asked for");
        Task<string> one = watch.ChangedAsync("one", s => s == "running", CancellationToken.None);
        Task<string> two = watch.ChangedAsync("two", s => s == "running", CancellationToken.None);
        watch.Remove("one");
        Assert.That(await one, Is.EqualTo("gone"));
        await watch.DisposeAsync();
        Assert.That(await two, Is.EqualTo("gone"));
    }

    private StateWatch<string> Watch(TimeSpan missing) => new((names, _) =>
    {
        _looks++;
        return _fault is { } fault ? throw fault : Task.FromResult<IReadOnlyDictionary<string, string>>(_there.Where(t => names.Contains(t.Key)).ToDictionary());
    }, "gone", missing, _clock);

    // Time passes until so many looks more have begun; what all but the last of them saw is known then. The watch goes on in between, on threads of its own.
    private async Task LooksAsync(int more)
    {
        int wanted = Volatile.Read(ref _looks) + more;
        for (int seconds = 0; Volatile.Read(ref _looks) < wanted; seconds++)
        {
            Assert.That(seconds, Is.LessThan(20_000), "nobody looks any more");
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }
}
