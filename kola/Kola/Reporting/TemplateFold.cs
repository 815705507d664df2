namespace Kola.Reporting;

/// <summary>Collects what is on record of templates and of those who doubt them.</summary>
internal sealed class TemplateFold
{
    private readonly List<TemplateMade> _made = [];
    private readonly List<TemplateDropped> _dropped = [];
    private readonly List<ParityChecked> _parity = [];
    private readonly HashSet<string> _used = [];
    private readonly HashSet<string> _tests = [];

    internal void Take(RunEvent happened)
    {
        switch (happened)
        {
            case TemplateMade e:
                _made.Add(e);
                break;
            case TemplateDropped e:
                _dropped.Add(e);
                break;
            case ParityChecked e:
                _parity.Add(e);
                break;
        }
    }

    /// <summary>A machine of a test was a copy.</summary>
    internal void Copied(string template, string test)
    {
        _used.Add(template);
        _tests.Add(test);
    }

    internal TemplatesReport? Finish() => _made.Count + _dropped.Count + _parity.Count + _used.Count == 0 ? null : new TemplatesReport
    {
        Made = [.. _made],
        Reused = _used.Count(key => _made.TrueForAll(made => made.Template != key)),
        Dropped = [.. _dropped],
        Tests = _tests.Count,
        Parity = [.. _parity],
    };
}
