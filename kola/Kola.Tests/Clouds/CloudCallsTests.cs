using System.Net;
using Kola.Clouds;

namespace Kola.Tests.Clouds;

/// <summary>What comes of a call to a cloud is one of the kinds of blame, or a cancellation, and nothing else.</summary>
public sealed class CloudCallsTests
{
    private readonly CloudCalls _calls = new("sky", TimeProvider.System, fault => fault is HttpRequestException { StatusCode: HttpStatusCode.NotFound } ? new Refusal(RefusalKind.NotFound, "404", "It could not be found.") : null, _ => null);

    [TestCase(false)]
    [TestCase(true)]
    public async Task An_answer_is_one_also_while_the_call_is_ended(bool ended)
    {
        using var cancel = new CancellationTokenSource();
        PlatformException? fault = await Assert.ThrowsAsync<PlatformException>(() => _calls.RunAsync("read a console", Signal.Emulator, async _ =>
        {
            if (ended)
                await cancel.CancelAsync();
            throw new HttpRequestException("gone", null, HttpStatusCode.NotFound);
        }, cancel.Token));
        Assert.That(Refusal.Is(fault!, RefusalKind.NotFound), Is.True);
    }

    [Test]
    public async Task What_breaks_off_while_it_is_ended_was_ended()
    {
        using var cancel = new CancellationTokenSource();
        await Assert.CatchAsync<OperationCanceledException>(() => _calls.RunAsync("read a console", Signal.Emulator, async _ =>
        {
            await cancel.CancelAsync();
            throw new IOException("The response ended prematurely.");
        }, cancel.Token));
    }

    [Test]
    public async Task What_breaks_off_by_itself_is_the_places_fault()
    {
        PlatformException? fault = await Assert.ThrowsAsync<PlatformException>(() => _calls.RunAsync("read a console", Signal.Emulator, _ => Task.FromException(new IOException("The response ended prematurely.")), CancellationToken.None));
        Assert.That(fault!.Message, Does.Contain("could not read a console").And.Contain("no answer"));
    }
}
