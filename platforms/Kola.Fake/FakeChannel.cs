using System.Globalization;
using System.Text;
using Kola.Machines;

namespace Kola.Fake;

/// <summary>The harness's own way into a scripted guest: the same answers as over a connection, and the same journal.</summary>
internal sealed class FakeChannel(FakeInstance machine, TimeProvider clock, bool answers) : IGuestChannel
{
    public bool IsUp => answers && !machine.IsOver;

    public async Task WhenUpAsync(CancellationToken cancel)
    {
        if (!IsUp)
            await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancel);
    }

    public async Task<(int ExitCode, string Text)?> AskAsync(string command, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (!IsUp)
            return null;
        using var both = new MemoryStream();
        await using var shell = new FakeShell(machine, clock, machine.BootOver);
        int? exitCode = await shell.ExecuteAsync(command, null, both, both, cancel);
        return exitCode is { } code ? (code, Encoding.UTF8.GetString(both.ToArray())) : null;
    }

    public async Task FollowJournalAsync(Func<string> cursor, Func<Stream> sink, CancellationToken over)
    {
        while (!over.IsCancellationRequested && !machine.IsOver)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(over, machine.BootOver);
            // c7
            int from = cursor() is { Length: > 1 } seen ? int.Parse(seen.AsSpan(1), CultureInfo.InvariantCulture) : machine.BootEntry;
            try
            {
                await machine.Journal.FollowAsync(from, sink(), either.Token);
            }
            catch (OperationCanceledException)
            {
                // The boot is over, or nobody listens any more. Whoever ended it may be here, on its way to the next.
                await Task.Yield();
            }
        }
    }
}
