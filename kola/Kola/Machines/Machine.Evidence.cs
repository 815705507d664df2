using System.Text;
using Kola.Machines;

namespace Kola;

/// <content>What a machine says of itself when its test is over: past the test's deadline, and by whichever way there is.</content>
public sealed partial class Machine
{
    /// <summary>Runs a script of bash as root, over SSH where that answers, else over the guest channel. Tests never come this way. Never throws but for <paramref name="cancel"/>.</summary>
    /// <param name="script">The whole script; its output goes to standard output.</param>
    /// <param name="within">Longest time for each of the two ways, times the platform's slowness.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>What it printed and by which way, also when it did not get to its end; null when nobody answered.</returns>
    internal async Task<(string By, string Text)?> TellAsync(string script, TimeSpan within, CancellationToken cancel)
    {
        IGuestChannel? channel = _instance.Channel is { IsUp: true } up ? up : null;
        // A kernel that has panicked answers nobody, and is not given the time to. SSH is asked all the same: the guest program may be what died.
        bool answers = channel is null || await OverChannelAsync(channel, "true", within / 4, cancel) is not null;
        if (await OverSshAsync(script, Scaled(answers ? within : within / 4), cancel) is { Length: > 0 } text)
            return ("ssh", text);
        // In a shell of its own: the guest program's goes on with what it has.
        return channel is not null && answers && await OverChannelAsync(channel, $"( {script}\n)", within, cancel) is { Length: > 0 } told ? ("channel", told) : null;
    }

    private async Task<string?> OverChannelAsync(IGuestChannel channel, string command, TimeSpan within, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(Scaled(within), _terms.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            return await channel.AskAsync(command, either.Token) is { Text: var text } ? text : null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<string?> OverSshAsync(string script, TimeSpan within, CancellationToken cancel)
    {
        // Never logged in: what SSH did not do in minutes it does not do now.
        if (_shell is null && _hostKey is null && LoggedIn == default)
            return null;
        using var late = new CancellationTokenSource(within, _terms.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        using var output = new MemoryStream();
        try
        {
            IShell shell = await ShellAsync(either.Token);
            await shell.ExecuteAsync($"sudo bash -c {Quote(script)}", null, output, Stream.Null, either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // What came until then is something.
        }
        catch (MachineException)
        {
            // Nothing answers, or lets nobody in.
        }

        // Somebody may still be writing to it.
        return Encoding.UTF8.GetString(output.ToArray());
    }
}
