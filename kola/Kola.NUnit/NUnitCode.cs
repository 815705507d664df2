using System.Reflection;
using Kola.Machines;
using NUnit.Framework;
using NUnit.Framework.Internal;

namespace Kola;

/// <summary>What is particular to tests written with NUnit.</summary>
internal static class NUnitCode
{
    /// <summary>What is to be known of a test's code.</summary>
    internal static TestCode Of(Test test) => Of(test.TypeInfo!.Assembly);

    /// <summary>The same of any test of a suite.</summary>
    internal static TestCode Of(Assembly suite) => new()
    {
        Judge = Judge,
        Asserts = fault => (fault is TestFaultException ? fault.InnerException : fault) is ResultStateException,
        Isolate = IsolateAsync,
        Prepare = (name, machines, lab) => Preparations.Of(suite).RunAsync(name, machines, lab),
        Inject = (fault, machine) => Faults.Of(suite).InjectAsync(fault, machine),
        Identity = suite.ManifestModule.ModuleVersionId.ToString("N"), // made anew by every build that changes anything
        IdentityOf = name => Preparations.Of(suite).DigestOf(name),
    };

    // NUnit collects failed assertions in the test's one result, and shows those of earlier parts with each later one.
    private static async Task IsolateAsync(Func<Task> part)
    {
        using var own = new TestExecutionContext.IsolatedContext();
        await part();
    }

    private static (Outcome Outcome, string? Message) Judge(Exception fault) => fault switch
    {
        TestFaultException kept => Judge(kept.InnerException!),
        SuccessException => (Outcome.Passed, null),
        IgnoreException or InconclusiveException => (Outcome.Skipped, fault.Message),
        ResultStateException => (Outcome.Failed, fault.Message.Trim()),
        PlatformException => (Outcome.Broken, fault.Message),
        KolaException => (Outcome.Failed, fault.Message),
        _ => (Outcome.Failed, $"{fault.GetType().Name}: {fault.Message}"),
    };
}
