using System.Text.Json.Nodes;
using Refit;

namespace Kola.Azure;

/// <summary>Azure Resource Manager, as far as it is needed: resources by their path, in the version of their kind.</summary>
internal interface IResourceManager
{
    // The path is encoded as it is: its slashes part it.
    [Get("/{**path}")]
    Task<JsonObject> GetAsync(string path, [Query, AliasAs("api-version")] string version, CancellationToken cancel);

    [Get("/{**path}")]
    Task<JsonObject> GetExpandedAsync(string path, [Query, AliasAs("api-version")] string version, [Query, AliasAs("$expand")] string expand, CancellationToken cancel);

    [Get("/{**path}")]
    Task<JsonObject> PageAsync(string path, [Query, AliasAs("api-version")] string version, [Query, AliasAs("$skiptoken")] string? skip, CancellationToken cancel);

    [Put("/{**path}")]
    Task<JsonObject> PutAsync(string path, [Query, AliasAs("api-version")] string version, [Body(buffered: true)] JsonObject resource, CancellationToken cancel);

    [Patch("/{**path}")]
    Task<JsonObject> PatchAsync(string path, [Query, AliasAs("api-version")] string version, [Body(buffered: true)] JsonObject changes, CancellationToken cancel);

    [Post("/{**path}")]
    Task<IApiResponse> ActAsync(string path, [Query, AliasAs("api-version")] string version, CancellationToken cancel);

    [Post("/{**path}")]
    Task<IApiResponse> PowerOffAsync(string path, [Query, AliasAs("api-version")] string version, [Query] string skipShutdown, CancellationToken cancel);

    [Post("/{**path}")]
    Task<JsonObject> DiagnosticsAsync(string path, [Query, AliasAs("api-version")] string version, CancellationToken cancel);

    [Delete("/{**path}")]
    Task DeleteAsync(string path, [Query, AliasAs("api-version")] string version, CancellationToken cancel);
}
