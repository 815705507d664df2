using System.Net.Http.Headers;
using System.Text.Json;
using Google.Apis.Auth.OAuth2;
using Kola.Clouds;
using Kola.Platforms;
using Refit;

namespace Kola.Gcp;

/// <summary>The clients of one project, with a token of the application default credentials.</summary>
internal sealed class GcpSession : IDisposable
{
    private const string Scope = "https://www.googleapis.com/auth/cloud-platform";
    private static readonly TimeSpan s_requestLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_uploadLimit = TimeSpan.FromHours(2);
    private static readonly TimeSpan s_operationLimit = TimeSpan.FromMinutes(10);

    private readonly List<HttpClient> _clients = [];

    private GcpSession(GcpOptions options, PlatformAccess access, Func<bool, CancellationToken, Task<string>> token)
    {
        Options = options;
        Calls = new CloudCalls(GcpDriver.PlatformName, access.Clock, GcpFault.Read, r => r.Kind == RefusalKind.Credentials ? "gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS; docs/platforms/gcp.md lists what has to be allowed" : null);
        var settings = new RefitSettings(new SystemTextJsonContentSerializer(new JsonSerializerOptions(JsonSerializerDefaults.Web)));
        Uri compute = options.Endpoint is { } other ? new Uri($"{other.ToString().TrimEnd('/')}/compute/v1") : new Uri("https://compute.googleapis.com/compute/v1");
        Compute = RestService.For<ICompute>(Client(compute, s_requestLimit), settings);
        Storage = RestService.For<IStorage>(Client(options.Endpoint ?? new Uri("https://storage.googleapis.com"), s_uploadLimit), settings);

        HttpClient Client(Uri root, TimeSpan limit)
        {
            var handler = new PatientHandler(access.Clock, new TokenHandler(token, (request, value) => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", value), new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) }));
            var client = new HttpClient(handler) { BaseAddress = root, Timeout = limit };
            _clients.Add(client);
            return client;
        }
    }

    /// <summary>What the person said.</summary>
    internal GcpOptions Options { get; }

    /// <summary>How calls are made.</summary>
    internal CloudCalls Calls { get; }

    /// <summary>Machines, images, firewall rules.</summary>
    internal ICompute Compute { get; }

    /// <summary>Where images go through.</summary>
    internal IStorage Storage { get; }

    private string Project => Options.Project;

    /// <summary>Finds credentials. They are not tried yet.</summary>
    /// <exception cref="UsageException">There are none.</exception>
    internal static async Task<GcpSession> OpenAsync(GcpOptions options, PlatformAccess access, CancellationToken cancel)
    {
        if (access.Environment("CLOUDSDK_AUTH_ACCESS_TOKEN") is { Length: > 0 } given)
            return new GcpSession(options, access, (_, _) => Task.FromResult(given));
        try
        {
            GoogleCredential credential = (await GoogleCredential.GetApplicationDefaultAsync(cancel)).CreateScoped(Scope);
            // It renews its tokens by itself, before they end.
            return new GcpSession(options, access, (_, c) => ((ITokenAccess)credential).GetAccessTokenForRequestAsync(null, c));
        }
        catch (InvalidOperationException none)
        {
            throw new UsageException($"gcp: there are no credentials\n  wanted:  application default credentials\n  got:     none\n  next:    gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS with the file of a service account", none);
        }
    }

    /// <summary>Asks for something in a zone and waits until it is done.</summary>
    internal Task ZoneAsync(string what, Signal signal, string zone, Func<CancellationToken, Task<Operation>> ask, CancellationToken cancel) =>
        DoneAsync(what, signal, ask, (name, c) => Compute.ZoneOperationAsync(Project, zone, name, c), cancel);

    /// <summary>Asks for something global and waits until it is done.</summary>
    internal Task GlobalAsync(string what, Signal signal, Func<CancellationToken, Task<Operation>> ask, CancellationToken cancel) =>
        DoneAsync(what, signal, ask, (name, c) => Compute.GlobalOperationAsync(Project, name, c), cancel);

    /// <summary>All of a list, page by page.</summary>
    internal async Task<IReadOnlyList<T>> AllAsync<T>(string what, Func<string?, CancellationToken, Task<(IEnumerable<T> Items, string? Next)>> page, CancellationToken cancel)
    {
        var all = new List<T>();
        string? token = null;
        do
        {
            (IEnumerable<T> items, token) = await Calls.RunAsync(what, Signal.Host, c => page(token, c), cancel);
            all.AddRange(items);
        }
        while (!string.IsNullOrEmpty(token));
        return all;
    }

    /// <inheritdoc/>
    public void Dispose() => _clients.ForEach(c => c.Dispose());

    private async Task DoneAsync(string what, Signal signal, Func<CancellationToken, Task<Operation>> ask, Func<string, CancellationToken, Task<Operation>> look, CancellationToken cancel)
    {
        Operation asked = await Calls.RunAsync(what, signal, ask, cancel);
        (bool done, Operation last) = asked.Status == "DONE" ? (true, asked)
            : await Calls.UntilAsync(t => Calls.RunAsync(what, signal, c => look(asked.Name, c), t), o => o.Status == "DONE", s_operationLimit, cancel);
        if (!done)
            throw new PlatformException(signal, FormattableString.Invariant($"gcp: could not {what}\n  wanted:  operation {asked.Name} done within {s_operationLimit.TotalMinutes:0} min\n  got:     {last.Status}"));
        if (GcpFault.Of(last) is { } refusal)
            throw Calls.Problem($"could not {what}", signal, refusal, null);
    }
}
