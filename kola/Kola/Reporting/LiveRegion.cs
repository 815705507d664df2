using System.Globalization;

namespace Kola.Reporting;

/// <summary>
/// What is going on now, in a few lines below those that scroll by: how far the run is, what runs and what it is at, what waits, what went wrong last.
/// <code>
/// 12 of 33 tests: 9 passed, 1 flaky, 2 failed    3 min 12 s
///   ▶ cl.update.payload      41.2 s  booting hub
///   ▶ cl.network.wireguard   12.0 s  spoke: ping -c 3 10.0.0.1
///   … 19 wait: cl.basic, cl.swap, cl.verity, and 16 more
///   ✗ cl.ignition.luks: machine: not ready 120 s after its start
/// </code>
/// Takes events in order, and is not safe to use from several threads.
/// </summary>
internal sealed class LiveRegion
{
    private const int MostFailures = 3;

    private readonly Dictionary<string, Running> _running = [];
    private readonly List<string> _waiting = [];
    private readonly List<ReportLine> _failures = [];
    private readonly Dictionary<string, Outcome> _outcomes = [];
    private DateTimeOffset? _begun;
    private int _planned;
    private int _repetitions = 1;
    private int _ended;

    internal void Take(RunEvent happened)
    {
        switch (happened)
        {
            case RunStarted e:
                _begun = e.At;
                _repetitions = Math.Max(1, e.Stress);
                break;
            case TestPlanned { SkipReason: null } e:
                _planned++;
                _waiting.Add(e.Test);
                break;
            case TestStarted e:
                _waiting.Remove(e.Test);
                Begin(e.Test, e.Attempt, e.At);
                break;
            case TestEnded e:
                End(e);
                break;
            case MachineStarted e when Aside.Is(e.Test):
                Begin(e.Test, e.Attempt, e.At).Doing = $"booting {e.Machine}";
                break;
            case MachineEnded e when Aside.Is(e.Test):
                _running.Remove(Key(e.Test, e.Attempt));
                break;
            case MachineEvent e when _running.TryGetValue(Key(e.Test, e.Attempt), out Running? at):
                at.Doing = Doing(e) ?? at.Doing;
                break;
            case StepEnded e when _running.TryGetValue(Key(e.Test, e.Attempt), out Running? at):
                at.Doing = $"after {e.Step}";
                break;
        }
    }

    /// <param name="now">What times are held against.</param>
    /// <param name="width">Columns there are; longer lines are cut.</param>
    /// <param name="height">Most lines.</param>
    internal IReadOnlyList<ReportLine> Lines(DateTimeOffset now, int width, int height)
    {
        var lines = new List<ReportLine> { new(Cut(Head(now), width), Tone.Heading) };
        int room = Math.Max(1, height - 2 - _failures.Count);
        Running[] running = [.. _running.Values.OrderBy(at => at.Since).ThenBy(at => at.Name, StringComparer.Ordinal)];
        int name = running.Take(room).Select(at => at.Name.Length).DefaultIfEmpty().Max();
        foreach (Running at in running.Take(room))
            lines.Add(new(Cut($"  ▶ {PlainText.OneLine(at.Name).PadRight(name)}  {PlainText.Duration((now - at.Since).TotalSeconds),10}  {PlainText.OneLine(at.Doing)}", width)));
        if (running.Length > room)
            lines.Add(new(Cut($"  ▶ and {running.Length - room} more", width)));
        if (_waiting.Count > 0)
            lines.Add(new(Cut(Waiting(), width), Tone.Faint));
        lines.AddRange(_failures.Select(line => line with { Text = Cut(line.Text, width) }));
        return lines;
    }

    private string Head(DateTimeOffset now)
    {
        string counts = string.Join(", ", _outcomes.Values.GroupBy(outcome => outcome).OrderBy(group => group.Key)
            .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Count()} {group.Key.Word()}")));
        string of = _repetitions == 1 ? PlainText.Count(_planned, "test") : PlainText.Count(_planned * _repetitions, "repetition");
        string time = _begun is { } begun ? $"    {PlainText.Duration((now - begun).TotalSeconds)}" : "";
        return $"{_ended} of {of}{(counts.Length > 0 ? $": {counts}" : "")}{time}";
    }

    private string Waiting()
    {
        const int named = 3;
        string more = _waiting.Count > named ? $", and {_waiting.Count - named} more" : "";
        return $"  … {_waiting.Count} {(_waiting.Count == 1 ? "waits" : "wait")}: {string.Join(", ", _waiting.Take(named).Select(PlainText.OneLine))}{more}";
    }

    private void End(TestEnded e)
    {
        _running.Remove(Key(e.Test, e.Attempt));
        // A retry is no further test; a repetition is one more of what was asked for.
        if (e.Attempt == 1 || _repetitions > 1)
            _ended++;
        string name = _repetitions > 1 ? Key(e.Test, e.Attempt) : e.Test;
        _outcomes[name] = e.Outcome == Outcome.Passed && _outcomes.TryGetValue(name, out Outcome before) && before != Outcome.Passed ? Outcome.Flaky : e.Outcome;
        if (e.Outcome is Outcome.Passed or Outcome.Skipped)
            return;
        _failures.Add(new($"  ✗ {PlainText.OneLine(e.Test)}: {PlainText.FirstLine(e.Message)}", ProgressLine.ToneOf(e.Outcome)));
        if (_failures.Count > MostFailures)
            _failures.RemoveAt(0);
    }

    private Running Begin(string test, int attempt, DateTimeOffset at) =>
        _running[Key(test, attempt)] = new Running(attempt == 1 ? test : string.Create(CultureInfo.InvariantCulture, $"{test} ({attempt})"), at);

    private static string? Doing(MachineEvent happened) => happened switch
    {
        MachineStarted e => $"{(e.Template is null ? "booting" : "waking")} {e.Machine}",
        MachineReady e => $"{e.Machine} is ready",
        PowerWasCut e => string.Create(CultureInfo.InvariantCulture, $"booting {e.Machine} after a power cut at write {e.Entry}"),
        CommandRan e => $"{e.Machine}: {e.Command}",
        EvidenceKept e => $"keeping evidence of {e.Machine}",
        MachineEnded e => $"{e.Machine} is gone",
        _ => null,
    };

    private static string Key(string test, int attempt) => string.Create(CultureInfo.InvariantCulture, $"{test}#{attempt}");

    private static string Cut(string line, int width) => line.Length <= width ? line : width <= 1 ? "" : string.Concat(line.AsSpan(0, width - 1), "…");

    private sealed class Running(string name, DateTimeOffset since)
    {
        internal string Name => name;

        internal DateTimeOffset Since => since;

        internal string Doing { get; set; } = "";
    }
}
