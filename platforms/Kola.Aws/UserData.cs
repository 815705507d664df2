using System.Globalization;
using System.Text;

namespace Kola.Aws;

/// <summary>A machine's config as EC2 takes it.</summary>
internal static class UserData
{
    /// <summary>Most bytes of it, before they are written as base64. EC2's own bound.</summary>
    internal const int MostBytes = 16 << 10;

    /// <summary>As RunInstances wants it: base64. Null for none.</summary>
    /// <param name="id">The machine, for the message.</param>
    /// <param name="ignition">The config; null for none. Ignition reads it as it is: it unpacks no user data.</param>
    /// <exception cref="UsageException">It is too large.</exception>
    internal static string? Of(string id, string? ignition)
    {
        if (ignition is null)
            return null;
        byte[] bytes = Encoding.UTF8.GetBytes(ignition);
        return bytes.Length <= MostBytes ? Convert.ToBase64String(bytes)
            : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{id}: the config is {bytes.Length} bytes\n  wanted:  at most {MostBytes}, which is what EC2 takes as user data\n  next:    put what is large on a server the machine reaches, as `config.replace` or a file's `source`"));
    }
}
