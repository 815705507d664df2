namespace Kola;

/// <summary>Carries a test's own exception across the task it ran on, its stack trace untouched.</summary>
internal sealed class TestFaultException(Exception fault) : Exception(fault.Message, fault)
{
    public override string? StackTrace => InnerException!.StackTrace;
}
