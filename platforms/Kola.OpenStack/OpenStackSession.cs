using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Kola.Clouds;
using Kola.Platforms;
using Refit;

namespace Kola.OpenStack;

/// <summary>The clients of one project in one region, with a token that is renewed before it ends.</summary>
internal sealed class OpenStackSession : IDisposable
{
    // A token that ends while a request is on its way is refused in the middle.
    private static readonly TimeSpan s_early = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_requestLimit = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan s_uploadLimit = TimeSpan.FromHours(2);

    private readonly CloudLogin _login;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<HttpClient> _clients = [];
    private readonly IKeystone _keystone;
    private string _token = "";
    private Token? _last;

    private OpenStackSession(OpenStackOptions options, CloudLogin login, PlatformAccess access)
    {
        Options = options;
        _login = login;
        _clock = access.Clock;
        Calls = new CloudCalls(OpenStackDriver.PlatformName, access.Clock, OpenStackFault.Read, OpenStackFault.Next);
        _keystone = RestService.For<IKeystone>(Client(new PatientHandler(_clock, Wires()), login.AuthUrl, s_requestLimit), Wire.Settings);
    }

    /// <summary>What the person said.</summary>
    internal OpenStackOptions Options { get; }

    /// <summary>How calls are made.</summary>
    internal CloudCalls Calls { get; }

    /// <summary>Servers, flavors, keys.</summary>
    internal INova Nova { get; private set; } = null!;

    /// <summary>Networks, groups, ports, floating IPs.</summary>
    internal INeutron Neutron { get; private set; } = null!;

    /// <summary>Images.</summary>
    internal IGlance Glance { get; private set; } = null!;

    /// <summary>Images on their way there, which take as long as they take.</summary>
    internal IGlance Upload { get; private set; } = null!;

    /// <summary>Of the catalog; empty when it has none.</summary>
    internal string Region { get; private set; } = "";

    /// <summary>Logs in and reads the catalog.</summary>
    /// <exception cref="UsageException">Nobody said where, or the credentials are refused, or something is not in the catalog.</exception>
    /// <exception cref="PlatformException">It does not answer.</exception>
    internal static async Task<OpenStackSession> OpenAsync(OpenStackOptions options, PlatformAccess access, CancellationToken cancel)
    {
        var session = new OpenStackSession(options, CloudsFile.Find(options, access, Directory.GetCurrentDirectory()), access);
        try
        {
            await session.TokenAsync(false, cancel);
            session.Nova = RestService.For<INova>(session.Client(session.Handlers(), session.Endpoint("", "compute"), s_requestLimit), Wire.Settings);
            session.Neutron = RestService.For<INeutron>(session.Client(session.Handlers(), session.Endpoint("/v2.0", "network"), s_requestLimit), Wire.Settings);
            Uri glance = session.Endpoint("/v2", "image");
            session.Glance = RestService.For<IGlance>(session.Client(session.Handlers(), glance, s_requestLimit), Wire.Settings);
            session.Upload = RestService.For<IGlance>(session.Client(session.Handlers(), glance, s_uploadLimit), Wire.Settings);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _clients.ForEach(c => c.Dispose());

    private async Task<string> TokenAsync(bool refused, CancellationToken cancel)
    {
        string seen = _token;
        await _turn.WaitAsync(cancel);
        try
        {
            // Somebody else may have renewed it meanwhile.
            if (_last is not null && _last.ExpiresAt - _clock.GetUtcNow() > s_early && !(refused && _token == seen))
                return _token;
            (_token, _last) = await Calls.RunAsync("log in", Signal.Quota, LoginAsync, cancel);
            return _token;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<(string, Token)> LoginAsync(CancellationToken cancel)
    {
        using ApiResponse<TokenAnswer> answer = await _keystone.LoginAsync(_login.ToRequest(), cancel);
        await answer.EnsureSuccessStatusCodeAsync();
        return answer.Headers is { } headers && headers.TryGetValues("X-Subject-Token", out IEnumerable<string>? tokens) && answer.Content is { } content
            ? (tokens.First(), content.Token)
            : throw new HttpRequestException($"{_login.AuthUrl} answered without a token");
    }

    // http://controller:8774/v2.1, …/v2.1/0123456789abcdef, http://controller:9696/, http://controller:9292/v2/
    private Uri Endpoint(string version, string type)
    {
        CatalogEndpoint[] all = [.. (_last!.Catalog ?? []).Where(e => e.Type == type).SelectMany(e => e.Endpoints).Where(e => e.Interface == _login.Interface)];
        string[] regions = [.. all.Select(e => e.RegionId ?? e.Region ?? "").Distinct().Order()];
        CatalogEndpoint[] fit = [.. all.Where(e => _login.Region is null || (e.RegionId ?? e.Region) == _login.Region)];
        if (fit.Length == 0)
            throw new UsageException($"openstack: {_login.From}: the catalog has no {type}\n  wanted:  interface {_login.Interface}{(_login.Region is { } region ? $" in region {region}" : "")}\n  got:     {(regions.Length > 0 ? $"regions {string.Join(", ", regions)}" : "none")}\n  next:    --openstack-region, or `interface` in clouds.yaml (OS_INTERFACE)");
        if (_login.Region is null && regions.Length > 1)
            throw new UsageException($"openstack: {_login.From}: nobody said which region\n  wanted:  one of {string.Join(", ", regions)}\n  next:    --openstack-region");
        Region = regions.Length == 1 ? regions[0] : _login.Region ?? "";
        string url = fit[0].Url.ToString().TrimEnd('/');
        return new Uri(version.Length > 0 && url.EndsWith(version, StringComparison.Ordinal) ? url[..^version.Length] : url);
    }

    private PatientHandler Handlers() => new(_clock, new TokenHandler(TokenAsync, (request, token) =>
    {
        request.Headers.Remove("X-Auth-Token");
        request.Headers.Add("X-Auth-Token", token);
    }, Wires()));

    private HttpClient Client(HttpMessageHandler handler, Uri root, TimeSpan limit)
    {
        // Pauses a cloud asks for are none of the request's time.
        var client = new HttpClient(handler) { BaseAddress = root, Timeout = limit * 6 };
        _clients.Add(client);
        return client;
    }

    private SocketsHttpHandler Wires()
    {
        var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(20) };
        if (_login.Insecure)
        {
#pragma warning disable CA5359 // The person said so: insecure, verify: false.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (_login.CertificateFile is { } file)
        {
            X509Certificate2Collection roots = CertificatesIn(file);
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsSignedBy(roots, certificate as X509Certificate2, errors);
        }

        return handler;
    }

    private X509Certificate2Collection CertificatesIn(string file)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(file);
            return roots;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            throw new UsageException($"openstack: {_login.From}: cacert {file} cannot be read\n  wanted:  certificates in PEM\n  got:     {fault.Message}", fault);
        }
    }

    private static bool IsSignedBy(X509Certificate2Collection roots, X509Certificate2? certificate, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.ExtraStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }
}
