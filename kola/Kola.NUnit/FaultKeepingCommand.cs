using System.Reflection;
using NUnit.Framework.Internal;
using NUnit.Framework.Internal.Commands;

namespace Kola;

/// <summary>Keeps the exception a test method threw, as an object: NUnit's result has its text only, and blame is in its type.</summary>
internal sealed class FaultKeepingCommand(TestCommand inner) : DelegatingTestCommand(inner)
{
    // Of one execution: a test may be executed again while an execution before it, that was left behind, has not ended.
    private static readonly AsyncLocal<Kept?> s_kept = new();

    public override TestResult Execute(TestExecutionContext context)
    {
        try
        {
            return innerCommand.Execute(context);
        }
        catch (Exception fault)
        {
            // A method that is not async is called by reflection, and what it throws comes wrapped.
            s_kept.Value?.Fault = Own(fault);
            throw;
        }
    }

    private static Exception Own(Exception fault) => fault is (NUnitException or TargetInvocationException) and { InnerException: { } own } ? Own(own) : fault;

    /// <summary>Begins an execution, on whose flow alone a fault is kept.</summary>
    internal static Kept Begin() => s_kept.Value = new Kept();

    /// <summary>What an execution threw; null when nothing.</summary>
    internal sealed class Kept
    {
        internal Exception? Fault { get; set; }
    }
}
