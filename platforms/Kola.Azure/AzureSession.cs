using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Identity;
using Kola.Clouds;
using Kola.Platforms;
using Refit;

namespace Kola.Azure;

/// <summary>The client of one subscription, with a token that is renewed before it ends.</summary>
internal sealed class AzureSession : IDisposable
{
    /// <summary>Version of Microsoft.Compute's resources.</summary>
    internal const string Compute = "2024-03-01";

    /// <summary>Version of Microsoft.Network's resources.</summary>
    internal const string Network = "2023-09-01";

    /// <summary>Version of resource groups.</summary>
    internal const string Groups = "2021-04-01";

    private const string Scope = "https://management.azure.com/.default";
    private static readonly TimeSpan s_early = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_requestLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_settled = TimeSpan.FromMinutes(20);

    private readonly HttpClient _client;
    private readonly HttpClient _logs;
    private readonly TimeProvider _clock;
    private readonly string? _given;
    private readonly SemaphoreSlim _turn = new(1);
    private AccessToken _token;

    internal AzureSession(AzureOptions options, PlatformAccess access)
    {
        Options = options;
        _clock = access.Clock;
        _given = access.Environment("AZURE_ACCESS_TOKEN") is { Length: > 0 } given ? given : null;
        Credential = new DefaultAzureCredential();
        Calls = new CloudCalls(AzureDriver.PlatformName, access.Clock, AzureFault.Read, r => r.Kind switch
        {
            RefusalKind.Credentials => "az login, or AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET; docs/platforms/azure.md says which role is needed",
            RefusalKind.NoCapacity => "give other zones or another size: --azure-zone, --azure-size",
            _ => null,
        });
        var handler = new PatientHandler(access.Clock, new TokenHandler(TokenAsync, (request, token) => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token), Wires()));
        _client = new HttpClient(handler) { BaseAddress = options.Endpoint, Timeout = s_requestLimit };
        _logs = new HttpClient(Wires()) { Timeout = s_requestLimit };
        Arm = RestService.For<IResourceManager>(_client);
    }

    /// <summary>What the person said.</summary>
    internal AzureOptions Options { get; }

    /// <summary>How calls are made.</summary>
    internal CloudCalls Calls { get; }

    /// <summary>All resources.</summary>
    internal IResourceManager Arm { get; }

    /// <summary>For blobs.</summary>
    internal TokenCredential Credential { get; }

    /// <summary>Path of a resource group.</summary>
    internal string GroupPath(string group) => $"subscriptions/{Options.Subscription}/resourcegroups/{group}";

    /// <summary>Path of a resource, or of all of a kind: <c>Microsoft.Network/virtualNetworks</c>.</summary>
    internal string PathOf(string group, string kind, string name = "") => $"subscriptions/{Options.Subscription}/resourceGroups/{group}/providers/{kind}{(name.Length > 0 ? "/" : "")}{name}";

    /// <summary>Makes a resource and waits until it is there.</summary>
    internal async Task<JsonObject> MakeAsync(string what, Signal signal, string path, string version, JsonObject resource, CancellationToken cancel)
    {
        JsonObject asked = await Calls.RunAsync(what, signal, c => Arm.PutAsync(path, version, resource, c), cancel);
        if (StateOf(asked) is "Succeeded" or "")
            return asked;
        (_, JsonObject last) = await Calls.UntilAsync(t => Calls.RunAsync(what, signal, c => Arm.GetAsync(path, version, c), t), r => StateOf(r) is "Succeeded" or "Failed" or "Canceled", s_settled, cancel);
        return StateOf(last) == "Succeeded" ? last : throw new PlatformException(signal, FormattableString.Invariant($"azure: could not {what}\n  wanted:  state Succeeded within {s_settled.TotalMinutes:0} min\n  got:     {StateOf(last)}"));
    }

    /// <summary>Has a machine restarted, stopped or started and waits until that is done: until then it is told to be as it was.</summary>
    internal async Task ActAsync(string what, Signal signal, Func<CancellationToken, Task<IApiResponse>> act, CancellationToken cancel)
    {
        Uri? operation = await Calls.RunAsync(what, signal, async c =>
        {
            using IApiResponse answer = await act(c);
            await answer.EnsureSuccessStatusCodeAsync();
            // Azure-AsyncOperation: https://management.azure.com/subscriptions/…/operations/…?api-version=2024-03-01&t=…
            return answer.Headers?.TryGetValues("Azure-AsyncOperation", out IEnumerable<string>? values) == true ? new Uri(values.First()) : null;
        }, cancel);
        // The token is for nobody else.
        if (operation is null || operation.Host != Options.Endpoint.Host)
            return;
        (_, JsonObject last) = await Calls.UntilAsync(t => Calls.RunAsync(what, signal, c => ReadAsync(operation, c), t), o => o["status"]?.ToString() is "Succeeded" or "Failed" or "Canceled", s_settled, cancel);
        string status = last["status"]?.ToString() ?? "";
        if (status != "Succeeded")
            throw Calls.Problem($"could not {what}", signal, AzureFault.Of(last["error"]?["code"]?.ToString() ?? status, last["error"]?["message"]?.ToString() ?? FormattableString.Invariant($"{status} after {s_settled.TotalMinutes:0} min at most")), null);
    }

    /// <summary>Deletes a resource and waits until it is gone.</summary>
    internal async Task DeleteAsync(string what, Signal signal, string path, string version, CancellationToken cancel)
    {
        await Calls.DeleteAsync(what, signal, c => Arm.DeleteAsync(path, version, c), s_settled, cancel);
        (bool gone, string last) = await Calls.UntilAsync(async t =>
        {
            try
            {
                return StateOf(await Calls.RunAsync(what, signal, c => Arm.GetAsync(path, version, c), t));
            }
            catch (PlatformException none) when (Refusal.Is(none, RefusalKind.NotFound))
            {
                return "gone";
            }
        }, state => state == "gone", s_settled, cancel);
        if (!gone)
            throw new PlatformException(signal, FormattableString.Invariant($"azure: could not {what}\n  wanted:  gone within {s_settled.TotalMinutes:0} min\n  got:     {last}"));
    }

    /// <summary>All of a list, page by page.</summary>
    internal async Task<IReadOnlyList<JsonObject>> AllAsync(string what, string path, string version, CancellationToken cancel)
    {
        var all = new List<JsonObject>();
        string? skip = null;
        do
        {
            JsonObject page = await Calls.RunAsync(what, Signal.Host, c => Arm.PageAsync(path, version, skip, c), cancel);
            all.AddRange((page["value"]?.AsArray() ?? []).Select(v => v!.AsObject()));
            // https://management.azure.com/subscriptions/…?api-version=2021-04-01&$skiptoken=abc
            string[] parts = (page["nextLink"]?.ToString() ?? "").Split(["$skiptoken=", "%24skiptoken="], StringSplitOptions.None);
            skip = parts.Length > 1 ? Uri.UnescapeDataString(parts[1].Split('&')[0]) : null;
        }
        while (skip is not null);
        return all;
    }

    /// <summary>The text behind a URL that needs no token.</summary>
    internal Task<string> LogAsync(Uri url, CancellationToken cancel) => Calls.RunAsync("read a console", Signal.Emulator, c => _logs.GetStringAsync(url, c), cancel);

    /// <summary>Tags of a resource; empty when it has none.</summary>
    internal static ResourceTags? TagsOf(JsonObject resource) => ResourceTags.Of((resource["tags"] as JsonObject ?? []).ToDictionary(p => p.Key, p => p.Value?.ToString() ?? ""));

    /// <summary>Tags as a resource carries them.</summary>
    internal static JsonObject TagsFor(ResourceTags tags)
    {
        var all = new JsonObject();
        foreach ((string key, string value) in tags.ToPairs())
            all[key] = value;
        return all;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _logs.Dispose();
    }

    private async Task<JsonObject> ReadAsync(Uri operation, CancellationToken cancel)
    {
        using HttpResponseMessage answer = await _client.GetAsync(operation, cancel);
        string content = await answer.Content.ReadAsStringAsync(cancel);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(content)!.AsObject() : throw new RefusedException(AzureFault.Of(answer.StatusCode, content));
    }

    private static string StateOf(JsonObject resource) => resource["properties"]?["provisioningState"]?.ToString() ?? "";

    private static SocketsHttpHandler Wires() => new() { PooledConnectionLifetime = TimeSpan.FromMinutes(5) };

    private async Task<string> TokenAsync(bool refused, CancellationToken cancel)
    {
        if (_given is not null)
            return _given;
        await _turn.WaitAsync(cancel);
        try
        {
            if (refused || _token.ExpiresOn - _clock.GetUtcNow() < s_early)
                _token = await Credential.GetTokenAsync(new TokenRequestContext([Scope]), cancel);
            return _token.Token;
        }
        finally
        {
            _turn.Release();
        }
    }
}
