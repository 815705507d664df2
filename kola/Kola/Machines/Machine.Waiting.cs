using Kola.Machines;

namespace Kola;

/// <content>Waiting for what takes time.</content>
public sealed partial class Machine
{
    /// <summary>Probes until it holds.</summary>
    /// <param name="what">Completes "waited for …": names it in messages and in the report.</param>
    /// <param name="probe">Asks the machine; an exception from it ends the wait.</param>
    /// <param name="holds">Whether that is what is waited for.</param>
    /// <param name="within">Default 2 minutes, times the platform's slowness; never beyond the test's deadline.</param>
    /// <returns>What was seen when it held.</returns>
    /// <exception cref="MachineException">It did not come to hold; the message says what was seen last.</exception>
    public async Task<T> WaitForAsync<T>(string what, Func<Task<T>> probe, Func<T, bool> holds, TimeSpan? within = null)
    {
        TimeSpan limit = Scaled(within ?? TimeSpan.FromMinutes(2));
        Waited<T> waited = await BoundAsync(cancel => Wait.UntilAsync(_ => probe(), holds, limit, TimeSpan.FromSeconds(2), _terms.Time, cancel));
        string last = LastSeen(waited.Last);
        _terms.Emit(new WaitEnded { At = _terms.Time.GetUtcNow(), Test = _terms.Test, Machine = Name, For = what, Held = waited.Held, ElapsedSeconds = waited.Elapsed.TotalSeconds, LastSeen = last });
        return waited.Held ? waited.Last : throw new MachineException(
            $"{Name}: waited {waited.Elapsed.TotalSeconds:0} s for {what}\n  wanted:  {what}, within {limit.TotalSeconds:0} s\n  got:     {last}\n  see:     {_terms.Shown}/ssh.log");
    }

    /// <summary>Waits until a unit is active. Fails as soon as the unit has failed: then waiting is pointless.</summary>
    /// <param name="unit">Full name: <c>docker.service</c>.</param>
    /// <param name="within">Default 2 minutes, times the platform's slowness.</param>
    public async Task WaitForUnitAsync(string unit, TimeSpan? within = null)
    {
        TimeSpan limit = Scaled(within ?? TimeSpan.FromMinutes(2));
        string state = await WaitForAsync(
            $"unit {unit} to be active", () => UnitStateAsync(unit), seen => seen is "active" or "failed", within);
        if (state != "failed")
            return;
        string status = (await TryRunAsync($"systemctl --no-pager --full status {Quote(unit)}")).Text;
        throw new MachineException($"{Name}: unit {unit} was \"failed\"\n  wanted:  active within {limit.TotalSeconds:0} s\n  got:     failed{Tail("status", status)}\n  see:     {_terms.Shown}/journal.txt");
    }

    private async Task<string> UnitStateAsync(string unit) => (await TryRunAsync($"systemctl is-active {Quote(unit)}")).Text;

    // As messages and the report tell it, on one line.
    internal static string LastSeen<T>(T seen) => seen switch
    {
        null => "nothing",
        CommandResult result => $"exit code {result.ExitCode}: {OneLine(result.Text.Length > 0 ? result.Text : result.Error)}",
        not string and System.Collections.IEnumerable many => many.Cast<object?>().Select(LastSeen).ToArray() is { Length: > 0 } each ? OneLine(string.Join(", ", each)) : "none",
        _ => OneLine(seen.ToString() ?? ""),
    };

    private static string OneLine(string text)
    {
        string line = text.ReplaceLineEndings(" ⏎ ");
        return line.Length <= 300 ? line : "…" + line[^300..];
    }
}
