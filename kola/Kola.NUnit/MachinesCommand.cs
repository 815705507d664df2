using Kola.Running;
using NUnit.Framework;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;
using NUnit.Framework.Internal.Commands;

namespace Kola;

/// <summary>The one place where NUnit's synchronous chain meets the asynchronous run.</summary>
internal sealed class MachinesCommand(TestCommand inner) : DelegatingTestCommand(inner)
{
    internal const string NoSession = "machine tests need a run: scripts/kola run";

    /// <summary>NUnit has no word for it; the name shows in its own reports.</summary>
    private static readonly ResultState s_broken = new(TestStatus.Inconclusive, "Broken");

    private bool _executed;

    public override TestResult Execute(TestExecutionContext context)
    {
        var test = (Test)context.CurrentTest;
        if (Session.Current is not { } session || test.Properties.Get(TestCaseReader.Property) is not TestCase found)
        {
            context.CurrentResult.SetResult(ResultState.Skipped, NoSession);
            return context.CurrentResult;
        }

        TestEnded? ended = session.RunAsync(found.Id, lab => Task.Run(() => Body(context, test, lab)), NUnitCode.Of(test)).GetAwaiter().GetResult();
        // A fresh result: what an abandoned body may still write goes to the old one.
        TestResult result = test.MakeTestResult();
        result.SetResult(StateOf(ended?.Outcome), ended?.Message ?? "", ended?.Trace);
        context.CurrentResult = result;
        return result;
    }

    // The session may execute it again, on other machines; nothing of one execution shows in another, and nothing its fixture remembers.
    private void Body(TestExecutionContext whole, Test test, LabMachines lab)
    {
        whole.EstablishExecutionEnvironment();
        using var isolated = new TestExecutionContext.IsolatedContext();
        TestExecutionContext context = TestExecutionContext.CurrentContext;
        context.CurrentResult = test.MakeTestResult();
        if (Interlocked.Exchange(ref _executed, true) && FixtureOf(test) is { } fixture)
            context.TestObject = fixture;
        FaultKeepingCommand.Kept kept = FaultKeepingCommand.Begin();
        object?[] arguments = test.Arguments;
        for (int i = 0; i < arguments.Length; i++)
            arguments[i] = i < lab.Machines.Count ? lab.Machines[i] : lab.Lab;
        TestResult result;
        try
        {
            result = innerCommand.Execute(context);
        }
        catch (NUnitException) when (kept.Fault is { } wrapped)
        {
            throw new TestFaultException(wrapped);
        }
        finally
        {
            // One that was left behind must not take its arguments from the next.
            if (ReferenceEquals(arguments[0], lab.Machines[0]))
                Array.Clear(arguments);
        }

        if (kept.Fault is { } fault)
            throw new TestFaultException(fault);
        // Failures of Assert.Multiple and of set-up and tear-down come as a result, not as an exception.
        switch (result.ResultState.Status)
        {
            case TestStatus.Failed:
                throw new AssertionException(result.Message + (result.StackTrace is { Length: > 0 } trace ? "\n" + trace : ""));
            case TestStatus.Skipped or TestStatus.Inconclusive:
                throw new IgnoreException(result.Message);
        }
    }

    private static object? FixtureOf(Test test)
    {
        for (ITest? above = test.Parent; above is not null; above = above.Parent)
        {
            if (above is TestFixture { TypeInfo: { IsStaticClass: false } type } fixture)
                return type.Construct(fixture.Arguments);
        }

        return null;
    }

    private static ResultState StateOf(Outcome? outcome) => outcome switch
    {
        Outcome.Passed => ResultState.Success,
        Outcome.Failed => ResultState.Failure,
        Outcome.Broken => s_broken,
        Outcome.Skipped => ResultState.Skipped,
        _ => ResultState.NotRunnable,
    };
}
