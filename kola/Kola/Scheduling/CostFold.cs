namespace Kola.Scheduling;

/// <summary>Gathers what the attempts of one run took from its events.</summary>
internal sealed class CostFold
{
    private readonly Dictionary<string, Open> _open = [];

    /// <summary>See <see cref="CostHistory.FlavourOf"/>.</summary>
    internal string Flavour { get; private set; } = "";

    /// <summary>Attempts that passed or failed, in the order they ended.</summary>
    internal List<(string Test, bool Cloned, CostSample Sample)> Tests { get; } = [];

    /// <summary>Templates that were made.</summary>
    internal List<CostSample> Templates { get; } = [];

    internal void Add(RunEvent happened)
    {
        switch (happened)
        {
            case RunStarted run:
                Flavour = CostHistory.FlavourOf(run.Platform, run.Facts);
                break;
            case TestStarted test:
                _open[test.Test] = new Open();
                break;
            case MachineStarted machine when _open.TryGetValue(machine.Test, out Open? open):
                open.Cloned |= machine.Template is not null;
                break;
            case MachineEnded machine when _open.TryGetValue(machine.Test, out Open? open):
                open.Machines++;
                open.ProcessorSeconds += machine.ProcessorSeconds;
                open.MemoryMiB += machine.MemoryMiB;
                break;
            case TestEnded test when _open.Remove(test.Test, out Open? open):
                var took = new CostSample(test.ElapsedSeconds, open.ProcessorSeconds, open.MemoryMiB);
                if (test.Outcome is Outcome.Passed or Outcome.Failed && open.Machines > 0 && took.IsSound)
                    Tests.Add((test.Test, open.Cloned, took));
                break;
            // What is made together is a bring-up of its own, and says nothing of a machine that is booted and frozen.
            case TemplateMade { Together: null } made when new CostSample(made.ElapsedSeconds, made.ProcessorSeconds) is { IsSound: true } making:
                Templates.Add(making);
                break;
        }
    }

    // One machine that was not measured leaves the sum unknown: null and a number is null.
    private sealed class Open
    {
        internal bool Cloned { get; set; }

        internal int Machines { get; set; }

        internal double? ProcessorSeconds { get; set; } = 0;

        internal int? MemoryMiB { get; set; } = 0;
    }
}
