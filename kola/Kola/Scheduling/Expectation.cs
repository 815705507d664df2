namespace Kola.Scheduling;

/// <summary>What work is expected to cost here: by earlier runs of the same flavour where there were any, else by what its specs say.</summary>
public sealed record Expectation
{
    // A test that only waits keeps something busy; and what takes nothing could run without end.
    private const double LeastCpus = 0.05;

    // Machines of a test that are copies wait for each other. Of 16 such tests, 21 times seen, emulated: two kept 0.6 to 1.4 cores busy, median 1.0, and three 1.1 to 1.5, median 1.3.
    private const double ShareOfSeveral = 0.5;

    // A cold boot takes 20 s where emulated, and preparing what is frozen about as long again.
    private const double UnknownTemplateSeconds = 60;

    /// <summary>What is known. Default nothing.</summary>
    public CostHistory History { get; init; } = CostHistory.Empty;

    /// <summary>See <see cref="CostHistory.FlavourOf"/>. Default empty: of which nothing is known.</summary>
    public string Flavour { get; init; } = "";

    /// <summary>
    /// A test as a piece of work. Without history it is taken to last its <see cref="TestCase.Minutes"/> for each machine, to use all the memory
    /// it is given, and to keep a core busy for each virtual CPU, or half of one where several machines are copies.
    /// </summary>
    /// <param name="test">The test.</param>
    /// <param name="templates">Keys of the templates its machines are copies of, those that are there already included; none when it boots cold.</param>
    public WorkItem Of(TestCase test, IReadOnlyList<string> templates)
    {
        Capacity said = Capacity.Of(test.Machines);
        ExpectedCost? known = Known(test, templates.Count > 0);
        return new WorkItem
        {
            Id = test.Id,
            Need = known is null && templates.Count > 0 && test.Machines.Count > 1 ? said with { Cpus = said.Cpus * ShareOfSeveral } : Measured(said, known),
            Seconds = known?.Seconds ?? 60.0 * test.Minutes * test.Machines.Count,
            After = templates,
        };
    }

    /// <summary>The making of a template. Without history it is taken to last a minute.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="machine">The machine that is frozen.</param>
    /// <param name="after">Keys of the templates it is made from; none when it boots cold.</param>
    public WorkItem OfTemplate(string key, MachineSpec machine, IReadOnlyList<string> after)
    {
        ExpectedCost? known = History.OfTemplate(Flavour);
        return new WorkItem { Id = key, Need = Measured(Capacity.Of([machine]), known), Seconds = known?.Seconds ?? UnknownTemplateSeconds, After = after };
    }

    /// <summary>The making of all templates of a test whose machines begin together. It is taken to last what a test of theirs may, by its <see cref="TestCase.Minutes"/>.</summary>
    /// <param name="key">Key of the first of them.</param>
    /// <param name="test">One such test.</param>
    public static WorkItem OfTogether(string key, TestCase test) => new() { Id = key, Need = Measured(Capacity.Of(test.Machines), null), Seconds = 60.0 * test.Minutes };

    /// <summary>What earlier runs say of a test, under the id it had before where its own says nothing; null when they say nothing.</summary>
    public ExpectedCost? Known(TestCase test, bool cloned) =>
        History.Of(Flavour, test.Id, cloned) ?? (test.Formerly is { } before ? History.Of(Flavour, before, cloned) : null);

    private static Capacity Measured(Capacity said, ExpectedCost? known) => said with
    {
        // Never more than it can take: QEMU's own threads are not what another machine waits for.
        Cpus = Math.Clamp(known?.Cpus ?? said.Cpus, LeastCpus, Math.Max(LeastCpus, said.Cpus)),
        MemoryMiB = known?.MemoryMiB is > 0 and var mib ? mib : said.MemoryMiB,
    };
}
