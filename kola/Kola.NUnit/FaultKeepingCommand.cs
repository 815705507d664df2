using NUnit.Framework.Internal;
using NUnit.Framework.Internal.Commands;

namespace Kola;

/// <summary>Keeps the exception a test method threw, as an object: NUnit's result has its text only, and blame is in its type.</summary>
internal sealed class FaultKeepingCommand(TestCommand inner) : DelegatingTestCommand(inner)
{
    private const string Property = "_kola.fault";

    public override TestResult Execute(TestExecutionContext context)
    {
        try
        {
            return innerCommand.Execute(context);
        }
        catch (Exception fault)
        {
            context.CurrentTest.Properties.Set(Property, fault);
            throw;
        }
    }

    /// <summary>The kept exception, once.</summary>
    internal static Exception? Take(Test test)
    {
        var fault = (Exception?)test.Properties.Get(Property);
        test.Properties[Property].Clear();
        return fault;
    }
}
