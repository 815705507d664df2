namespace Kola.Checks;

/// <summary>Everything that is always wrong in a console or a journal, whatever the test was about.</summary>
public static class CheckTable
{
    /// <summary>All checks. Every one is applied to consoles and to journals.</summary>
    public static IReadOnlyList<Check> All { get; } =
        [.. BootChecks.All, .. KernelChecks.All, .. StorageChecks.All, .. SystemdChecks.All, .. ProgramChecks.All];

    /// <summary>The check with this id; null when there is none.</summary>
    public static Check? Find(string id) => All.FirstOrDefault(check => check.Id == id);
}
