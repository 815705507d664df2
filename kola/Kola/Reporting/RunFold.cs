using System.Globalization;
using Kola.Policies;

namespace Kola.Reporting;

/// <summary>Collects events into a <see cref="Report"/>; trusts nothing it is told about the end of a run.</summary>
internal sealed class RunFold
{
    private readonly Dictionary<string, TestFold> _tests = [];
    private readonly List<TestFold> _order = [];
    private readonly List<string> _problems = [];
    private readonly HashSet<string> _honest = [];
    private readonly List<CleanupFailed> _leftovers = [];
    private readonly TemplateFold _templates = new();
    private RunStarted? _started;
    private RunEnded? _ended;
    private RunEvent? _first;
    private RunEvent? _last;
    private PolicyRead? _policy;
    private int _line;
    private int _late;

    internal void Take(RunEvent happened)
    {
        _first ??= happened;
        _last = happened;
        _line++;
        _late += _ended is null ? 0 : 1;
        switch (happened)
        {
            case RunStarted started:
                Begin(started);
                break;
            case PolicyRead policy:
                _policy ??= policy;
                break;
            case TestPlanned planned:
                Plan(planned);
                break;
            case TestStarted e:
                Test(e.Test).Take(e);
                break;
            case MachineStarted { Template: { } template } e when !Aside.Is(e.Test):
                _templates.Copied(template, e.Test);
                Test(e.Test).Take(e);
                break;
            case MachineEvent or WaitEnded or StepEnded or NetworkChanged when Aside.Is(NameIn(happened)):
                // No attempt of a test: what came of it is told by an event of its own.
                break;
            case MachineStarted e:
                Test(e.Test).Take(e);
                break;
            case MachineReady e:
                Test(e.Test).Take(e);
                break;
            case MachineEnded e:
                Test(e.Test).Take(e);
                break;
            case CommandRan e:
                Test(e.Test).Take(e);
                break;
            case WaitEnded e:
                Test(e.Test).Take(e);
                break;
            case EvidenceKept e:
                Test(e.Test).Take(e);
                break;
            case StepEnded e:
                Test(e.Test).Take(e);
                break;
            case NetworkChanged e:
                Test(e.Test).Take(e);
                break;
            case PowerWasCut e:
                Test(e.Test).Take(e);
                break;
            case FindingMade e:
                Test(e.Test).Take(e, _line);
                break;
            case TestEnded e:
                Test(e.Test).Take(e, _line, _problems);
                break;
            case ParityChecked e:
                _templates.Take(e);
                Test(e.Test).Take(e, _line);
                break;
            case TemplateMade or TemplateDropped:
                _templates.Take(happened);
                break;
            case CleanupFailed e:
                _leftovers.Add(e);
                break;
            case RunEnded e:
                _ended ??= e;
                break;
        }
    }

    internal Report Finish(string? torn)
    {
        FindProblems(torn);
        string why = _ended is null ? "the run died" : _ended.Stopped is { } stopped ? $"the run was stopped: {stopped}" : "the run ended without it";
        DateOnly today = DateOnly.FromDateTime((_started ?? _first)?.At.UtcDateTime ?? default);
        TestReport[] tests = [.. _order.Select(test => test.Finish(why, today, _problems))];
        // A shard may be empty, or hold nothing but what is skipped: what all shards come to is for a gate to say.
        bool whole = _started?.Shard is null;
        if (whole && tests.Length == 0)
            Admit("the plan is empty: no test was to be run");
        else if (whole && tests.All(test => test.Outcome == Outcome.Skipped))
            Admit($"nothing was tested: {PlainText.Count(tests.Length, "planned test")}, all skipped");
        foreach (PolicyEntry expired in (_policy?.Entries ?? []).Where(entry => entry.IsExpired(today)))
            Admit(PolicyWords.Expired(expired, _policy!.File));
        return new Report
        {
            Run = _started,
            Tests = tests,
            Problems = [.. _problems],
            Contradictions = [.. _problems.Where(problem => !_honest.Contains(problem))],
            PlanWhole = PlanWhole,
            Torn = torn,
            Leftovers = [.. _leftovers],
            Policy = _policy,
            Templates = _templates.Finish(),
            Complete = _ended is { Stopped: null },
            Stopped = _ended?.Stopped,
            Ended = _last?.At,
            ElapsedSeconds = _first is null ? 0 : Math.Max(0, (_last!.At - _first.At).TotalSeconds),
        };
    }

    // Without the number of its tests a plan is known to be whole when something came after it.
    private bool PlanWhole => _started?.Planned is { } planned
        ? _order.Count(test => test.Planned is not null) == planned
        : _last is not (null or RunStarted or PolicyRead or TestPlanned);

    // What a run can be without its record being wrong.
    private void Admit(string problem)
    {
        _problems.Add(problem);
        _honest.Add(problem);
    }

    private static string NameIn(RunEvent happened) => happened switch
    {
        MachineEvent e => e.Test,
        WaitEnded e => e.Test,
        StepEnded e => e.Test,
        NetworkChanged e => e.Test,
        _ => "",
    };

    private void Begin(RunStarted started)
    {
        if (_started is not null)
            _problems.Add($"the log holds two runs: {_started.Run} and {started.Run}");
        _started ??= started;
    }

    private void Plan(TestPlanned planned)
    {
        TestFold test = Test(planned.Test);
        if (test.Planned is not null)
            _problems.Add($"{planned.Test} was planned twice");
        test.Planned ??= planned;
    }

    private TestFold Test(string id)
    {
        if (_tests.TryGetValue(id, out TestFold? test))
            return test;
        test = new TestFold(id) { Stress = _started?.Stress ?? 0 };
        _tests.Add(id, test);
        _order.Add(test);
        return test;
    }

    private void FindProblems(string? torn)
    {
        if (_started is null)
            _problems.Add("the log has no beginning: run-started is missing");
        if (_started is { Visit: true })
            _problems.Add("nothing was tested: somebody looked into machines");
        if (_started is { Fault: { } fault })
            _problems.Add($"its machines had the fault {fault} on purpose: nothing is said of the image");
        if (torn is not null)
            Admit(torn);
        if (_ended is null)
            Admit($"the run died: it has no end{(_last is null ? "" : string.Create(CultureInfo.InvariantCulture, $", its last event is of {_last.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC"))}");
        else if (_ended.Stopped is { } stopped)
            Admit($"the run was stopped: {stopped}");
        if (!PlanWhole && _started?.Planned is { } all)
            Admit($"the plan is not whole: {_order.Count(test => test.Planned is not null)} of {PlainText.Count(all, "test")} are on record");
        if (_late > 0)
            _problems.Add($"the log goes on after its end by {PlainText.Count(_late, "event")}");
        foreach (TestFold test in _order.Where(test => test.Planned is null))
            _problems.Add($"{test.Id} has events and was never planned");
        // Planned tests first; a stable sort keeps the plan's order.
        List<TestFold> sorted = [.. _order.OrderBy(test => test.Planned is null)];
        _order.Clear();
        _order.AddRange(sorted);
    }
}
