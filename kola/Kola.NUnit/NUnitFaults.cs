using NUnit.Framework;

namespace Kola;

/// <summary>What an exception of a test's code says about the outcome.</summary>
internal static class NUnitFaults
{
    internal static (Outcome Outcome, string? Message) Judge(Exception fault) => fault switch
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
