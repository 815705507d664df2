namespace Kola.Cli;

/// <summary>What the process ends with.</summary>
internal static class ExitCode
{
    /// <summary>Everything planned passed, or was skipped with a reason.</summary>
    internal const int Clean = 0;

    /// <summary>The image is wrong.</summary>
    internal const int Failed = 1;

    /// <summary>The caller is wrong; nothing was started.</summary>
    internal const int Usage = 2;

    /// <summary>The place is wrong, or something planned has no result.</summary>
    internal const int Broken = 3;
}
