using System.Text;
using System.Text.RegularExpressions;

namespace Kola.Ignition;

/// <summary>How Ignition spells what Butane spells in snake_case, and back: Butane's own rule.</summary>
internal static partial class ButaneNames
{
    /// <summary><c>ssh_authorized_keys</c> is <c>sshAuthorizedKeys</c>, <c>size_mib</c> is <c>sizeMiB</c>.</summary>
    internal static string Camel(string snake)
    {
        if (snake.EndsWith("_mib", StringComparison.Ordinal))
            snake = snake[..^"_mib".Length] + "MiB";
        var camel = new StringBuilder();
        for (int at = 0; at < snake.Length; at++)
        {
            if (snake[at] != '_')
                camel.Append(at > 0 && snake[at - 1] == '_' ? char.ToUpperInvariant(snake[at]) : snake[at]);
        }

        return camel.ToString();
    }

    /// <summary><c>sshAuthorizedKeys</c> is <c>ssh_authorized_keys</c>; of a whole path each part.</summary>
    internal static string Snake(string camel) => Upper().Replace(camel, "_$1").ToLowerInvariant();

    // sizeMiB        sshAuthorizedKeys
    [GeneratedRegex("(MiB|[A-Z])")]
    internal static partial Regex Upper();
}
