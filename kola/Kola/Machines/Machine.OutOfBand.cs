using Kola.Machines;

namespace Kola;

/// <content>The way in past the network.</content>
public sealed partial class Machine
{
    // What timeout answers for what did not end in time; killed, it is 128 and the signal. A script may say the same of itself, sooner.
    private const int TimedOut = 124;
    private const int Killed = 137;

    private OutOfBand? _outOfBand;

    /// <summary>The way in past the network. Of a test that <c>Needs</c> <see cref="Feature.OutOfBand"/>.</summary>
    public OutOfBand OutOfBand => _outOfBand ??= new OutOfBand(this, OverChannelAsync);

    private async Task<CommandResult> OverChannelAsync(string script, TimeSpan within)
    {
        IGuestChannel channel = _instance.Channel ?? throw new UsageException($"{Name}: there is no way in past its network on this platform\n  wanted:  Needs = [Feature.OutOfBand]");
        TimeSpan limit = Scaled(within);
        long start = _terms.Time.GetTimestamp();
        (int ExitCode, string Text)? answer = await BoundAsync(async cancel =>
        {
            // A guest that ends what hangs by itself is given the time to.
            using var late = new CancellationTokenSource(limit + Scaled(TimeSpan.FromSeconds(10)), _terms.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
            try
            {
                return await channel.AskAsync(OutOfBand.Command(script, limit), either.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return null;
            }
        });
        TimeSpan elapsed = _terms.Time.GetElapsedTime(start);
        string command = $"(out of band) {script}";
        Ran(command, answer?.ExitCode, elapsed);
        _log.Add(_terms.Time.GetUtcNow(), command, answer?.ExitCode, answer?.Text ?? "", "", elapsed);
        if (answer is null)
            await ThrowWhyLostAsync();
        return answer switch
        {
            null => throw new MachineException($"{Name}: `{Shown(script)}` was not answered (out of band)\n  wanted:  an answer within {limit.TotalSeconds:0} s\n  got:     nothing: the machine restarted, hangs or is gone\n  see:     {_terms.Shown}/console.txt"),
            { ExitCode: TimedOut or Killed } when elapsed >= limit => throw new MachineException($"{Name}: `{Shown(script)}` did not end within {limit.TotalSeconds:0} s (out of band){Tail("got", answer.Value.Text)}"),
            { } said => new CommandResult { Command = script, ExitCode = said.ExitCode, Text = said.Text.TrimEnd(), Error = "", Elapsed = elapsed },
        };
    }
}
