using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Refit;

namespace Kola.OpenStack;

/// <summary>Keystone v3, as far as it is needed.</summary>
internal interface IKeystone
{
    // Buffered, since keystone behind uwsgi takes no chunked bodies.
    [Post("/auth/tokens")]
    Task<ApiResponse<TokenAnswer>> LoginAsync([Body(buffered: true)] JsonObject login, CancellationToken cancel);
}

/// <summary>Nova, as far as it is needed.</summary>
[Headers("OpenStack-API-Version: compute 2.52", "X-OpenStack-Nova-API-Version: 2.52")]
internal interface INova
{
    [Get("/")]
    Task<JsonObject> VersionAsync(CancellationToken cancel);

    [Get("/flavors/detail")]
    Task<FlavorsAnswer> FlavorsAsync([Query] string? marker, CancellationToken cancel);

    [Get("/servers/detail")]
    Task<ServersAnswer> ServersAsync([Query] string? tags, [Query] string? name, [Query] string? marker, CancellationToken cancel);

    [Get("/servers/{id}")]
    Task<JsonObject> ServerAsync(string id, CancellationToken cancel);

    [Post("/servers")]
    Task<ServerAnswer> CreateServerAsync([Body(buffered: true)] JsonObject server, CancellationToken cancel);

    [Post("/servers/{id}/action")]
    Task ActAsync(string id, [Body(buffered: true)] JsonObject action, CancellationToken cancel);

    [Post("/servers/{id}/action")]
    Task<ConsoleAnswer> ConsoleAsync(string id, [Body(buffered: true)] JsonObject action, CancellationToken cancel);

    [Delete("/servers/{id}")]
    Task DeleteServerAsync(string id, CancellationToken cancel);

    [Get("/os-keypairs")]
    Task<KeyPairsAnswer> KeyPairsAsync([Query] string? marker, CancellationToken cancel);

    [Post("/os-keypairs")]
    Task CreateKeyPairAsync([Body(buffered: true)] JsonObject key, CancellationToken cancel);

    [Delete("/os-keypairs/{name}")]
    Task DeleteKeyPairAsync(string name, CancellationToken cancel);
}

/// <summary>Neutron, as far as it is needed.</summary>
internal interface INeutron
{
    [Get("/v2.0/networks")]
    Task<NetworksAnswer> NetworksAsync([Query] string? marker, [Query] int limit, CancellationToken cancel);

    [Get("/v2.0/security-groups")]
    Task<GroupsAnswer> GroupsAsync([Query] string? marker, [Query] int limit, CancellationToken cancel);

    [Post("/v2.0/security-groups")]
    Task<GroupAnswer> CreateGroupAsync([Body(buffered: true)] JsonObject group, CancellationToken cancel);

    [Post("/v2.0/security-group-rules")]
    Task CreateRuleAsync([Body(buffered: true)] JsonObject rule, CancellationToken cancel);

    [Delete("/v2.0/security-groups/{id}")]
    Task DeleteGroupAsync(string id, CancellationToken cancel);

    [Get("/v2.0/ports")]
    Task<PortsAnswer> PortsAsync([Query] string? name, [Query] string? marker, [Query] int limit, CancellationToken cancel);

    [Post("/v2.0/ports")]
    Task<PortAnswer> CreatePortAsync([Body(buffered: true)] JsonObject port, CancellationToken cancel);

    [Delete("/v2.0/ports/{id}")]
    Task DeletePortAsync(string id, CancellationToken cancel);

    [Get("/v2.0/floatingips")]
    Task<FloatingAnswers> FloatingAsync([Query, AliasAs("port_id")] string? port, [Query] string? marker, [Query] int limit, CancellationToken cancel);

    [Post("/v2.0/floatingips")]
    Task<FloatingAnswer> CreateFloatingAsync([Body(buffered: true)] JsonObject floating, CancellationToken cancel);

    [Delete("/v2.0/floatingips/{id}")]
    Task DeleteFloatingAsync(string id, CancellationToken cancel);
}

/// <summary>Glance, as far as it is needed. An image's properties stand beside what every image has.</summary>
internal interface IGlance
{
    [Get("/v2/images")]
    Task<ImagesAnswer> ImagesAsync([Query] string tag, [Query, AliasAs("os_hidden")] string hidden, [Query] string? marker, CancellationToken cancel);

    [Get("/v2/images/{id}")]
    Task<JsonObject> ImageAsync(string id, CancellationToken cancel);

    [Post("/v2/images")]
    Task<JsonObject> CreateImageAsync([Body(buffered: true)] JsonObject image, CancellationToken cancel);

    [Put("/v2/images/{id}/file")]
    [Headers("Content-Type: application/octet-stream")]
    Task UploadAsync(string id, [Body] Stream content, CancellationToken cancel);

    [Patch("/v2/images/{id}")]
    Task<JsonObject> ChangeImageAsync(string id, [Body] HttpContent changes, CancellationToken cancel);

    [Delete("/v2/images/{id}")]
    Task DeleteImageAsync(string id, CancellationToken cancel);
}

internal sealed record TokenAnswer(Token Token);

internal sealed record Token(DateTimeOffset ExpiresAt, IReadOnlyList<CatalogEntry>? Catalog);

internal sealed record CatalogEntry(string Type, IReadOnlyList<CatalogEndpoint> Endpoints);

internal sealed record CatalogEndpoint(string Interface, string? RegionId, string? Region, Uri Url);

internal sealed record FlavorsAnswer(IReadOnlyList<Flavor> Flavors, IReadOnlyList<Link>? FlavorsLinks);

internal sealed record Flavor(string Id, string Name, int Ram, int Vcpus, int Disk);

internal sealed record Link(string Rel);

internal sealed record ServersAnswer(IReadOnlyList<Server> Servers, IReadOnlyList<Link>? ServersLinks);

internal sealed record ServerAnswer(ServerId Server);

internal sealed record ServerId(string Id);

internal sealed record Server(string Id, string Name, string Status, IReadOnlyDictionary<string, string>? Metadata, IReadOnlyDictionary<string, IReadOnlyList<ServerAddress>>? Addresses, ServerFault? Fault);

internal sealed record ServerAddress(string Addr, int Version, [property: JsonPropertyName("OS-EXT-IPS:type")] string? Type);

internal sealed record ServerFault(int Code, string Message);

internal sealed record ConsoleAnswer(string? Output);

internal sealed record KeyPairsAnswer([property: JsonPropertyName("keypairs")] IReadOnlyList<KeyPairEntry> KeyPairs, [property: JsonPropertyName("keypairs_links")] IReadOnlyList<Link>? Links);

internal sealed record KeyPairEntry([property: JsonPropertyName("keypair")] KeyPair KeyPair);

internal sealed record KeyPair(string Name);

internal sealed record NetworksAnswer(IReadOnlyList<Network> Networks);

internal sealed record Network(string Id, string Name, [property: JsonPropertyName("router:external")] bool External);

internal sealed record GroupsAnswer(IReadOnlyList<Described> SecurityGroups);

internal sealed record GroupAnswer(Described SecurityGroup);

internal sealed record PortsAnswer(IReadOnlyList<Described> Ports);

internal sealed record PortAnswer(Described Port);

internal sealed record FloatingAnswers([property: JsonPropertyName("floatingips")] IReadOnlyList<Described> FloatingIps);

internal sealed record FloatingAnswer([property: JsonPropertyName("floatingip")] Described FloatingIp);

internal sealed record Described(string Id, string? Name, string? Description, string? FloatingIpAddress);

internal sealed record ImagesAnswer(IReadOnlyList<JsonObject> Images, string? Next);

/// <summary>How OpenStack writes JSON.</summary>
internal static class Wire
{
    /// <summary>For clients.</summary>
    internal static RefitSettings Settings { get; } = new(new SystemTextJsonContentSerializer(new JsonSerializerOptions(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower }));
}
