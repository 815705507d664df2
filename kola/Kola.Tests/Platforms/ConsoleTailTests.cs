using Kola.Platforms;

namespace Kola.Tests.Platforms;

/// <summary>One text of what a cloud shows of a console, piece by piece.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ConsoleTailTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Test]
    public async Task What_grows_is_written_once()
    {
        await TakeAllAsync("boot\n", "boot\nlogin:", "boot\nlogin:", "boot\nlogin: panic\n");
        Assert.That(await File.ReadAllTextAsync(_file), Is.EqualTo("boot\nlogin: panic\n"));
    }

    [Test]
    public async Task A_window_that_moves_is_joined_where_it_overlaps()
    {
        string text = string.Concat(Enumerable.Range(0, 500).Select(i => $"line {i}\n"));
        await TakeAllAsync(text[..3000], text[1500..4000], text[2500..]);
        Assert.That(await File.ReadAllTextAsync(_file), Is.EqualTo(text));
    }

    [Test]
    public async Task What_was_never_shown_is_marked()
    {
        string text = string.Concat(Enumerable.Range(0, 500).Select(i => $"line {i}\n"));
        await TakeAllAsync(text[..1000], text[3000..]);
        Assert.That(await File.ReadAllTextAsync(_file), Is.EqualTo(text[..1000] + ConsoleTail.Gap + text[3000..]));
    }

    [Test]
    public async Task An_empty_answer_is_nothing_new()
    {
        await TakeAllAsync("boot\n", "", "boot\n");
        Assert.That(await File.ReadAllTextAsync(_file), Is.EqualTo("boot\n"));
    }

    private async Task TakeAllAsync(params string[] snapshots)
    {
        var tail = new ConsoleTail(_file);
        foreach (string snapshot in snapshots)
            await tail.TakeAsync(snapshot, CancellationToken.None);
    }
}
