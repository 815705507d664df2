using System.Globalization;

namespace Kola.Running;

/// <summary>Where the artifacts of a test lie below a run's directory.</summary>
internal static class Artifacts
{
    /// <summary><c>RUN/cl.basic</c>, from the second attempt on <c>RUN/cl.basic/attempt-2</c>.</summary>
    internal static string DirectoryOf(string run, string test, int attempt) => attempt == 1
        ? Path.Combine(run, test)
        : Path.Combine(run, test, "attempt-" + attempt.ToString(CultureInfo.InvariantCulture));
}
