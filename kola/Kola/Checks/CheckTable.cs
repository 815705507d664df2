using System.Security.Cryptography;
using System.Text;

namespace Kola.Checks;

/// <summary>Everything that is always wrong in a console or a journal, whatever the test was about.</summary>
public static class CheckTable
{
    /// <summary>All checks. Every one is applied to consoles and to journals.</summary>
    public static IReadOnlyList<Check> All { get; } =
        [.. BootChecks.All, .. KernelChecks.All, .. StorageChecks.All, .. SystemdChecks.All, .. ProgramChecks.All];

    /// <summary>Changes with what any check looks for: a text that passed under the same one need not be read again. 64 lowercase hex digits.</summary>
    public static string Digest { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', All.Select(check => $"{check.Id}\t{check.Pattern}\t{check.Exempt}\t{check.Silencer}\t{check.Times}\t{check.Fatal}")))));

    /// <summary>The check with this id; null when there is none.</summary>
    public static Check? Find(string id) => All.FirstOrDefault(check => check.Id == id);
}
