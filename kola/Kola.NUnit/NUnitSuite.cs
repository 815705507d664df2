using System.Reflection;
using Kola.Discovery;
using Kola.Machines;
using Kola.Planning;
using Kola.Running;
using NUnit;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace Kola;

/// <summary>The machine tests of one assembly: found without booting anything, run under a <see cref="Session"/>.</summary>
public sealed class NUnitSuite
{
    private readonly Assembly _assembly;

    /// <param name="assembly">An assembly with <see cref="MachineTestAttribute"/>s.</param>
    public NUnitSuite(Assembly assembly) => _assembly = assembly;

    /// <summary>What is to be known of its code, for whoever boots machines of its tests without running them.</summary>
    internal TestCode Code => NUnitCode.Of(_assembly);

    /// <summary>Every fault of the assembly, in the order of their ids.</summary>
    internal IReadOnlyList<Fault> Faults => Kola.Faults.Of(_assembly).All;

    /// <summary>Every machine test of the assembly.</summary>
    /// <exception cref="UsageException">A test, a preparation or a fault is written wrongly, or two have one id.</exception>
    public Catalog Explore()
    {
        // Also those no test asks for.
        Preparations.Of(_assembly);
        Kola.Faults.Of(_assembly);
        var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
        runner.Load(_assembly, Settings(1));
        var cases = new List<TestCase>();
        var problems = new List<string>();
        Collect(runner.ExploreTests(TestFilter.Empty), cases, problems);
        return problems.Count == 0
            ? Catalog.Of(cases)
            : throw new UsageException($"{_assembly.GetName().Name}: {problems.Count} machine tests are written wrongly\n{string.Join('\n', problems)}");
    }

    /// <summary>
    /// Runs the planned tests, in a stress run as often as it asks for; each waits for its turn at the session's schedule. Returns when all have ended.
    /// </summary>
    /// <param name="plan">What to run.</param>
    /// <param name="session">The session that is current.</param>
    public void Run(Plan plan, Session session)
    {
        HashSet<string> ids = [.. plan.ToRun.Select(t => t.Id)];
        // Repetitions run beside each other, as far as there are machines for them; the rest would only wait, each in a thread of its own.
        int width = Math.Clamp((int)Math.Ceiling(2.0 * session.MostMachines / Math.Max(1, ids.Count)), 1, session.Repetitions);
        int begun = 0;
        Thread[] rounds = [.. Enumerable.Range(0, width).Select(_ => new Thread(RunRounds))];
        foreach (Thread round in rounds)
            round.Start();
        foreach (Thread round in rounds)
            round.Join();

        void RunRounds()
        {
            while (Interlocked.Increment(ref begun) <= session.Repetitions && session.Stopped is null)
                RunOnce(ids, session);
        }
    }

    private void RunOnce(HashSet<string> ids, Session session)
    {
        var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
        // As many workers as tests: all of them wait at the schedule, so that order and capacity are the schedule's alone.
        runner.Load(_assembly, Settings(Math.Max(1, ids.Count)));
        runner.Run(new UnrunListener(session), new PlannedFilter(ids));
    }

    private static Dictionary<string, object> Settings(int workers) => new()
    {
        [FrameworkPackageSettings.NumberOfTestWorkers] = workers,
        // Order and parallelism belong to the schedule; NUnit's defaults would run the cases of a class one by one.
        [FrameworkPackageSettings.SynchronousEvents] = false,
    };

    private static void Collect(ITest test, List<TestCase> cases, List<string> problems)
    {
        if (!test.IsSuite && test.Method?.GetCustomAttributes<MachineTestAttribute>(false).Length > 0)
        {
            if (test.Properties.Get(TestCaseReader.Property) is TestCase found)
                cases.Add(found);
            else
                problems.Add((string?)test.Properties.Get(PropertyNames.SkipReason) ?? $"{test.FullName} cannot run");
        }

        foreach (ITest child in test.Tests)
            Collect(child, cases, problems);
    }

    /// <summary>Hears of tests that NUnit ended before their machines were asked for.</summary>
    private sealed class UnrunListener(Session session) : ITestListener
    {
        public void TestFinished(ITestResult result)
        {
            if (!result.Test.IsSuite && result.Test.Properties.Get(TestCaseReader.Property) is TestCase found)
                session.EndUnrun(found.Id, result.Message.Trim());
        }

        public void TestStarted(ITest test)
        {
        }

        public void TestOutput(TestOutput output)
        {
        }

        public void SendMessage(TestMessage message)
        {
        }
    }

    private sealed class PlannedFilter(HashSet<string> ids) : TestFilter
    {
        public override bool Match(ITest test) => test.Properties.Get(TestCaseReader.Property) is TestCase found && ids.Contains(found.Id);

        public override TNode AddToXml(TNode parentNode, bool recursive) => parentNode.AddElement("planned");
    }
}
