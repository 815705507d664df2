using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Kola.Machines;

namespace Kola.Fake;

/// <summary>A connection to a scripted guest.</summary>
internal sealed partial class FakeShell : IShell
{
    private readonly FakeInstance _machine;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _lost;

    internal FakeShell(FakeInstance machine, TimeProvider clock, CancellationToken bootOver)
    {
        _machine = machine;
        _clock = clock;
        _lost = CancellationTokenSource.CreateLinkedTokenSource(bootOver);
        Lost = _lost.Token;
    }

    public string HostKey => _machine.HostKey;

    public CancellationToken Lost { get; }

    public async Task<int?> ExecuteAsync(string command, Stream? input, Stream output, Stream error, CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, Lost);
        try
        {
            either.Token.ThrowIfCancellationRequested();
            if (Journal().Match(command) is { Success: true } journal)
            {
                int from = journal.Groups["cursor"] is { Success: true } cursor ? int.Parse(cursor.Value, CultureInfo.InvariantCulture) : _machine.BootEntry;
                await _machine.Journal.FollowAsync(from, output, either.Token);
            }

            return await AnswerAsync(command, input, output, error, either.Token);
        }
        catch (OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            return null;
        }
    }

    public int Forward(string host, int port) => throw new MachineException($"port {port} of {host} cannot be forwarded: the machine is a fake");

    public async ValueTask DisposeAsync() => await _lost.CancelAsync();

    private async Task<int?> AnswerAsync(string command, Stream? input, Stream output, Stream error, CancellationToken cancel)
    {
        using var content = new MemoryStream();
        if (input is not null)
            await input.CopyToAsync(content, cancel);
        (FakeAnswer answer, FakeReply reply) = _machine.AnswerTo(command, content.ToArray());
        if (answer.Delay > TimeSpan.Zero)
            await Task.Delay(answer.Delay, _clock, cancel);
        if (answer.Console is not null)
            _machine.Write(answer.Console);
        if (answer.Journal is not null)
            _machine.Log(answer.Journal);
        if (answer.Effect is not FakeEffect.None)
            await AffectAsync(answer.Effect, cancel);
        await output.WriteAsync(Encoding.UTF8.GetBytes(reply.Output), cancel);
        await error.WriteAsync(Encoding.UTF8.GetBytes(reply.Error), cancel);
        return reply.ExitCode;
    }

    private async Task AffectAsync(FakeEffect effect, CancellationToken cancel)
    {
        switch (effect)
        {
            case FakeEffect.DropsConnection:
                await _lost.CancelAsync();
                break;
            case FakeEffect.Deafens:
                _machine.IsDeaf = true;
                await _lost.CancelAsync();
                break;
            case FakeEffect.Reboots:
                await _machine.ResetAsync(cancel);
                break;
            case FakeEffect.PowersOff:
                _machine.End(new InstanceExit(PlatformFault: false, "the guest powered off"));
                break;
            case FakeEffect.Dies:
                _machine.End(new InstanceExit(PlatformFault: true, "the fake emulator was told to die"));
                break;
        }

        // All of these take the connection with them, and a command that hangs waits for that.
        await Task.Delay(Timeout.InfiniteTimeSpan, _clock, cancel);
    }

    // exec sudo journalctl --output=export --follow --quiet --after-cursor='c7' --lines=all
    [GeneratedRegex("journalctl --output=export --follow.*?(--after-cursor='?c(?<cursor>\\d+)|--boot)")]
    private static partial Regex Journal();
}
