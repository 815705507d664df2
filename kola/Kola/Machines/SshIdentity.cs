using System.Text;
using Renci.SshNet;

namespace Kola.Machines;

/// <summary>The ed25519 key of one run. It lives in memory; <see cref="WriteAsync"/> writes it for a person to use.</summary>
public sealed class SshIdentity
{
    private readonly byte[] _privateKey;
    private string? _password;
    private IPrivateKeySource? _keys;

    private SshIdentity(byte[] privateKey, string publicKey)
    {
        _privateKey = privateKey;
        PublicKey = publicKey;
    }

    /// <summary>One line as in authorized_keys: <c>ssh-ed25519 AAAA… kola</c>.</summary>
    public string PublicKey { get; }

    /// <summary>Who to log in as; default <c>core</c>.</summary>
    public string User { get; private init; } = "core";

    /// <summary>A fresh key.</summary>
    public static SshIdentity Create()
    {
        SshKey key = SshKey.Create();
        return new SshIdentity(Encoding.ASCII.GetBytes(key.PrivateKey + "\n"), $"{key.PublicKey} kola");
    }

    /// <summary>A login by a key that is a person's or a lab's, not the run's. Nothing of it is ever written.</summary>
    internal static SshIdentity Of(string user, IPrivateKeySource keys) => new([], "") { User = user, _keys = keys };

    /// <summary>Whether it is a login by password.</summary>
    internal bool IsPassword => _password is not null;

    /// <summary>The same key for another user.</summary>
    public SshIdentity As(string user) => new(_privateKey, PublicKey) { User = user, _keys = _keys };

    /// <summary>A login by password, as somebody who has no key would try it.</summary>
    public SshIdentity WithPassword(string user, string password) => new(_privateKey, PublicKey) { User = user, _password = password };

    internal AuthenticationMethod Method() => _password is null
        ? new PrivateKeyAuthenticationMethod(User, _keys ?? new PrivateKeyFile(OpenPrivateKey()))
        : new PasswordAuthenticationMethod(User, _password);

    /// <summary>The private key in OpenSSH's format.</summary>
    public Stream OpenPrivateKey() => new MemoryStream(_privateKey, writable: false);

    /// <summary>Writes the private key with mode 0600; it is never readable by others, not even for a moment.</summary>
    public async Task WriteAsync(string file, CancellationToken cancel)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using var stream = new FileStream(file, options);
        await stream.WriteAsync(_privateKey, cancel);
    }
}
