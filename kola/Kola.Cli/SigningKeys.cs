using System.Security.Cryptography;

namespace Kola.Cli;

/// <summary>RSA keys out of PEM files.</summary>
internal sealed class SigningKeys : IDisposable
{
    /// <exception cref="UsageException">A file has no private RSA key.</exception>
    internal SigningKeys(IReadOnlyList<string> files)
    {
        var keys = new List<RSA>();
        Keys = keys;
        foreach (string file in files)
        {
            RSA key = Read(file);
            keys.Add(key);
            if (!IsPrivate(key))
            {
                Dispose();
                throw Wrong(file, "private", "a public one");
            }
        }
    }

    /// <summary>In the order of the files.</summary>
    internal IReadOnlyList<RSA> Keys { get; }

    /// <summary>A key, private or public.</summary>
    /// <exception cref="UsageException">The file has none.</exception>
    internal static RSA Read(string file)
    {
        var key = RSA.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(file));
            return key;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw Wrong(file, "RSA", fault.Message);
        }
    }

    public void Dispose()
    {
        foreach (RSA key in Keys)
            key.Dispose();
    }

    private static bool IsPrivate(RSA key)
    {
        try
        {
            return key.ExportParameters(includePrivateParameters: true).D is not null;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static UsageException Wrong(string file, string kind, string got) =>
        new($"--key {file}\n  wanted:  a {kind} key in PEM, without a password\n  got:     {got}\n  next:    openssl genrsa -out private.pem 2048; openssl rsa -in private.pem -pubout -out public.pem");
}
