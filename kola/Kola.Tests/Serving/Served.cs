using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Kola.Serving;

namespace Kola.Tests.Serving;

/// <summary>A server of a directory of its own, with a client that trusts it.</summary>
internal sealed class Served : IAsyncDisposable
{
    private readonly HttpClientHandler _handler;

    private Served(string outside, FileServer server)
    {
        (Outside, Server) = (outside, server);
        _handler = new HttpClientHandler
        {
            AllowAutoRedirect = false,
            ServerCertificateCustomValidationCallback = (_, certificate, chain, errors) => (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0 && Trusts(certificate!, chain!),
        };
        Http = new HttpClient(_handler);
    }

    /// <summary>Directory around the served one.</summary>
    internal string Outside { get; }

    internal FileServer Server { get; }

    internal HttpClient Http { get; }

    internal string Log => Path.Combine(Outside, "requests.txt");

    internal static async Task<Served> StartAsync(params (string Name, byte[] Content)[] files)
    {
        string outside = Directory.CreateTempSubdirectory("kola-served-").FullName;
        string root = Path.Combine(outside, "served");
        foreach ((string name, byte[] content) in files.Append(("hello.txt", "hello\n"u8.ToArray())))
        {
            string path = Path.Combine(root, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, content);
        }

        await File.WriteAllTextAsync(Path.Combine(outside, "secret.txt"), "secret\n");
        FileServerOptions options = new() { Root = root, LogFile = Path.Combine(outside, "requests.txt"), TftpPatience = TimeSpan.FromMilliseconds(200) };
        return new Served(outside, await FileServer.StartAsync(options, CancellationToken.None));
    }

    /// <summary>Whether a certificate is signed by the run's authority, and nobody else's.</summary>
    internal bool Trusts(X509Certificate2 certificate, X509Chain chain)
    {
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.Clear();
        chain.ChainPolicy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(Server.Addresses.CaCertificate));
        return chain.Build(certificate);
    }

    /// <summary>Asks over http.</summary>
    internal Task<HttpResponseMessage> GetAsync(string path) => Http.GetAsync(new Uri(Server.Addresses.Http("127.0.0.1") + path));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _handler.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(Outside, recursive: true);
    }
}
