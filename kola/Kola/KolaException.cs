namespace Kola;

/// <summary>Root of the three kinds of blame. The kind decides the outcome; see <see cref="Outcome"/>.</summary>
public abstract class KolaException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Where what decided was seen; null when the message is all there is.</summary>
    public Evidence? Evidence { get; init; }
}

/// <summary>The image under test is wrong: the test <see cref="Outcome.Failed"/>.</summary>
public class MachineException(string message, Exception? cause = null) : KolaException(message, cause);

/// <summary>The machine answered and refused a login.</summary>
public sealed class LoginRefusedException(string message, Exception? cause = null) : MachineException(message, cause);

/// <summary>The place is wrong: the test is <see cref="Outcome.Broken"/>.</summary>
/// <param name="signal">What showed it.</param>
/// <param name="message">Its first line stands alone.</param>
/// <param name="cause">Null for none.</param>
public sealed class PlatformException(Signal signal, string message, Exception? cause = null) : KolaException(message, cause)
{
    /// <summary>What showed it.</summary>
    public Signal Signal => signal;
}

/// <summary>Nobody is to blame: the test, or a part of it, does not apply here. Thrown by <see cref="Lab.Skip"/>.</summary>
/// <param name="reason">Completes "skipped: …".</param>
/// <param name="remedy">An imperative sentence.</param>
public sealed class SkipException(string reason, string remedy) : KolaException(reason)
{
    /// <summary>What a person can do about it.</summary>
    public string Remedy => remedy;

    /// <summary>The one in a fault, however deep a framework has wrapped it; null when there is none.</summary>
    internal static SkipException? In(Exception? fault)
    {
        while (fault is not null and not SkipException)
            fault = fault.InnerException;
        return fault as SkipException;
    }
}

/// <summary>The caller is wrong: exit code 2, before anything boots.</summary>
public sealed class UsageException(string message, Exception? cause = null) : KolaException(message, cause);
