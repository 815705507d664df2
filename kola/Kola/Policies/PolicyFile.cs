using System.Security.Cryptography;
using System.Text;
using YamlDotNet.Core;

namespace Kola.Policies;

/// <summary>
/// Reads <c>kola-policy.yaml</c>, whose shape is <c>docs/policy.schema.json</c>:
/// <code>
/// version: 1
/// gate: { flaky: 2, platforms: [qemu] }
/// tests:
///   - known: [cl.network.wireguard]        # or skip, or enforce
///     arches: [arm64]                      # also platforms, channels, versions: "&gt;=4400 &lt;4500"
///     because: The module is missing.
///     owner: someone@example.org
///     tracker: https://github.com/flatcar/Flatcar/issues/1
///     until: 2027-01-31
/// </code>
/// </summary>
public static class PolicyFile
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="UsageException">It cannot be read, or something in it is wrong: all of it is named, each with line and column.</exception>
    public static Policy Read(string file)
    {
        try
        {
            return Parse(File.ReadAllText(file), file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--policy {file} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>Reads its text.</summary>
    /// <param name="text">The file's content.</param>
    /// <param name="file">How it is named in messages.</param>
    /// <exception cref="UsageException">Something in it is wrong: all of it is named, each with line and column.</exception>
    public static Policy Parse(string text, string file)
    {
        PolicyText read = Tree(text, file);
        (GateRule gate, IReadOnlyList<PolicyEntry> entries) = read.Read();
        return read.Problems.Count > 0 ? throw new UsageException(string.Join('\n', read.Problems)) : new Policy
        {
            File = file,
            Digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))),
            Gate = gate,
            Entries = entries,
        };
    }

    private static PolicyText Tree(string text, string file)
    {
        try
        {
            return new PolicyText(file, YamlValue.Parse(text));
        }
        catch (YamlException wrong)
        {
            throw new UsageException($"{file}:{wrong.Start.Line}:{wrong.Start.Column}: {wrong.Message}\n  wanted:  one YAML document with version, gate and tests", wrong);
        }
    }
}
