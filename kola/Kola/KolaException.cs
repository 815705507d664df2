namespace Kola;

/// <summary>Root of the three kinds of blame. The kind decides the outcome; see <see cref="Outcome"/>.</summary>
public abstract class KolaException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>The image under test is wrong: the test <see cref="Outcome.Failed"/>.</summary>
public class MachineException(string message, Exception? cause = null) : KolaException(message, cause);

/// <summary>The machine answered and refused a login.</summary>
public sealed class LoginRefusedException(string message, Exception? cause = null) : MachineException(message, cause);

/// <summary>The place is wrong (QEMU died, no memory, image store, quota): the test is <see cref="Outcome.Broken"/>.</summary>
public sealed class PlatformException(string message, Exception? cause = null) : KolaException(message, cause);

/// <summary>The caller is wrong: exit code 2, before anything boots.</summary>
public sealed class UsageException(string message, Exception? cause = null) : KolaException(message, cause);
